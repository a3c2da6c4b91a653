"""Fifty concurrent requests for the same thing: one succeeds, and the state is consistent (docs/compatibility.md#concurrent-requests)."""
import pytest

from accounts import Account, call_concurrently, hash_of
from test_auth import PASSWORD


@pytest.fixture
def api(world):
    world.a = world.start(roles="api", WORKERS=2, MAX_PASSWORD_WAIT_MS=60000)
    return world


def test_concurrent_signups_create_one_user(api):
    spell = lambda n: ("New@example.com", "new@example.com", "NEW@EXAMPLE.COM")[n % 3]
    answers = [r.status_code for r in call_concurrently(lambda n: api.a.post("/api/auth/signup", {"email": spell(n), "password": PASSWORD, "name": "N%d" % n}))]
    assert sorted(answers) == [201] + [409] * 49
    assert api.rows('SELECT count(*), (SELECT count(*) FROM "Profile"), (SELECT count(*) FROM wanzami.mail_outbox) FROM "User"') == [(1, 1, 2)]


def test_concurrent_logins_keep_the_device_limit(api):
    user = Account(api)
    api.rows('UPDATE "User" SET password = %s', (hash_of(PASSWORD),))
    answers = call_concurrently(lambda n: api.a.post("/api/auth/login", {"email": user.email, "password": PASSWORD, "deviceId": "device %d" % n}))
    assert [r.status_code for r in answers] == [200] * 50
    devices = {d for d, in api.rows('SELECT "deviceId" FROM "Device"')}
    sessions = {d for d, in api.rows('SELECT "deviceId" FROM "Session"')} - {"d"}
    assert len(devices) == 4 and sessions == devices
    works = [api.a.get("/api/auth/me", token=r.json()["accessToken"]).status_code for r in answers]
    assert works.count(200) == 4 and works.count(401) == 46


def test_concurrent_creations_keep_the_profile_limit(api):
    user = Account(api)
    answers = call_concurrently(lambda n: api.a.post("/api/user/profiles", {"name": "P%d" % n}, token=user.token).status_code)
    assert sorted(answers) == [201] * 4 + [400] * 46
    assert api.rows('SELECT count(*) FROM "Profile"') == [(4,)]


def test_concurrent_deletions_keep_the_last_profile(api):
    user = Account(api)
    ids = [api.a.post("/api/user/profiles", {"name": "P%d" % n}, token=user.token).json()["profile"]["id"] for n in range(4)]
    answers = call_concurrently(lambda n: api.a.delete("/api/user/profiles/" + ids[n % 4], token=user.token).status_code)
    assert answers.count(200) == 3 and set(answers) <= {200, 400, 404}
    assert api.rows('SELECT count(*) FROM "Profile"') == [(1,)]


def test_concurrent_requests_create_one_first_profile(api):
    user = Account(api)
    answers = call_concurrently(lambda n: api.a.get(("/api/user/profiles", "/api/auth/me")[n % 2], token=user.token).json()["profiles"][0]["id"])
    assert len(set(answers)) == 1 and api.rows('SELECT count(*) FROM "Profile"') == [(1,)]


def test_concurrent_replies_to_a_ticket_are_all_stored(api):
    agent = Account(api, "SUPPORT")
    ticket = api.a.post("/api/support/tickets", {"email": "a@x.test"}).json()["ticket"]["id"]
    answers = call_concurrently(lambda n: api.a.post("/api/admin/support/tickets/%s/messages" % ticket, {"message": "m%d" % n}, token=agent.token).json()["message"])
    listed = api.a.get("/api/admin/support/tickets/%s/messages" % ticket, token=agent.token).json()["messages"]
    assert {m["message"] for m in listed if m["isAdmin"]} == {"m%d" % n for n in range(50)}
    assert api.a.get("/api/admin/support/tickets", token=agent.token).json()["tickets"][0]["lastReplyAt"] in {a["createdAt"] for a in answers}
    assert api.rows("SELECT count(*) FROM wanzami.mail_outbox WHERE template = 'reply'") == [(50,)]


def test_requests_during_the_deletion_of_their_user(api):
    """Each request succeeds completely before the deletion, or is refused."""
    for _ in range(3):
        root, user = Account(api, "SUPER_ADMIN"), Account(api)

        def call(n):
            if n == 25:
                return api.a.delete("/api/admin/users/" + user.id, token=root.token).status_code
            return api.a.post("/api/user/profiles", {"name": "P%d" % n}, token=user.token).status_code

        answers = call_concurrently(call)
        assert answers[25] == 200 and set(answers) <= {200, 201, 400, 401}, answers
        assert api.rows('SELECT count(*) FROM "Profile" WHERE "userId" = %s', (user.id,)) == [(0,)]
