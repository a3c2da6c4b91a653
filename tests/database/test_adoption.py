"""Adoption of existing databases: created by any earlier commit or by the previous service, with readers and writers while `migrate` runs."""
import os
import signal
import subprocess

import pytest

import past
import reference_steps
from conftest import ROOT, clean_environment, run, wait_for
from past import rows
from services import command

COMMITS = past.commits()
LAST = COMMITS["4da7517"]
# Commits after which a database of an earlier one cannot be migrated: they changed a file that had been applied.
STUCK = {"d91cb91", "3ad925d", "1e18815"}


@pytest.fixture(scope="module")
def present(postgres):
    """Returns the shape of a database that the binary has created from nothing."""
    url, db = postgres.create()
    r = run("migrate", DATABASE_URL=url)
    assert r.returncode == 0, r.stdout
    yield past.shape(db)
    db.close()


def brought_to_the_present(url, db, present):
    before = past.content(db)
    r = run("migrate", DATABASE_URL=url)
    assert r.returncode == 0, r.stdout
    # Functions that this release has retired stay for processes of the previous release.
    retired = tuple("function %s " % name.removeprefix("FUNCTION ") for name, in rows(db, "SELECT object FROM wanzami.routine WHERE retired_by IS NOT NULL"))
    assert {line for line in past.shape(db) if not line.startswith(retired)} == present
    assert list(past.lost(before, past.content(db))) == []
    r = run("migrate", DATABASE_URL=url)
    assert (r.returncode, r.stdout) == (0, "")


@pytest.mark.parametrize("commit", COMMITS)
def test_a_database_of_an_earlier_commit_is_adopted(postgres, present, commit):
    url, db = postgres.create()
    assert past.apply(db, COMMITS[commit]) is None
    past.fill(db)
    brought_to_the_present(url, db, present)
    db.close()


@pytest.mark.parametrize("commit", sorted(STUCK) + ["dbdb496"])
def test_a_database_migrated_by_later_commits_is_adopted(postgres, present, commit):
    """First the files of an earlier commit, then those of the last commit without hashes, as far as they can be applied."""
    url, db = postgres.create()
    assert past.apply(db, COMMITS[commit]) is None
    past.fill(db)
    assert bool(past.apply(db, LAST)) == (commit in STUCK)
    brought_to_the_present(url, db, present)
    db.close()


def test_a_mail_in_the_first_form_of_the_outbox_is_sent(postgres):
    url, db = postgres.create()
    past.apply(db, COMMITS["d91cb91"])
    past.fill(db)
    assert run("migrate", DATABASE_URL=url).returncode == 0
    assert rows(db, """SELECT m.to_address, m.template, m.vars, c.subject, c.html FROM wanzami.mail_outbox m JOIN wanzami.campaign c ON c.id = m.campaign_id
        WHERE m.sent_at IS NULL""") == [("ada@example.com", "campaign", {"email": "ada@example.com"}, "Hello", "<pre>a &lt; b</pre>")]
    db.close()


def test_migrate_of_programs_before_the_baseline_changes_nothing(postgres):
    """Their `migrate` may run again when an old task starts during a deployment or after a rollback."""
    url, db = postgres.create()
    assert past.apply(db, {k: v for k, v in LAST.items() if k < "0040"}) is None
    assert run("migrate", DATABASE_URL=url).returncode == 0
    before = past.shape(db)
    assert past.apply(db, LAST) is None
    assert past.shape(db) == before
    db.close()


# Indexes

@pytest.fixture
def node(postgres):
    """A database as the previous service created it, with one event."""
    url, db = postgres.create()
    reference_steps.build(db, len(reference_steps.STEPS))
    yield url, db
    db.close()


def invalid(db):
    return [r[0] for r in rows(db, "SELECT indexrelid::regclass::text FROM pg_index WHERE NOT indisvalid")]


def start_migrate(url):
    return subprocess.Popen(command("migrate"), env=clean_environment(DATABASE_URL=url), stdout=subprocess.PIPE, text=True)


def test_an_index_whose_build_was_killed_is_built_again(node, postgres, present):
    url, db = node
    writer = postgres.connect(url.rsplit("/", 1)[1])
    writer.autocommit = False
    rows(writer, 'UPDATE "SupportTicket" SET "subject" = "subject"')  # the build of an index waits for this transaction
    p = start_migrate(url)
    wait_for(lambda: invalid(db) == ["wz_ticket_created_idx"], "the build of that index to begin")
    p.send_signal(signal.SIGKILL)
    p.communicate()
    rows(db, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%INDEX CONCURRENTLY%' AND pid <> pg_backend_pid()")
    wait_for(lambda: rows(db, """SELECT pg_try_advisory_lock(7311094562301), pg_advisory_unlock(7311094562301)""")[0][0], "the lock")
    left = invalid(db)
    assert left == ["wz_ticket_created_idx"]
    writer.rollback()
    r = run("migrate", DATABASE_URL=url)
    assert r.returncode == 0 and r.stdout.count('"wz_ticket_created_idx"') == 1, r.stdout
    assert invalid(db) == []
    assert {s for s in present if s.startswith("index")} <= past.shape(db)
    writer.close()


def test_concurrent_adoptions_apply_each_file_once(node):
    """A waiting process must not hold a snapshot, because CREATE INDEX CONCURRENTLY would wait for it."""
    url, db = node
    started = [start_migrate(url) for _ in range(4)]
    outputs = [p.communicate(timeout=120)[0] for p in started]
    assert [p.returncode for p in started] == [0] * 4, outputs
    assert sum(o.count('"migrated"') for o in outputs) == rows(db, "SELECT count(*) FROM wanzami.migration")[0][0]
    assert invalid(db) == []


def test_migrate_waiting_for_a_lock_does_not_block_writers(node, postgres):
    """A transaction of the running service locks a table: `migrate` gives up its lock request for the writers behind it and retries."""
    url, db = node
    busy = postgres.connect(url.rsplit("/", 1)[1])
    busy.autocommit = False
    rows(busy, """UPDATE "Title" SET "name" = 'Busy' WHERE "id" = 1""")
    p = start_migrate(url)
    assert "waits for a lock" in p.stdout.readline()
    rows(db, """UPDATE "Title" SET "name" = 'Other' WHERE "id" = 2""")
    assert p.poll() is None
    busy.commit()
    out = p.communicate(timeout=60)[0]
    assert p.returncode == 0, out
    assert rows(db, """SELECT array_agg("name" ORDER BY "id") FROM "Title" WHERE "id" < 3""") == [(["Busy", "Other"],)]
    busy.close()


def test_writers_are_not_blocked_while_indexes_are_built(node, postgres):
    """A transaction has written to both tables; the build of an index on them waits for its end, and others write meanwhile."""
    url, db = node
    name = url.rsplit("/", 1)[1]
    gate, busy, next_busy, writer = (postgres.connect(name) for _ in range(4))
    gate.autocommit = busy.autocommit = next_busy.autocommit = False
    rows(writer, "SET lock_timeout = '30s'")
    write = """INSERT INTO "EngagementEvent" ("profileId", "titleId", "eventType") VALUES (1, 1, 'SCRUB'); UPDATE "User" SET "updatedAt" = now() WHERE "id" = %d"""

    def waiting():
        return [q for q, in rows(db, """SELECT query FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'""")]

    def built():
        return rows(db, "SELECT count(*) FROM wanzami.migration WHERE name LIKE '0002%'") == [(1,)]

    rows(db, "DROP INDEX support_ticket_status_created_idx")  # the first one that is built then
    rows(gate, 'UPDATE "SupportTicket" SET "subject" = "subject"')
    p, builds = start_migrate(url), set()
    wait_for(waiting, "the build of that index to begin")
    users = (1, 3)
    rows(busy, write % users[0])
    gate.rollback()
    while not built():
        wait_for(lambda: waiting() or built(), "a statement that waits for the transaction")
        statements = waiting()
        rows(writer, write % 2)
        builds.update(waiting() and statements)  # it still waits
        rows(next_busy, write % users[1])  # a transaction is open at any time
        busy.commit()
        busy, next_busy, users = next_busy, busy, users[::-1]
    busy.commit()
    out = p.communicate(timeout=60)[0]
    assert p.returncode == 0, out
    assert len([s for s in builds if "INDEX CONCURRENTLY" in s]) > 2 and invalid(db) == []
    for connection in (gate, busy, next_busy, writer):
        connection.close()
