"""The schema (docs/compatibility.md#database-schema): of an empty database, of a database that the previous service left at any of its
migrations, and the constraints of the appliance's own tables."""
import os

import psycopg2
import pytest

from conftest import ROOT, run
from reference_steps import STEPS, build

COMPAT = os.environ.get("COMPAT_DIR") or os.path.join(os.path.dirname(ROOT), "shared", "compat")

COLUMNS = """SELECT table_name, column_name, udt_name, datetime_precision, is_nullable, column_default
    FROM information_schema.columns WHERE table_schema = 'public' ORDER BY 1, %s"""
INDEXES = """SELECT c.relname, pg_get_indexdef(i.indexrelid), i.indisvalid FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
    WHERE c.relnamespace = 'public'::regnamespace ORDER BY 1"""
KEYS = """SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid), convalidated FROM pg_constraint
    WHERE connamespace = 'public'::regnamespace ORDER BY 1, 2"""
LABELS = """SELECT t.typname, array_agg(e.enumlabel::text ORDER BY e.enumsortorder) FROM pg_enum e JOIN pg_type t ON t.oid = e.enumtypid GROUP BY 1 ORDER BY 1"""


def rows(db, sql):
    with db.cursor() as c:
        c.execute(sql)
        return c.fetchall()


def migrate(url):
    r = run("migrate", DATABASE_URL=url)
    assert r.returncode == 0, r.stdout + r.stderr


def shape(db, in_order=False):
    """Returns the definitions of all tables, ignoring the order of columns unless `ordered`."""
    return {"columns": rows(db, COLUMNS % ("ordinal_position" if in_order else "column_name")), "indexes": rows(db, INDEXES),
            "keys": rows(db, KEYS), "labels": rows(db, LABELS)}


def without_event_keys(one):
    """Returns a shape without the foreign keys of events, which `migrate` drops (docs/database.md#events)."""
    return {**one, "keys": [k for k in one["keys"] if k[0] != '"EngagementEvent"' or not k[2].startswith("FOREIGN KEY")]}


def content(db):
    """Returns each row of each table of the previous service as text, column by column."""
    tables = [t for t, in rows(db, "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> '_prisma_migrations' ORDER BY 1")]
    return {t: [r[0] for r in rows(db, 'SELECT to_jsonb(t) FROM "%s" t ORDER BY "id"' % t)] for t in tables}


@pytest.fixture(scope="module")
def fresh(postgres):
    """The shape of a database that the binary has created from nothing."""
    url, db = postgres.create()
    migrate(url)
    yield {"ordered": shape(db, in_order=True), "plain": shape(db)}
    db.close()


def test_an_empty_database_gets_the_schema_of_all_21_migrations(postgres, fresh):
    """Same order of columns, types, precision, defaults, indexes, keys and labels; the appliance adds indexes, and drops the foreign keys of events."""
    _, db = postgres.create()
    build(db, len(STEPS))
    want = without_event_keys(shape(db, in_order=True))
    have = {**fresh["ordered"], "indexes": [i for i in fresh["ordered"]["indexes"] if not i[0].startswith("wz_")]}
    for part in want:
        assert have[part] == want[part], part
    db.close()


@pytest.mark.parametrize("count", range(1, len(STEPS) + 1), ids=[name.split("_", 1)[1] for name, _, _ in STEPS])
def test_a_database_left_at_any_migration_is_completed_and_keeps_every_row(postgres, fresh, count):
    url, db = postgres.create()
    build(db, count)
    before = content(db)
    record = rows(db, "SELECT * FROM _prisma_migrations ORDER BY migration_name")
    migrate(url)

    assert shape(db) == fresh["plain"]
    after = content(db)
    for table, old_rows in before.items():
        assert len(after[table]) == len(old_rows)
        for old, new in zip(old_rows, after[table]):
            if table == "ErrorLog":
                old["createdAt"] = "2025-12-10T16:00:00.123"
            if table == "Title" and old.get("archived", 0) is None:
                old["archived"] = False
            assert {k: new[k] for k in old} == old
    assert rows(db, "SELECT * FROM _prisma_migrations WHERE checksum = 'of the files of that time' ORDER BY migration_name") == record
    assert rows(db, """SELECT array_agg(migration_name::text ORDER BY migration_name) FROM _prisma_migrations
        WHERE finished_at IS NOT NULL AND rolled_back_at IS NULL""") == [([name for name, _, _ in STEPS],)]
    db.close()


def test_a_database_created_from_the_prisma_model_keeps_its_schema(postgres):
    """Created without migrations (docs/compatibility.md#database-variants): other index names, a nullable currency, no bookkeeping."""
    url, db = postgres.create()
    build(db, len(STEPS), record=False)
    db.cursor().execute("""
        ALTER TABLE "Title" ALTER COLUMN "ppvCurrency" DROP NOT NULL;
        UPDATE "Title" SET "ppvCurrency" = NULL;
        ALTER TABLE "Season" ALTER COLUMN "updatedAt" DROP DEFAULT;
        ALTER INDEX ppv_purchase_title_idx RENAME TO "PpvPurchase_titleId_idx";
        ALTER INDEX ppv_violation_user_title_idx RENAME TO "PpvViolation_userId_titleId_idx";
        ALTER TABLE "PpvPurchase" DROP CONSTRAINT "PpvPurchase_paystackRef_key";
        CREATE UNIQUE INDEX "PpvPurchase_paystackRef_key" ON "PpvPurchase" ("paystackRef");
        ALTER TABLE "PpvPurchase" DROP CONSTRAINT "PpvPurchase_userId_fkey";
        ALTER TABLE "PpvPurchase" ADD CONSTRAINT "other name" FOREIGN KEY ("userId") REFERENCES "User" ("id") ON DELETE CASCADE ON UPDATE CASCADE""")
    before, rows_before = without_event_keys(shape(db)), content(db)
    migrate(url)
    after = shape(db)
    after["indexes"] = [i for i in after["indexes"] if not i[0].startswith("wz_")]
    assert after == before
    assert content(db) == rows_before
    assert rows(db, "SELECT to_regclass('_prisma_migrations')") == [(None,)]
    db.close()


@pytest.mark.skipif(not os.path.exists(os.path.join(COMPAT, "seed.sql")), reason="no compat harness here")
def test_the_recorded_base_data_can_be_loaded_repeatedly(postgres):
    url, db = postgres.create()
    migrate(url)
    for _ in range(2):
        for name in ("reset.sql", "seed.sql"):
            with open(os.path.join(COMPAT, name)) as f:
                db.cursor().execute(f.read())
    assert rows(db, 'SELECT count(*) FROM "Title"') == [(18,)]
    db.close()


@pytest.fixture
def own(postgres):
    url, db = postgres.create()
    migrate(url)
    db.cursor().execute("""INSERT INTO "Title" ("type", "name", "updatedAt") VALUES ('MOVIE', 'Film', now());
        INSERT INTO "UploadJob" ("titleId", "updatedAt") VALUES (1, now());
        INSERT INTO "AssetVersion" ("titleId", "rendition", "updatedAt") VALUES (1, 'R720', now())""")
    yield db
    db.close()


def test_own_rows_are_deleted_with_the_rows_that_they_refer_to(own):
    own.cursor().execute("""INSERT INTO wanzami.transcode_job (upload_job_id, source_key) VALUES (1, 'uploads/1');
        INSERT INTO wanzami.rendition (asset_version_id, object_key, size_bytes, duration_ms, codecs, bandwidth, average_bandwidth, init_size)
        VALUES (1, 'vod/1', 10, 1000, 'avc1.640028,mp4a.40.2', 2, 1, 5)""")
    own.cursor().execute('DELETE FROM "Title"')
    assert rows(own, "SELECT (SELECT count(*) FROM wanzami.transcode_job), (SELECT count(*) FROM wanzami.rendition)") == [(0, 0)]


@pytest.mark.parametrize("sql", [
    "INSERT INTO wanzami.transcode_job (upload_job_id, source_key) VALUES (7, 'k')",
    "INSERT INTO wanzami.transcode_job (upload_job_id, source_key, state) VALUES (1, 'k', 'lost')",
    "INSERT INTO wanzami.transcode_job (upload_job_id, source_key, state) VALUES (1, 'k', 'running')",
    "INSERT INTO wanzami.transcode_job (upload_job_id, source_key, lease_until) VALUES (1, 'k', now())",
    "INSERT INTO wanzami.mail_outbox (to_address, template) VALUES ('a@example.com', 'verify')",
    "INSERT INTO wanzami.job_run (name, outcome) VALUES ('popularity', 'perhaps')",
], ids=["no such upload", "no such state", "running without a lease", "a lease without running", "mail without its variables", "no such outcome"])
def test_inconsistent_rows_are_refused(own, sql):
    with pytest.raises(psycopg2.IntegrityError):
        own.cursor().execute(sql)


def test_a_fencing_token_cannot_decrease(own):
    own.cursor().execute("INSERT INTO wanzami.transcode_job (upload_job_id, source_key, fence) VALUES (1, 'k', 5)")
    own.cursor().execute("UPDATE wanzami.transcode_job SET fence = fence + 1")
    with pytest.raises(psycopg2.IntegrityError):
        own.cursor().execute("UPDATE wanzami.transcode_job SET fence = 5")
    assert rows(own, "SELECT fence FROM wanzami.transcode_job") == [(6,)]


def test_a_dedupe_key_is_unique(own):
    insert = "INSERT INTO wanzami.mail_outbox (to_address, template, vars, dedupe_key) VALUES ('a@example.com', 'verify', '{}', %s)"
    own.cursor().execute(insert, ("verify:1",))
    own.cursor().execute(insert, (None,))
    own.cursor().execute(insert, (None,))
    with pytest.raises(psycopg2.IntegrityError):
        own.cursor().execute(insert, ("verify:1",))
