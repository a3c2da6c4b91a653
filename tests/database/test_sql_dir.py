"""SQL_DIR: statements and functions of a folder replace those in the binary."""
import os
import shutil

import pytest
import requests

from conftest import ROOT, SECRETS, run, wait_for

STATEMENT = "query/titles/episodes.sql"
FUNCTION = "functions/values/greeting.sql"


@pytest.fixture
def tree(tmp_path):
    path = tmp_path / "sql"
    shutil.copytree(os.path.join(ROOT, "sql"), path)
    return path


@pytest.fixture
def env(tree, postgres, keyvalue):
    url, db = postgres.create_migrated()
    yield {**SECRETS, "DATABASE_URL": url, "REDIS_URL": keyvalue.url, "SQL_DIR": str(tree)}
    db.close()


def write(path, text):
    """Replaces a file as most editors do: at no time is it empty or incomplete."""
    path.with_suffix(".new").write_text(text)
    os.replace(path.with_suffix(".new"), path)


def answers(a):
    """Returns the responses of several connections, which reach both workers as a rule."""
    return {requests.get(a.url + "/api/titles/1/episodes", timeout=30, headers={"Connection": "close"}).text for _ in range(10)}


def read_again(a):
    return [line["statement"] for line in a.log_lines() if line["msg"] == "statement read again"]


def test_a_changed_statement_is_reloaded(appliance, env, tree):
    a = appliance(roles="api", WORKERS=2, **env).wait_healthy()
    assert answers(a) == {'{"episodes":[]}'}
    for n, key in enumerate(("first", "second", "third"), 1):
        write(tree / STATEMENT, """SELECT 200 AS status, '{"%s":[]}' AS body FROM (SELECT $1, $2) unused""" % key)
        wait_for(lambda: answers(a) == {'{"%s":[]}' % key} and len(read_again(a)) == 2 * n, "the statement with %s in both workers" % key)
    assert set(read_again(a)) == {"titles/episodes.sql"}
    (tree / STATEMENT).unlink()
    assert answers(a) == {'{"third":[]}'}
    assert a.deaths() == [] and a.stop() == 0


def test_a_changed_function_is_applied(appliance, env, tree):
    a = appliance(roles="api", WORKERS=1, **env).wait_healthy()
    write(tree / STATEMENT, "SELECT 200 AS status, to_json(wanzami.greeting())::text AS body FROM (SELECT $1, $2) unused")
    for word in ("hello", "good day"):
        write(tree / FUNCTION, "CREATE OR REPLACE FUNCTION wanzami.greeting() RETURNS text LANGUAGE sql AS $$ SELECT '%s' $$;\n" % word)
        r = run("migrate", **env)
        assert r.returncode == 0 and '"msg":"functions applied","count":1' in r.stdout + r.stderr
        assert answers(a) == {'"%s"' % word}


@pytest.mark.parametrize("command", [[], ["migrate"]])
def test_production_refuses_sql_dir(env, command):
    r = run(*command, **{**env, "WANZAMI_ENV": "production"})
    assert r.returncode == 1
    assert r.stderr == "wanzami: SQL_DIR is set and WANZAMI_ENV is production, which only runs the SQL in the binary; unset SQL_DIR\n"


def test_an_incomplete_folder_is_refused(env, tree):
    (tree / "query/guard.sql").unlink()
    r = run("migrate", **env)
    assert (r.returncode, r.stderr) == (1, "wanzami: SQL_DIR: cannot read query/guard.sql in the folder %s: No such file or directory\n" % tree)
    r = run("migrate", **{**env, "SQL_DIR": str(tree / "none")})
    assert (r.returncode, r.stderr) == (1, "wanzami: SQL_DIR: cannot read the folder %s: No such file or directory\n" % (tree / "none"))
