"""The functions, views and triggers of sql/functions: applied when they change, in any order, and compatible with a process of the previous
release."""
import json
import os
import re

import psycopg2
import pytest

import past
from conftest import ROOT, run
from past import rows

FUNCTIONS = past.below(past.present(), "sql/functions/")


@pytest.fixture
def migrated(postgres):
    url, db = postgres.create_migrated()
    yield url, db
    db.close()


# The files

@pytest.mark.parametrize("path", sorted(FUNCTIONS))
def test_a_file_has_one_object_of_its_name(path):
    made = re.findall(r"^CREATE OR REPLACE (FUNCTION|VIEW|TRIGGER) (?:wanzami\.)?(\w+)", FUNCTIONS[path], re.M)
    assert [name for _, name in made] == [os.path.basename(path)[:-4]]
    assert (made[0][0] == "TRIGGER") == path.startswith("triggers/")
    assert FUNCTIONS[path].startswith("-- ") and re.findall(r"^CREATE|^DROP|^ALTER", FUNCTIONS[path], re.M) == ["CREATE"]


def test_the_database_has_exactly_the_objects_of_the_files(migrated):
    _, db = migrated
    assert {r[0] for r in rows(db, "SELECT file FROM wanzami.routine")} == set(FUNCTIONS)
    assert rows(db, """SELECT proname FROM pg_proc WHERE pronamespace = 'wanzami'::regnamespace
        AND 'FUNCTION ' || oid::regprocedure NOT IN (SELECT object FROM wanzami.routine)""") == []


def test_the_files_alone_create_the_same_database(migrated, postgres):
    _, db = postgres.create()
    past.install(db, past.present())
    assert past.shape(db) == past.shape(migrated[1])
    db.close()


# `migrate` and the database

SIGNATURES = "SELECT oid::regprocedure::text FROM pg_proc WHERE pronamespace = 'wanzami'::regnamespace AND proname = '%s' ORDER BY 1"


def test_only_changed_files_are_applied(migrated):
    url, db = migrated
    before = past.shape(db)
    rows(db, """CREATE OR REPLACE FUNCTION wanzami.trim(value text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT value';
        UPDATE wanzami.routine SET sha256 = 'of another text' WHERE file = 'values/trim.sql'""")
    r = run("migrate", DATABASE_URL=url)
    assert r.returncode == 0 and [(line["msg"], line.get("count")) for line in map(json.loads, r.stdout.splitlines())] == [("functions applied", 1)], r.stdout
    assert past.shape(db) == before


def test_an_old_signature_is_dropped_after_a_change_of_parameters(migrated):
    """The new function takes the calls of the old one."""
    url, db = migrated
    before = past.shape(db)
    rows(db, """DROP FUNCTION wanzami.trim(text);
        CREATE FUNCTION wanzami.trim(value text, extra int) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT value';
        UPDATE wanzami.routine SET sha256 = 'of another text', object = 'FUNCTION wanzami."trim"(text,integer)' WHERE file = 'values/trim.sql'""")
    assert run("migrate", DATABASE_URL=url).returncode == 0
    assert rows(db, SIGNATURES % "trim") == [('wanzami."trim"(text)',)]
    assert past.shape(db) == before


def test_a_function_without_a_file_is_dropped_by_the_next_release(migrated):
    url, db = migrated
    rows(db, """CREATE FUNCTION wanzami.former(a int) RETURNS int LANGUAGE sql AS 'SELECT a';
        INSERT INTO wanzami.routine (object, file, sha256, release) VALUES ('FUNCTION wanzami.former(integer)', 'values/former.sql', 'x', '0.0.9')""")
    assert run("migrate", DATABASE_URL=url).returncode == 0
    assert rows(db, "SELECT wanzami.former(7)") == [(7,)]
    rows(db, "UPDATE wanzami.routine SET retired_by = '0.0.9' WHERE retired_by IS NOT NULL")
    assert run("migrate", DATABASE_URL=url).returncode == 0
    assert rows(db, SIGNATURES % "former") == []


def test_an_older_program_does_not_change_the_functions_of_a_newer_release(migrated):
    """When an old task starts during a deployment or after a rollback, it must not restore its own functions."""
    url, db = migrated
    for sign in ("UPDATE wanzami.routine SET release = '1000.0.0' WHERE file = 'values/trim.sql'",
                 "UPDATE wanzami.routine SET release = '0.1.0'; INSERT INTO wanzami.migration (name, sha256) VALUES ('9999_later.sql', 'x')"):
        rows(db, sign)
        rows(db, "UPDATE wanzami.routine SET sha256 = 'of the newer one' WHERE file = 'values/trim.sql'")
        r = run("migrate", DATABASE_URL=url)
        assert r.returncode == 0 and "belongs to a newer release" in r.stdout and len(r.stdout.splitlines()) == 1
        assert rows(db, "SELECT sha256 FROM wanzami.routine WHERE file = 'values/trim.sql'") == [("of the newer one",)]


def test_a_changed_migration_stops_migrate(migrated):
    url, db = migrated
    rows(db, """UPDATE wanzami.migration SET sha256 = repeat('0', 64) WHERE name = '0002_indexes.sql';
        UPDATE wanzami.routine SET sha256 = 'stale' WHERE file = 'values/trim.sql'""")
    r = run("migrate", DATABASE_URL=url)
    assert r.returncode == 1
    line = json.loads(r.stdout)
    assert line["msg"] == "migrate failed" and line["error"].startswith("0002_indexes.sql has changed since it was applied on 20")
    assert "Restore the file, and put the change into a new migration." in line["error"]
    assert rows(db, "SELECT sha256 FROM wanzami.routine WHERE file = 'values/trim.sql'") == [("stale",)]


# The SQL of `migrate` with the test's own files

class Session:
    """A session of `migrate` without its program: sql/migrate.sql."""

    def __init__(self, db):
        self.db = db
        with open(os.path.join(ROOT, "sql", "migrate.sql")) as f:
            rows(db, "SET client_min_messages = warning;" + f.read())

    def routines(self, release="2.0.0", migrated=True, **files):
        tree = json.dumps([{"name": "x/%s.sql" % name, "text": text} for name, text in files.items()])
        try:
            rows(self.db, "BEGIN")
            ((applied,),) = rows(self.db, "SELECT pg_temp.routines(%s, %s, %s)", (tree, release, migrated))
            rows(self.db, "COMMIT")
            return applied
        except psycopg2.Error as error:
            rows(self.db, "ROLLBACK")
            return str(error).splitlines()[0]

    def pending(self, **files):
        return rows(self.db, "SELECT name, concurrent, content FROM pg_temp.migrations_pending(%s)",
                    (json.dumps([{"name": name, "text": text} for name, text in files.items()]),))

    def index(self, sql):
        return rows(self.db, "SELECT name, first, run FROM pg_temp.index_plan(%s)", (sql,))[0]


@pytest.fixture
def session(postgres):
    _, db = postgres.create()
    yield Session(db)
    db.close()


def function(name, parameters, body, result="int"):
    return "-- One.\nCREATE OR REPLACE FUNCTION wanzami.%s(%s) RETURNS %s LANGUAGE sql AS $$\n\t%s\n$$;\n" % (name, parameters, result, body)


def test_functions_may_be_in_any_order(session):
    """Functions that call later ones and each other, a default, views on functions and on views."""
    files = {"a": function("a", "n int", "SELECT CASE WHEN n > 0 THEN wanzami.z(n - 1) ELSE 7 END"), "z": function("z", "n int", "SELECT wanzami.a(n)"),
             "b": function("b", "n int DEFAULT wanzami.y()", "SELECT n"), "y": function("y", "", "SELECT 5"),
             "c": "CREATE OR REPLACE VIEW wanzami.c AS SELECT n + 1 AS n FROM wanzami.x;\n", "x": "CREATE OR REPLACE VIEW wanzami.x AS SELECT wanzami.y() AS n;\n"}
    assert session.routines(**files) == 6
    assert rows(session.db, "SELECT wanzami.a(3), wanzami.b(), (SELECT n FROM wanzami.c)") == [(7, 5, 6)]
    assert session.routines(**files) == 0


def test_an_invalid_body_is_refused_when_it_is_applied(session):
    rows(session.db, "CREATE TABLE t (a int)")
    files = {"f": function("f", "", "SELECT a FROM t")}
    assert session.routines(**files) == 1
    assert session.routines(**files, g=function("g", "", "SELECT nowhere FROM t")) == 'x/g.sql: column "nowhere" does not exist'
    assert session.routines(**files, g=function("g", "", "SELECT nothing()")) == "x/g.sql: function nothing() does not exist"
    rows(session.db, "ALTER TABLE t RENAME a TO b")
    assert session.routines(**files) == 'x/f.sql: column "a" does not exist'
    assert session.routines(v="CREATE OR REPLACE VIEW wanzami.v AS SELECT * FROM missing;") == 'x/v.sql: relation "missing" does not exist'
    assert rows(session.db, SIGNATURES % "g") == []


def test_a_trigger_is_replaced_and_later_dropped(session):
    rows(session.db, "CREATE TABLE wanzami.t (a int)")
    body = "CREATE OR REPLACE FUNCTION wanzami.fired() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN new.a := new.a + %d; RETURN new; END $$;\n"
    trigger = "CREATE OR REPLACE TRIGGER tick BEFORE INSERT ON wanzami.t\n\tFOR EACH ROW EXECUTE FUNCTION wanzami.fired();\n"
    assert session.routines(**{"fired": body % 1, "a_tick": trigger}) == 2
    assert session.routines(**{"fired": body % 10, "a_tick": trigger}) == 1
    assert rows(session.db, "INSERT INTO wanzami.t VALUES (1) RETURNING a") == [(11,)]
    assert session.routines("2.1.0") == 0
    assert rows(session.db, "INSERT INTO wanzami.t VALUES (1) RETURNING a") == [(11,)]
    assert session.routines("2.2.0") == 0
    assert rows(session.db, "INSERT INTO wanzami.t VALUES (1) RETURNING a") == [(1,)]
    assert rows(session.db, SIGNATURES % "fired") == []


def test_parameters_may_change_and_the_result_type_may_not(session):
    assert session.routines(f=function("f", "a int", "SELECT a")) == 1
    assert session.routines(f=function("f", "renamed int", "SELECT renamed + 1")) == 1
    assert session.routines(f=function("f", "renamed int, more int DEFAULT 10", "SELECT renamed + more")) == 1
    assert rows(session.db, SIGNATURES % "f") == [("wanzami.f(integer,integer)",)]
    assert rows(session.db, "SELECT wanzami.f(1)") == [(11,)]
    assert session.routines(f=function("f", "renamed int, more int DEFAULT 10", "SELECT 'x'", "text")) == "x/f.sql: cannot change return type of existing function"


def test_an_enum_label_added_in_the_same_transaction_may_be_used(session):
    rows(session.db, "CREATE TYPE mood AS ENUM ('sad')")
    rows(session.db, "BEGIN; ALTER TYPE mood ADD VALUE 'happy'")
    assert session.routines(f=function("f", "m mood", "SELECT CASE m WHEN 'happy' THEN 1 ELSE 0 END")) == 1
    assert rows(session.db, "SELECT wanzami.f('happy')") == [(1,)]


def test_indexes_are_concurrent_unless_the_database_is_empty(session):
    sql = "CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON wanzami.t (a);\n"
    assert session.pending(**{"0001": "CREATE TABLE x ()", "0002": sql}) == [
        ("0001", False, "CREATE TABLE x ()"), ("0002", False, sql.replace(" CONCURRENTLY", ""))]
    rows(session.db, "INSERT INTO wanzami.migration (name) VALUES ('before')")
    assert session.pending(**{"0001": "CREATE TABLE x ()", "0002": sql}) == [("0001", False, "CREATE TABLE x ()"), ("0002", True, sql)]


def test_the_state_of_an_index_decides_what_is_done(session):
    rows(session.db, """CREATE TABLE t (a int, "bC" int); CREATE INDEX other ON t ("a", "bC"); CREATE INDEX part ON t (a) WHERE a > 0; CREATE INDEX there ON t (a DESC)""")
    sql = '-- Why.\nCREATE %sINDEX CONCURRENTLY IF NOT EXISTS %s ON t ("a", "bC")'
    assert session.index(sql % ("", "i")) == ("i", None, False)
    assert session.index(sql % ("UNIQUE ", "i")) == ("i", None, True)
    assert session.index('CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON t ("a")') == ("i", None, True)
    assert session.index("CREATE INDEX CONCURRENTLY IF NOT EXISTS there ON t (a DESC)") == ("there", None, False)
    rows(session.db, "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'there'::regclass")
    assert session.index("CREATE INDEX CONCURRENTLY IF NOT EXISTS there ON t (a DESC)") == ("there", "DROP INDEX CONCURRENTLY there", True)
    assert session.index("DROP INDEX CONCURRENTLY IF EXISTS there") == ("there", None, True)
    with pytest.raises(psycopg2.errors.RaiseException, match="may only have the statements"):
        session.index("ALTER TABLE t ADD c int")


# The previous release beside this one

def explain(db, names):
    """Plans every prepared statement again; returns the names and errors of those that this release has broken."""
    broken = {}
    for number, name in enumerate(names):
        takes = rows(db, "SELECT cardinality(parameter_types) FROM pg_prepared_statements WHERE name = 's%d'" % number)[0][0]
        try:
            rows(db, "EXPLAIN EXECUTE s%d%s" % (number, "(%s)" % ", ".join(["NULL"] * takes) if takes else ""))
        except psycopg2.Error as error:
            broken[name] = str(error).splitlines()[0]
    return broken


def prepare(db, statements):
    """Prepares as src/store/pg.c does: statements of routes take the request and the body as jsonb, the server infers other types."""
    for number, sql in enumerate(statements.values()):
        try:
            rows(db, "PREPARE s%d AS %s" % (number, sql))
        except (psycopg2.errors.AmbiguousFunction, psycopg2.errors.IndeterminateDatatype):
            rows(db, "PREPARE s%d (jsonb, jsonb) AS %s" % (number, sql))


def test_statements_of_the_previous_release_still_work(postgres):
    """For a process that has prepared its statements before `migrate`, and one that prepares them after it."""
    url, db = postgres.create()
    files = past.previous()
    query = past.below(files, "sql/query/")
    statements = past.statements(query)
    temporary = [sql.replace(" ON COMMIT DROP", "") for sql in past.statements(query, "CREATE TEMPORARY TABLE").values()]
    assert len(statements) > 290
    past.install(db, files)
    for sql in temporary:
        rows(db, sql)
    prepare(db, statements)
    assert explain(db, statements) == {}
    assert run("migrate", DATABASE_URL=url).returncode == 0
    assert explain(db, statements) == {}
    later = postgres.connect(url.rsplit("/", 1)[1])
    for sql in temporary:
        rows(later, sql)
    prepare(later, statements)
    assert explain(later, statements) == {}
    rows(db, "DROP FUNCTION wanzami.iso(timestamp)")
    assert len(explain(db, statements)) > 10
    later.close()
    db.close()
