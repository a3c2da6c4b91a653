"""`wanzami migrate` on an empty database, on an existing one, and in several processes at once."""
import json
import os
import subprocess

import pytest

from conftest import ROOT, clean_environment, run
from services import command, wait_for


def rows(db, sql):
    with db.cursor() as c:
        c.execute(sql)
        return c.fetchall()


CATALOGUE = """
    SELECT table_name || '.' || column_name || ' ' || udt_name || coalesce(datetime_precision::text, '') || is_nullable || coalesce(column_default, '')
    FROM information_schema.columns WHERE table_schema = 'public'
    UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'
    UNION ALL SELECT conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid) FROM pg_constraint WHERE connamespace = 'public'::regnamespace
    UNION ALL SELECT enumtypid::regtype || '.' || enumlabel || enumsortorder FROM pg_enum
    ORDER BY 1"""


def test_landed_migrations_are_frozen():
    """A listed file never changes, because databases have recorded its hash. Put a change into a new file and list it."""
    folder = os.path.join(ROOT, "sql", "migrations")
    have = subprocess.run("sha256sum *.sql", shell=True, cwd=folder, env={**os.environ, "LC_ALL": "C"}, capture_output=True, text=True, check=True).stdout
    with open(os.path.join(ROOT, "tests", "data", "migrations.sha256")) as f:
        assert have == f.read()


def test_an_empty_database_gets_the_schema_of_the_previous_service(postgres):
    url, db = postgres.create()
    r = run("migrate", DATABASE_URL=url)
    assert r.returncode == 0, r.stdout
    assert rows(db, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public' AND tablename <> '_prisma_migrations'") == [(24,)]
    # 31, without the four of events, which made deletions wait (0011_event_growth.sql).
    assert rows(db, "SELECT count(*) FROM pg_constraint WHERE contype = 'f' AND connamespace = 'public'::regnamespace") == [(27,)]
    assert rows(db, "SELECT count(*) FROM pg_type WHERE typtype = 'e'") == [(10,)]
    assert rows(db, """SELECT count(*), count(*) FILTER (WHERE indisunique) FROM pg_index i JOIN pg_class c ON c.oid = indrelid
        WHERE relnamespace = 'public'::regnamespace AND NOT indisprimary AND indexrelid::regclass::text NOT LIKE 'wz\\_%'""") == [(36, 14)]
    assert rows(db, 'SELECT count(*) FROM "_prisma_migrations" WHERE finished_at IS NOT NULL') == [(21,)]
    assert rows(db, "SELECT column_default, is_nullable FROM information_schema.columns WHERE table_name = 'Title' AND column_name = 'updatedAt'") == [(None, "NO")]


def test_a_second_run_changes_nothing(postgres):
    url, db = postgres.create()
    assert run("migrate", DATABASE_URL=url).returncode == 0
    before = rows(db, CATALOGUE)
    r = run("migrate", DATABASE_URL=url)
    assert (r.returncode, r.stdout) == (0, "")
    assert rows(db, CATALOGUE) == before


def test_an_old_database_is_completed_and_keeps_every_row(postgres):
    """A database in the state after an early migration: short index names, nullable columns, with rows."""
    url, db = postgres.create()
    wanted_url, wanted = postgres.create()
    assert run("migrate", DATABASE_URL=wanted_url).returncode == 0
    db.cursor().execute("""
        CREATE TYPE "Role" AS ENUM ('USER', 'SUPER_ADMIN', 'CONTENT_MANAGER', 'BLOG_EDITOR', 'MODERATOR', 'SUPPORT', 'FINANCE', 'ANALYTICS');
        CREATE TYPE "TitleType" AS ENUM ('MOVIE', 'SERIES');
        CREATE TABLE "User" ("id" BIGSERIAL NOT NULL, "email" TEXT NOT NULL, "password" TEXT NOT NULL, "name" TEXT NOT NULL,
            "role" "Role" NOT NULL DEFAULT 'USER', "emailVerified" BOOLEAN NOT NULL DEFAULT false, "verificationToken" TEXT,
            "verificationTokenExpires" TIMESTAMP(3), "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
            "updatedAt" TIMESTAMP(3) NOT NULL, CONSTRAINT "User_pkey" PRIMARY KEY ("id"));
        CREATE UNIQUE INDEX "User_email_key" ON "User" ("email");
        CREATE TABLE "Title" ("id" BIGSERIAL NOT NULL, "type" "TitleType" NOT NULL, "name" TEXT NOT NULL, "description" TEXT,
            "releaseDate" TIMESTAMP(3), "posterUrl" TEXT, "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
            "updatedAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP, "thumbnailUrl" TEXT, "trailerUrl" TEXT, "archived" BOOLEAN,
            CONSTRAINT "Title_pkey" PRIMARY KEY ("id"));
        CREATE TABLE "Episode" ("id" BIGSERIAL NOT NULL, "titleId" BIGINT NOT NULL, "seasonNumber" INTEGER NOT NULL, "episodeNumber" INTEGER NOT NULL,
            "name" TEXT NOT NULL, "synopsis" TEXT, "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
            "updatedAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP, CONSTRAINT "Episode_pkey" PRIMARY KEY ("id"));
        CREATE INDEX "Episode_title_season_episode_idx" ON "Episode" ("titleId", "seasonNumber", "episodeNumber");
        CREATE TABLE "ErrorLog" ("id" BIGSERIAL NOT NULL, "level" TEXT NOT NULL DEFAULT 'ERROR', "message" TEXT NOT NULL, "stack" TEXT,
            "path" TEXT, "context" JSONB, "userId" BIGINT, "createdAt" TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP, CONSTRAINT "ErrorLog_pkey" PRIMARY KEY ("id"));
        INSERT INTO "User" ("email", "password", "name", "updatedAt") VALUES ('ada@example.com', 'x', 'Ada', now());
        INSERT INTO "Title" ("type", "name", "archived") VALUES ('MOVIE', 'Old', NULL), ('SERIES', 'Older', true);
        INSERT INTO "Episode" ("titleId", "seasonNumber", "episodeNumber", "name") VALUES (2, 1, 1, 'Pilot');
    """)
    r = run("migrate", DATABASE_URL=url)
    assert r.returncode == 0, r.stdout

    assert rows(db, 'SELECT "name", "archived" FROM "Title" ORDER BY "id"') == [("Old", False), ("Older", True)]
    assert rows(db, 'SELECT "email", "ppvBanned" FROM "User"') == [("ada@example.com", False)]
    assert rows(db, 'SELECT "name", "pendingReview" FROM "Episode"') == [("Pilot", False)]
    assert rows(db, "SELECT to_regclass('_prisma_migrations')") == [(None,)]
    have, want = set(rows(db, CATALOGUE)), {r for r in rows(wanted, CATALOGUE) if "_prisma_migrations" not in r[0]}
    assert not want - have
    assert rows(db, """SELECT table_name FROM information_schema.columns
        WHERE column_name = 'updatedAt' AND column_default IS NOT NULL AND table_schema = 'public' ORDER BY 1""") == [
            ("PpvPurchase",), ("Season",), ("SupportTicket",)]


def test_a_row_that_refers_to_a_missing_one_is_named(postgres):
    url, db = postgres.create_migrated()
    rows(db, """ALTER TABLE "PpvPurchase" DROP CONSTRAINT "PpvPurchase_userId_fkey";
        INSERT INTO "Title" (id, type, name, "updatedAt") VALUES (1, 'MOVIE', 'A', now());
        INSERT INTO "PpvPurchase" ("userId", "titleId", "amountNaira", "paystackRef") VALUES (4711, 1, 1, 'r');
        DROP SCHEMA wanzami CASCADE; SELECT 1""")
    r = run("migrate", DATABASE_URL=url)
    line = json.loads(r.stdout.splitlines()[-1])
    assert r.returncode == 1 and line["error"] == (
        'insert or update on table "PpvPurchase" violates foreign key constraint "PpvPurchase_userId_fkey": Key (userId)=(4711) is not present in table '
        '"User". Delete or correct such rows, then run migrate again.')


def test_an_existing_prisma_record_is_completed(postgres):
    url, db = postgres.create()
    db.cursor().execute("""
        CREATE TABLE "_prisma_migrations" ("id" VARCHAR(36) PRIMARY KEY, "checksum" VARCHAR(64) NOT NULL, "finished_at" TIMESTAMPTZ,
            "migration_name" VARCHAR(255) NOT NULL, "logs" TEXT, "rolled_back_at" TIMESTAMPTZ,
            "started_at" TIMESTAMPTZ NOT NULL DEFAULT now(), "applied_steps_count" INTEGER NOT NULL DEFAULT 0);
        INSERT INTO "_prisma_migrations" VALUES ('a', 'other checksum', now(), '20251125091318_init', NULL, NULL, now(), 1)""")
    assert run("migrate", DATABASE_URL=url).returncode == 0
    assert rows(db, 'SELECT count(*), count(DISTINCT "migration_name") FROM "_prisma_migrations"') == [(21, 21)]
    assert rows(db, """SELECT "checksum" FROM "_prisma_migrations" WHERE "migration_name" = '20251125091318_init'""") == [("other checksum",)]


def test_concurrent_runs_apply_each_file_once(postgres):
    url, db = postgres.create()
    starts = [subprocess.Popen(command("migrate"), env=clean_environment(DATABASE_URL=url),
                               stdout=subprocess.PIPE, text=True) for _ in range(8)]
    outputs = [p.communicate(timeout=60)[0] for p in starts]
    assert [p.returncode for p in starts] == [0] * 8, outputs
    assert sum(o.count('"migrated"') for o in outputs) == rows(db, "SELECT count(*) FROM wanzami.migration")[0][0]


def test_a_failing_file_is_rolled_back_and_named(postgres):
    url, db = postgres.create()
    db.cursor().execute('CREATE TABLE "User" ("id" text)')
    r = run("migrate", DATABASE_URL=url)
    assert r.returncode == 1
    assert '"migrate failed"' in r.stdout and "0001_baseline.sql" in r.stdout
    assert rows(db, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == [(1,)]
    assert rows(db, "SELECT count(*) FROM wanzami.migration") == [(0,)]


def test_the_url_may_name_a_schema_and_parameters_of_other_clients(postgres):
    url, db = postgres.create()
    assert run("migrate", DATABASE_URL=url + "?connection_limit=5&schema=films&pgbouncer=true&connect_timeout=5").returncode == 0
    assert rows(db, "SELECT count(*) FROM pg_tables WHERE schemaname = 'films'") == [(25,)]
    assert rows(db, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == [(0,)]


def test_an_unreachable_database_is_one_line_of_error():
    for url in ("", "mysql://x/y", "postgresql://postgres@127.0.0.1:1/none"):
        r = run("migrate", DATABASE_URL=url)
        assert r.returncode == 1
        assert len(r.stdout.splitlines()) == 1
        assert r.stderr == ""


@pytest.mark.errors("state of the cron jobs", "transcode job of a dead worker")
def test_migrate_on_start_migrates(postgres, appliance):
    url, db = postgres.create()
    a = appliance(DATABASE_URL=url)
    wait_for(a.answers, "a response")
    assert rows(db, "SELECT to_regnamespace('wanzami')") == [(None,)]
    appliance(DATABASE_URL=url, MIGRATE_ON_START=1).wait_healthy()
    assert rows(db, "SELECT count(*) FROM wanzami.migration") == [(len(os.listdir(os.path.join(ROOT, "sql", "migrations"))),)]
