"""Events of deleted titles, accounts and profiles, and the counts of events (docs/database.md#events)."""
import subprocess
import threading

import pytest

import reference_steps
import services
from accounts import Account
from conftest import run
from services import wait_for

EVENTS = 300000


@pytest.fixture
def world(database):
    return database


def clean(world, **env):
    """Runs event-cleanup by hand and returns the detail of the run. Until its lease expires, a killed run counts as running."""
    wait_for(lambda: subprocess.run(services.command("job", "run", "event-cleanup"), env=services.clean_environment(**world.env, JOB_LEASE_MS=1000, **env),
                                    stdout=subprocess.DEVNULL, timeout=600).returncode == 0, "a run that gets the lease", 120)
    return world.rows("SELECT detail FROM wanzami.job_run WHERE name = 'event-cleanup' ORDER BY id DESC LIMIT 1")[0][0]


def events(world, count, **references):
    """Inserts events of the last days that name the rows."""
    columns = "".join(', "%s"' % name for name in references)
    world.rows("""INSERT INTO "EngagementEvent" ("eventType", "occurredAt"%s)
        SELECT (enum_range(NULL::"EventType"))[1 + n %% 9], timezone('UTC', now()) - n %% 400 * interval '11 minutes' %s FROM generate_series(1, %d) n"""
               % (columns, "".join(", %d" % int(value) for value in references.values()), count))


def naming(world, column, row):
    return world.rows('SELECT count(*) FROM "EngagementEvent" WHERE "%s" = %%s' % column, (row,))[0][0]


def title(world, name="Film"):
    return world.rows("""INSERT INTO "Title" ("type", "name", "updatedAt") VALUES ('MOVIE', %s, now()) RETURNING "id" """, (name,))[0][0]


def counted(world):
    """The counts by hour and type must be those of the rows. Returns the number of events."""
    want = world.rows("""SELECT date_trunc('hour', "occurredAt"), "eventType"::text, count(*) FROM "EngagementEvent" GROUP BY 1, 2 ORDER BY 1, 2""")
    assert world.rows("""SELECT hour, type::text, sum(n)::bigint FROM wanzami.event_counts('2000-01-01') GROUP BY 1, 2 HAVING sum(n) <> 0 ORDER BY 1, 2""") == want
    return sum(n for _, _, n in want)


def test_a_title_of_300000_events_is_deleted_at_once_and_its_events_are_unlinked_later(world):
    a, admin = world.start(roles="api"), Account(world, "SUPER_ADMIN")
    film, other = title(world), title(world)
    events(world, EVENTS, titleId=film)
    events(world, 10, titleId=other)
    assert a.delete("/api/admin/titles/%d" % film, token=admin.token).status_code == 204
    assert a.get("/api/titles/%d" % film).status_code == 404
    assert naming(world, "titleId", film) == EVENTS  # not in the request
    recent = a.get("/api/admin/events/summary?hours=168", token=admin.token).json()
    assert sum(c["count"] for c in recent["counts"]) == EVENTS + 10
    assert {e["titleId"] for e in recent["recent"]} <= {None, str(other)}

    p = subprocess.Popen(services.command("job", "run", "event-cleanup"), env=services.clean_environment(**world.env, JOB_LEASE_MS=1000),
                         stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_for(lambda: naming(world, "titleId", film) < EVENTS, "the first batch")
    p.kill()
    p.wait()
    left = naming(world, "titleId", film)
    assert 0 < left < EVENTS
    detail = clean(world)
    assert 0 < detail["unlinked"] <= left
    assert naming(world, "titleId", film) == 0 and naming(world, "titleId", other) == 10
    assert counted(world) == EVENTS + 10

    # An event whose transaction had begun before the deletion; the mark goes when none can come any more.
    events(world, 1, titleId=film)
    assert clean(world)["unlinked"] == 1 and naming(world, "titleId", film) == 0
    assert (("titleId", film),) == tuple(world.rows("SELECT kind, id FROM wanzami.event_unlink"))
    world.rows("UPDATE wanzami.event_unlink SET marked_at = marked_at - interval '6 minutes'")
    clean(world)
    assert world.rows("SELECT count(*) FROM wanzami.event_unlink") == [(0,)]


def test_the_events_of_accounts_profiles_episodes_and_sessions(world):
    a, admin, user, stays = world.start(roles="api"), Account(world, "SUPER_ADMIN"), Account(world), Account(world)
    profile = {who.id: [world.rows("""INSERT INTO "Profile" ("userId", "name", "updatedAt") VALUES (%s, 'P', now()) RETURNING "id" """, (who.id,))[0][0]
                        for _ in range(2)] for who in (user, stays)}
    session = {who.id: world.rows('SELECT "id" FROM "Session" WHERE "userId" = %s', (who.id,))[0][0] for who in (user, stays)}
    film = title(world)
    episode = world.rows("""INSERT INTO "Episode" ("titleId", "seasonNumber", "episodeNumber", "name", "updatedAt")
        SELECT %s, 1, n, 'E', now() FROM generate_series(1, 2) n RETURNING "id" """, (film,))
    for who in (user, stays):
        for p in profile[who.id]:
            events(world, 20, profileId=p, sessionId=session[who.id], titleId=film, episodeId=episode[0][0])
    events(world, 5, titleId=film, episodeId=episode[1][0])

    assert a.delete("/api/user/profiles/%d" % profile[stays.id][1], token=stays.token).status_code == 200
    assert a.delete("/api/admin/users/%s" % user.id, token=admin.token).status_code == 200
    assert a.delete("/api/admin/episodes/%d" % episode[1][0], token=admin.token).status_code == 204
    assert clean(world)["unlinked"] == 65
    assert world.rows("""SELECT "profileId", "sessionId", "titleId", "episodeId", count(*) FROM "EngagementEvent" GROUP BY 1, 2, 3, 4 ORDER BY 1, 2 NULLS FIRST""") == [
        (profile[stays.id][0], session[stays.id], film, episode[0][0], 20), (None, None, film, episode[0][0], 40), (None, session[stays.id], film, episode[0][0], 20)]
    assert counted(world) == 80

    # The purge: every reference to the catalogue goes.
    assert a.post("/api/admin/titles/purge", token=admin.token).status_code == 200
    assert clean(world)["unlinked"] == 80
    assert world.rows("""SELECT count(*) FROM "EngagementEvent" WHERE "titleId" IS NOT NULL OR "episodeId" IS NOT NULL""") == [(0,)]


def test_a_deleted_season_takes_its_events(world):
    a, admin, film = world.start(roles="api"), Account(world, "SUPER_ADMIN"), title(world)
    season = world.rows("""INSERT INTO "Season" ("titleId", "seasonNumber") VALUES (%s, 1) RETURNING "id" """, (film,))[0][0]
    for n in (1, 2):
        episode = world.rows("""INSERT INTO "Episode" ("titleId", "seasonId", "seasonNumber", "episodeNumber", "name", "updatedAt")
            VALUES (%s, %s, 1, %s, 'E', now()) RETURNING "id" """, (film, season, n))[0][0]
        events(world, 30, titleId=film, episodeId=episode)
    events(world, 7, titleId=film)
    assert a.delete("/api/admin/seasons/%d" % season, token=admin.token).status_code == 204
    assert clean(world)["unlinked"] == 60
    assert naming(world, "titleId", film) == 7 and counted(world) == 7


def test_counts_are_exact_while_events_come_and_go(world):
    """Writers on several connections, and the job that adds up past hours beside them."""
    film = title(world)
    stop = threading.Event()

    def write(n):
        db = world.postgres.connect(world.env["DATABASE_URL"].rsplit("/", 1)[1])
        with db.cursor() as c:
            for i in range(150):
                c.execute("""INSERT INTO "EngagementEvent" ("titleId", "eventType", "occurredAt")
                    SELECT %s, (enum_range(NULL::"EventType"))[1 + (x + %s) %% 9], timezone('UTC', now()) - x * interval '20 minutes' FROM generate_series(0, 20) x""",
                          (film, n))
                if i % 10 == 0:
                    c.execute("""DELETE FROM "EngagementEvent" WHERE "id" IN (SELECT "id" FROM "EngagementEvent" ORDER BY random() LIMIT 15 FOR UPDATE SKIP LOCKED)""")
        db.close()

    def fold():
        while not stop.is_set():
            assert run("job", "run", "event-cleanup", **world.env).returncode == 0
    job, writers = threading.Thread(target=fold), [threading.Thread(target=write, args=(n,)) for n in range(4)]
    for t in (job, *writers):
        t.start()
    for t in writers:
        t.join()
    stop.set()
    job.join()
    assert counted(world) == 4 * 150 * 21 - 4 * 15 * 15
    clean(world)
    assert counted(world) == 4 * 150 * 21 - 4 * 15 * 15
    assert world.rows("SELECT count(*) FROM wanzami.event_hour WHERE shard > 0 AND hour < date_trunc('hour', timezone('UTC', now())) AND n <> 0") == [(0,)]


@pytest.mark.parametrize("hours", (1, 3.5, 24, 400))
def test_counts_since_a_time_within_an_hour(world, hours):
    events(world, 3000)
    assert world.rows("""SELECT sum(n) FROM wanzami.event_counts(wanzami.now() - %s * interval '1 hour')""", (hours,)) == world.rows(
        """SELECT count(*)::numeric FROM "EngagementEvent" WHERE "occurredAt" >= wanzami.now() - %s * interval '1 hour'""", (hours,))


def test_events_from_before_the_counts(world):
    """Events without counts, as a migration finds them: the sums are right before, while and after the job counts them."""
    world.rows("SET session_replication_role = replica")
    events(world, 5000)
    world.rows("""SET session_replication_role = origin; UPDATE wanzami.event_uncounted SET upto = (SELECT max("id") FROM "EngagementEvent")""")
    assert world.rows("SELECT count(*) FROM wanzami.event_hour") == [(0,)]
    events(world, 100)
    world.rows("""DELETE FROM "EngagementEvent" WHERE "id" % 500 = 0""")
    assert counted(world) == 5090
    clean(world)
    assert world.rows("SELECT upto FROM wanzami.event_uncounted") == [(0,)]
    assert counted(world) == 5090
    world.rows("""DELETE FROM "EngagementEvent" WHERE "id" % 100 = 1""")
    assert counted(world) == 5090 - 51


def test_old_events_are_deleted_after_their_export(world):
    """Exports leave no gap: a run that failed, a sparse schedule, events that came late, and a run by hand on the same day."""
    daily = dict(EVENT_RETENTION_DAYS=30, EVENT_EXPORT_CRON="@daily")

    def export(started):
        assert run("job", "run", "event-export", **world.env, **daily).returncode == 0
        world.rows("UPDATE wanzami.job_run SET started_at = now() - interval '%s' WHERE id = (SELECT max(id) FROM wanzami.job_run WHERE name = 'event-export')" % started)
        return world.rows("SELECT (detail ->> 'events')::int FROM wanzami.job_run WHERE name = 'event-export' ORDER BY id DESC LIMIT 1")[0][0]

    def stored(count, occurred, created):
        world.rows("""INSERT INTO "EngagementEvent" ("eventType", "occurredAt", "createdAt") SELECT 'SKIP', timezone('UTC', now()) - interval '%s',
            timezone('UTC', now()) - interval '%s' FROM generate_series(1, %d)""" % (occurred, created, count))

    stored(12000, "40 days", "40 days")
    stored(100, "1 hour", "1 hour")
    assert clean(world)["expired"] == 0
    assert clean(world, **daily)["expired"] == 0  # nothing was exported
    assert run("job", "run", "event-export", "50", **world.env).returncode == 0  # events are kept then: a gap is no matter
    assert clean(world, **daily)["expired"] == 0
    assert export("3 days") == 12100
    stored(10, "35 days", "4 days")  # before that export
    stored(20, "36 days", "2 days")  # after it
    assert clean(world, **daily)["expired"] == 12010 and counted(world) == 120
    assert export("0 seconds") == 120 and export("0 seconds") == 120  # the second replaces the first
    stored(30, "37 days", "0 days")
    assert clean(world, **daily)["expired"] == 20 and counted(world) == 130
    assert clean(world, EVENT_RETENTION_DAYS=30)["expired"] == 30  # without exports
    assert counted(world) == 100


def test_changed_events_are_counted_by_their_new_time_and_type(world):
    world.rows("SET session_replication_role = replica")
    events(world, 500)  # not counted yet
    world.rows("""SET session_replication_role = origin; UPDATE wanzami.event_uncounted SET upto = (SELECT max("id") FROM "EngagementEvent")""")
    events(world, 500)
    for change in (""""occurredAt" = "occurredAt" - interval '90 minutes' WHERE "id" % 3 = 0""", """"eventType" = 'SKIP' WHERE "id" % 7 = 0""",
                   """"titleId" = NULL""", """"eventType" = 'SKIP' WHERE "id" < 0"""):
        world.rows('UPDATE "EngagementEvent" SET ' + change)
        assert counted(world) == 1000
    clean(world)
    assert counted(world) == 1000


@pytest.mark.parametrize("identity", ("RESTART", "CONTINUE"))
def test_an_emptied_table_has_no_counts(world, identity):
    """New events are counted and read by the jobs, also if their ids begin anew."""
    film, other, user = title(world, "First"), title(world, "Second"), Account(world, "USER").id
    profile = world.rows("""INSERT INTO "Profile" ("userId", "name", "updatedAt") VALUES (%s, 'Ada', now()) RETURNING "id" """, (user,))[0][0]
    for round in range(2):
        for row in (film, other):
            world.rows("""INSERT INTO "EngagementEvent" ("profileId", "titleId", "eventType") VALUES (%s, %s, 'PLAY_END')""", (profile, row))
        assert run("job", "run", "similarities", **world.env).returncode == 0
        assert world.rows("SELECT profile_id FROM wanzami.basket") == [(profile,)], round
        world.rows('TRUNCATE "EngagementEvent" %s IDENTITY' % identity)
        assert counted(world) == 0
        assert world.rows("SELECT count(*) FROM wanzami.basket") == [(0,)]


def test_a_migration_finds_events(postgres):
    """Those of the Node service, whose table has foreign keys and no triggers."""
    url, db = postgres.create()
    reference_steps.build(db, len(reference_steps.STEPS))
    with db.cursor() as c:
        c.execute("""INSERT INTO "EngagementEvent" ("eventType", "occurredAt") SELECT 'SKIP', timezone('UTC', now()) - n * interval '7 minutes'
            FROM generate_series(1, 1000) n""")
        c.execute("""SELECT count(*) FROM "EngagementEvent" """)
        stored = c.fetchone()[0]
        for counted_later in (True, False):
            assert run("migrate", DATABASE_URL=url).returncode == 0
            c.execute("SELECT sum(n), (SELECT upto > 0 FROM wanzami.event_uncounted) FROM wanzami.event_counts('2000-01-01')")
            assert c.fetchone() == (stored, counted_later)
            assert run("job", "run", "event-cleanup", DATABASE_URL=url, **services.SECRETS).returncode == 0
    db.close()
