"""SQL of earlier releases, and the comparison of a database's contents before and after a migration. tests/data holds two archives:

past-schema.tar.xz       sql/schema of commits before hashes were recorded, as COMMIT/schema/NAME.sql: one commit for each form of the
                         tables, and the last one. tests/tools/schema_history.py checks every commit of the history instead.
previous-release.tar.xz  sql/ of the previous release, created by `git archive COMMIT sql | xz -9e`."""
import glob
import json
import os
import re
import tarfile

import psycopg2

from services import ROOT

DATA = os.path.join(ROOT, "tests", "data")


def archive(name):
    """Returns the files of an archive by path."""
    with tarfile.open(os.path.join(DATA, name + ".tar.xz"), "r:xz") as tar:
        return {m.name: tar.extractfile(m).read().decode() for m in tar if m.isfile()}


def below(files, folder):
    """Returns the files of a folder by their path in it, sorted."""
    return {path[len(folder):]: text for path, text in sorted(files.items()) if path.startswith(folder)}


def commits():
    """Returns the files of sql/schema for each commit of past-schema.tar.xz."""
    files = archive("past-schema")
    return {c: below(files, c + "/schema/") for c in sorted({path.split("/")[0] for path in files})}


def previous():
    """Returns the files of the previous release by path."""
    return archive("previous-release")


def present():
    """Returns the files of this release by path."""
    paths = glob.glob("sql/**/*.sql", root_dir=ROOT, recursive=True)
    return {path: open(os.path.join(ROOT, path)).read() for path in paths}


def statements(files, words="SELECT|INSERT|UPDATE|DELETE|WITH"):
    """Returns the SQL commands of sql/query files that begin with one of the words. Each command ends with a semicolon at the end of a line."""
    return {"%s %d" % (name, n): s for name, text in files.items() for n, s in enumerate(text.rstrip().removesuffix(";").split(";\n"), 1)
            if re.match(r"(--.*\n|\s)*(%s)\b" % words, s)}


def apply(db, files):
    """Applies the files as `wanzami migrate` did before hashes were recorded. Stops at the first file that fails; returns its name and the
    error."""
    with db.cursor() as c:
        c.execute("""SET client_min_messages = warning; SET TimeZone = 'UTC'; CREATE SCHEMA IF NOT EXISTS wanzami;
            CREATE TABLE IF NOT EXISTS wanzami.migration (name text PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())""")
        for name, text in sorted(files.items()):
            c.execute("SELECT 1 FROM wanzami.migration WHERE name = %s", (name,))
            if c.fetchone():
                continue
            try:
                c.execute("BEGIN")
                c.execute(text)
                c.execute("INSERT INTO wanzami.migration (name) VALUES (%s)", (name,))
                c.execute("COMMIT")
            except psycopg2.Error as error:
                c.execute("ROLLBACK")
                return name, str(error)
    return None


def install(db, files):
    """Creates the database of a release from its files, in an empty database, without running its program."""
    if below(files, "sql/schema/"):
        assert apply(db, below(files, "sql/schema/")) is None
        return
    migrations, functions = (json.dumps([{"name": name, "text": text} for name, text in below(files, "sql/%s/" % folder).items()])
                             for folder in ("migrations", "functions"))
    with db.cursor() as c:
        c.execute("SET client_min_messages = warning; SET TimeZone = 'UTC';" + files["sql/migrate.sql"])
        c.execute("SELECT name, content FROM pg_temp.migrations_pending(%s)", (migrations,))
        pending = c.fetchall()
        c.execute("BEGIN")
        for name, text in pending:
            c.execute(text)
            c.execute("SELECT pg_temp.migration_record(%s, %s)", (migrations, name))
        c.execute("SELECT pg_temp.routines(%s, '0.0.1', true)", (functions,))
        c.execute("COMMIT")


def rows(db, sql, values=None):
    with db.cursor() as c:
        c.execute(sql, values)
        return c.fetchall() if c.description else []


SHAPE = """
    SELECT 'column ' || table_schema || '.' || table_name || '.' || column_name || ' ' || udt_name || coalesce(datetime_precision::text, '') || ' '
        || is_nullable || ' ' || coalesce(column_default, '') || ' ' || is_identity
    FROM information_schema.columns WHERE table_schema IN ('public', 'wanzami')
    UNION ALL SELECT 'index ' || pg_get_indexdef(indexrelid) || indisvalid FROM pg_index i JOIN pg_class c ON c.oid = indrelid
        WHERE relnamespace IN ('public'::regnamespace, 'wanzami'::regnamespace)
    UNION ALL SELECT 'constraint ' || conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid) || convalidated
        FROM pg_constraint WHERE connamespace IN ('public'::regnamespace, 'wanzami'::regnamespace)
    UNION ALL SELECT 'label ' || enumtypid::regtype || ' ' || enumlabel || ' ' || enumsortorder FROM pg_enum
    UNION ALL SELECT 'trigger ' || pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal
    UNION ALL SELECT 'relation ' || relkind::text || relpersistence::text || ' ' || oid::regclass
        FROM pg_class WHERE relnamespace IN ('public'::regnamespace, 'wanzami'::regnamespace)
    UNION ALL SELECT 'function ' || p.oid::regprocedure || ' ' || md5(pg_get_functiondef(p.oid)) FROM pg_proc p
        WHERE pronamespace = 'wanzami'::regnamespace"""


def shape(db):
    """Returns the definitions of all tables, indexes, constraints, triggers and functions, ignoring the order of columns."""
    return {r[0] for r in rows(db, SHAPE)}


FILL = ["""INSERT INTO "User" ("email", "password", "name", "updatedAt") VALUES ('ada@example.com', 'x', 'Ada', now());
    INSERT INTO "Title" ("type", "name", "updatedAt") VALUES ('MOVIE', 'Film', now());
    INSERT INTO "Profile" ("userId", "name", "updatedAt") VALUES (1, 'Ada', now());
    INSERT INTO "UploadJob" ("titleId", "updatedAt") VALUES (1, now());
    INSERT INTO "AssetVersion" ("titleId", "rendition", "updatedAt") VALUES (1, 'R720', now());
    INSERT INTO "EngagementEvent" ("profileId", "titleId", "eventType") VALUES (1, 1, 'PLAY_END');
    INSERT INTO "PpvPurchase" ("userId", "titleId", "amountNaira", "paystackRef") VALUES (1, 1, 3000, 'PPV-1')"""]
OWN = ["wanzami.mail_outbox (to_address, subject, text, kind) VALUES ('ada@example.com', 'Hello', 'a < b', 'verify')",
       "wanzami.mail_outbox (to_address, subject, html, kind, sent_at) VALUES ('bisi@example.com', 'Hello', NULL, 'verify', now())",
       """wanzami.mail_outbox (to_address, template, vars) VALUES ('ada@example.com', 'verify', '{"name": "Ada"}')""",
       "wanzami.mail_outbox (to_address, template, failed_at) VALUES ('ada@example.com', 'verify', now())",
       "wanzami.transcode_job (upload_job_id, source_key) VALUES (1, 'uploads/1')",
       """wanzami.rendition (asset_version_id, object_key, size_bytes, duration_ms, codecs, bandwidth, average_bandwidth, init_size)
           VALUES (1, 'vod/1', 10, 1000, 'avc1.640028', 2, 1, 5)""",
       "wanzami.object_trash (key, reason) VALUES ('vod/0', 'deleted')",
       "wanzami.lease (name, owner, expires_at) VALUES ('popularity', 'a', now())",
       "wanzami.job_run (name, outcome) VALUES ('popularity', 'lost')",
       "wanzami.campaign (subject, html) VALUES ('News', '<p>News</p>')",
       "wanzami.list_cache (key, profile_id, basis, list) VALUES ('k', 1, '1', '[]')",
       "wanzami.ppv_grant VALUES (1, '192.0.2.1', 'a', 1, now())",
       "wanzami.ppv_reversal (purchase_id) VALUES (1)"]


def fill(db):
    """Inserts a row into each existing table, with the columns of that release."""
    for sql in FILL:
        rows(db, sql)
    for row in OWN:
        try:
            rows(db, "INSERT INTO " + row)
        except (psycopg2.errors.UndefinedTable, psycopg2.errors.UndefinedColumn):
            pass


def content(db):
    """Returns the rows of each table except the bookkeeping of `migrate`."""
    tables = rows(db, """SELECT format('%I.%I', schemaname, tablename) FROM pg_tables WHERE schemaname IN ('public', 'wanzami')
        AND tablename NOT IN ('_prisma_migrations', 'migration', 'routine', 'attempt') ORDER BY 1""")
    return {t: [r[0] for r in rows(db, "SELECT to_jsonb(t) FROM %s t" % t)] for t, in tables}


def lost(before, after):
    """Yields the rows of `before` that have no row with the same values in `after`. The first form of the outbox had the text of a mail in its
    row; now a campaign has it."""
    texts = {c["id"]: c for c in after["wanzami.campaign"]}
    for table, old_rows in before.items():
        for old in old_rows:
            if table == "wanzami.mail_outbox" and "html" in old:
                old = {k: v for k, v in old.items() if k not in ("html", "text", "kind", "lease_until")}
                candidates = [{**new, "subject": texts.get(new["campaign_id"], {}).get("subject")} for new in after[table]]
            else:
                candidates = after[table]
            if not any(all(new.get(k) == v for k, v in old.items()) for new in candidates):
                yield table, json.dumps(old)
