"""The cron job that purges ended sessions (docs/compatibility.md#session-purge)."""
from accounts import Account
from conftest import run

DAY, YEAR = "interval '1 day'", "interval '365 days'"


def test_only_sessions_that_no_valid_token_needs_are_purged(world):
    a = world.start(roles="api")
    user = Account(world)
    for device, created, expires in (
            ("both over", "- %s - %s" % (YEAR, DAY), "- " + DAY), ("an access token may be out", "- %s + %s" % (YEAR, DAY), "- " + DAY),
            ("may be refreshed", "- %s - %s" % (YEAR, DAY), "+ " + DAY), ("new", "", "+ " + DAY)):
        world.rows("""INSERT INTO "Session" ("userId", "deviceId", "refreshToken", "createdAt", "expiresAt")
            VALUES (%%s, %%s, 'x', timezone('UTC', now()) %s, timezone('UTC', now()) %s)""" % (created, expires), (user.id, device))
    devices = lambda: {d for d, in world.rows('SELECT "deviceId" FROM "Session"')}
    r = run("job", "run", "session-cleanup", **world.env)
    assert r.returncode == 0, r.stdout + r.stderr
    assert devices() == {"d", "an access token may be out", "may be refreshed", "new"}
    assert a.get("/api/auth/me", token=user.token).status_code == 200
    short = {"ACCESS_TOKEN_EXPIRES_IN": "15m", "ADMIN_ACCESS_TOKEN_EXPIRES_IN": "90s"}
    world.rows("""UPDATE "Session" SET "createdAt" = timezone('UTC', now()) - interval '14 minutes', "expiresAt" = timezone('UTC', now()) - interval '1 second'
        WHERE "deviceId" = 'new'""")
    assert run("job", "run", "session-cleanup", **world.env, **short).returncode == 0
    assert devices() == {"d", "may be refreshed", "new"}
    world.rows("""UPDATE "Session" SET "createdAt" = "createdAt" - interval '2 minutes'""")
    assert run("job", "run", "session-cleanup", **world.env, **short).returncode == 0
    assert devices() == {"d", "may be refreshed"}
    # The replaced session of an active device is kept: it detects the reuse of its refresh token.
    for created in ("- " + DAY, "- interval '366 days'"):
        world.rows("""INSERT INTO "Session" ("userId", "deviceId", "refreshToken", "createdAt", "expiresAt")
            VALUES (%%s, 'd', 'replaced', timezone('UTC', now()) %s, timezone('UTC', now()) - interval '1 second')""" % created, (user.id,))
    assert run("job", "run", "session-cleanup", **world.env, **short).returncode == 0
    assert world.rows("""SELECT "createdAt" > now() - interval '2 days' FROM "Session" WHERE "refreshToken" = 'replaced'""") == [(True,)]
    assert world.rows("SELECT detail ->> 'sessions' FROM wanzami.job_run WHERE name = 'session-cleanup' ORDER BY id") == [("1",)] * 4
