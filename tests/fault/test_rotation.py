"""Passwords of the database and of Valkey that come from files and are changed while processes run."""
import contextlib
import os
import re

import psycopg2
import pytest

import services
from services import SECRETS, wait_for

OLD, NEW = "old p@ss/w%41rd'\\", "new+&=?#\"word é"
USER = "rotating"


@contextlib.contextmanager
def password_user(postgres):
    """Creates a user that the server asks for a password."""
    path = postgres.data + "/pg_hba.conf"
    with open(path) as f:
        before = f.read()
    with open(path, "w") as f:
        f.write("host all %s all scram-sha-256\n%s" % (USER, before))
    db = postgres.connect("postgres")
    try:
        with db.cursor() as c:
            c.execute("SELECT pg_reload_conf()")
            c.execute("CREATE ROLE %s LOGIN SUPERUSER PASSWORD %%s" % USER, [OLD])
            yield c
            c.execute("DROP ROLE " + USER)
    finally:
        with open(path, "w") as f:
            f.write(before)
        with db.cursor() as c:
            c.execute("SELECT pg_reload_conf()")
        db.close()


def end_sessions(c):
    """Closes the user's connections; those that are open do not notice a new password."""
    c.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = %s", [USER])


def text(a):
    with open(a.log_path, errors="replace") as f:
        return f.read()


def runs(world, job):
    return world.rows("SELECT count(*) FROM wanzami.job_run WHERE name = %s AND outcome = 'ok'", [job])[0][0]


@pytest.mark.errors("job failed", "job could not be started", "lease", "database")
def test_a_changed_password_of_the_database_is_read_from_its_file(world, tmp_path):
    file = tmp_path / "database-password"
    file.write_text(OLD + "\n")
    with password_user(world.postgres) as c:
        url = world.env["DATABASE_URL"].replace("postgres@", USER + "@")
        env = {**world.env, "DATABASE_URL": url, "DATABASE_PASSWORD_FILE": str(file)}
        a = world.start(DATABASE_URL=url, DATABASE_PASSWORD_FILE=str(file), MAIL_CRON="* * * * * *", WORKERS=1)
        try:
            wait_for(lambda: a.get("/health/ready").status_code == 200, "the process to be ready")
            wait_for(lambda: runs(world, "mail") > 0, "a run of the job")

            c.execute("ALTER ROLE %s PASSWORD %%s" % USER, [NEW])
            end_sessions(c)
            wait_for(lambda: "password authentication failed" in text(a), "a refused connection")
            wait_for(lambda: a.get("/health/ready").status_code == 503, "the process to be not ready")

            file.write_text(NEW + "\r\n")
            wait_for(lambda: a.get("/health/ready").status_code == 200, "the process to be ready with the new password")
            before = runs(world, "mail")
            wait_for(lambda: runs(world, "mail") > before, "a run of the job with the new password")
            env["PORT"] = a.port
            for words in (["migrate"], ["status"], ["job", "run", "popularity"], ["admin", "create", "--email", "ada@example.com", "--name", "Ada"]):
                r = services.run(*words, **env)
                assert r.returncode == 0, (words, r.stdout, r.stderr)
            printed = services.run("database", "url", "--libpq", **env).stdout.strip()
            psycopg2.connect(printed).close()
            file.write_text(OLD)
            for words in (["migrate"], ["admin", "create", "--email", "bob@example.com", "--name", "Bob"]):
                r = services.run(*words, **env)
                assert r.returncode == 1 and "password authentication failed" in r.stdout + r.stderr, (words, r.stdout, r.stderr)
        finally:
            a.kill()
            end_sessions(c)
        assert OLD not in text(a) and NEW not in text(a) and not a.deaths()


@pytest.mark.errors("valkey refuses the user or password", "the password of valkey cannot be read")
def test_a_changed_password_of_valkey_is_read_from_its_file(world, tmp_path):
    file = tmp_path / "valkey-password"
    file.write_text(OLD + "\n")
    kv = world.keyvalue
    kv.command("ACL", "SETUSER", "wz", "on", ">" + OLD, "~wanzami:{q}:*", "+@all")
    kv.command("ACL", "SETUSER", "default", "nopass")

    def state(a):
        return a.get("/health/ready").json()["valkey"]["state"]
    try:
        url = kv.url.replace("redis://", "redis://wz@")
        a = world.start(roles="api,transcode", REDIS_URL=url, REDIS_PASSWORD_FILE=str(file), WORKERS=1)
        wait_for(lambda: state(a) == "up", "Valkey to be up")
        kv.command("ACL", "SETUSER", "wz", "resetpass", ">" + NEW)
        kv.command("CLIENT", "KILL", "USER", "wz")
        wait_for(lambda: "refuses the user or password" in text(a), "a refused connection")
        assert state(a) == "down"
        file.write_text(NEW)
        wait_for(lambda: state(a) == "up", "Valkey to be up with the new password")
        doctor = services.run("doctor", **{**world.env, "REDIS_URL": url, "REDIS_PASSWORD_FILE": str(file)})
        assert re.search(r"ok +valkey", doctor.stdout), doctor.stdout
        assert OLD not in text(a) and NEW not in text(a)
        os.unlink(file)
        kv.command("CLIENT", "KILL", "USER", "wz")
        wait_for(lambda: "REDIS_PASSWORD_FILE %s: No such file or directory" % file in text(a), "the missing file in the log")
        assert a.get("/health").status_code == 200
    finally:
        kv.kill()


@pytest.mark.parametrize("content, says", [(None, "No such file or directory"), ("", "the first line is empty"), ("\nsecond", "the first line is empty"),
                                           ("x" * 600, "too long")])
@pytest.mark.parametrize("variable", ["DATABASE_PASSWORD_FILE", "REDIS_PASSWORD_FILE"])
def test_a_file_without_a_password_prevents_the_start_with_one_line(tmp_path, variable, content, says):
    file = tmp_path / "password"
    if content is not None:
        file.write_text(content)
    r = services.run(**{**SECRETS, "DATABASE_URL": "postgresql://u@127.0.0.1:1/x", "MEDIA_DIR": str(tmp_path), variable: str(file)})
    assert r.returncode == 1 and r.stderr.startswith("wanzami: %s %s: " % (variable, file)) and says in r.stderr and r.stderr.count("\n") == 1, r.stderr
    assert "xxx" not in r.stderr
