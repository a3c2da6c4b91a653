"""Playback sessions: beats of players, events of the apps that count as beats, and the limit (docs/compatibility.md#playback-sessions)."""
import concurrent.futures
import hashlib
import time

import pytest
from beats import session, token
from conftest import run
from test_auth import login, user
from test_recs import start, title, titles  # noqa: F401

BUSY = (409, {"message": "Too many devices are playing at the same time", "limit": 1})
GOOD = (200, {"nextBeatSec": 12})


def beat(a, name):
    r = a.post("/api/playback/%s/beat" % name, {})
    return r.status_code, r.json()


def event(a, kind="PLAY_END", reason="progress", device="the-device", film=1, **more):
    more = {"metadata": {"reason": reason}, "titleId": film, "deviceId": device, **more}
    assert a.post("/api/events", {"events": [{"eventType": kind, **more}]}, token=a.token).status_code == 201


def rows(a, what="user_id, title_id, episode_id, device"):
    a.db.execute("SELECT %s FROM wanzami.playback_session ORDER BY started, seen, device" % what)
    return a.db.fetchall()


def later(a, seconds):
    """As if so much time had passed."""
    a.db.execute("""UPDATE wanzami.playback_session SET started = started - %s * interval '1 second',
        seen = seen - %s * interval '1 second'""", (seconds, seconds))


@pytest.fixture
def cinema(start):  # noqa: F811
    """cinema(limit): an API with that limit, titles 1 and 2, Ada (me, token) and Bob."""
    def begin(limit, **env):
        a = start(PLAYBACK_LIMIT=limit, **{"WORKERS": 1, **env})
        if not rows(a, "1"):
            titles(a, [title(1), title(2)])
            a.bob = user(a, "bob@example.com")
        return a
    return begin


def test_a_beat_is_recorded_with_film_user_and_device(cinema):
    a = cinema(0)
    for name in (session(a.me, "t1", "tv"), session(a.me, "e9223372036854775807"), session(None, "e7")):
        assert beat(a, name) == GOOD and beat(a, name) == GOOD
    digest = hashlib.sha256(b"tv").hexdigest()[:16]
    assert sorted(rows(a), key=str) == sorted([(a.me, 1, None, digest), (a.me, None, 9223372036854775807, None), (None, None, 7, None)], key=str)


def test_the_playback_route_hands_out_sessions(cinema):
    a = cinema(1)
    name = a.get("/api/titles/1/playback", token=a.token).json()["session"]
    assert beat(a, name) == GOOD and rows(a) == [(a.me, 1, None, hashlib.sha256(b"the-device").hexdigest()[:16])]
    event(a)
    assert len(rows(a)) == 2 and len({row[3] for row in rows(a)}) == 1  # an event of this device
    assert beat(a, session(a.me, "t1", "phone")) == BUSY
    assert a.get("/api/titles/1/playback", token=a.token).json()["session"] != name
    guest = a.get("/api/titles/01/playback").json()["session"]
    assert beat(a, guest) == GOOD and (None, 1, None, None) in rows(a)
    a.db.execute("""INSERT INTO "Episode" ("titleId", "seasonNumber", "episodeNumber", name, "updatedAt") VALUES (1, 1, 1, 'E', now()) RETURNING id""")
    episode = a.db.fetchone()[0]
    assert beat(a, a.get("/api/episodes/%d/playback" % episode).json()["session"]) == GOOD and (None, None, episode, None) in rows(a)
    a.db.execute('DELETE FROM "Session"')  # the token is revoked
    assert a.get("/api/titles/1/playback", token=a.token).json()["session"] is None


def test_a_session_that_is_not_valid_is_refused(cinema):
    a = cinema(0)
    good = session(a.me)
    gone = token(good.split(".")[0], life=-1)
    for name in ("x", good[:-1] + ("0" if good[-1] != "0" else "1"), good.replace("t1", "t2", 1), gone, "x" * 300,
                 token(good.split(".")[0], purpose="media")):
        assert beat(a, name) == (403, {"message": "The session is not valid or has expired"})
    assert rows(a) == []


def test_a_user_who_is_gone_does_not_fail_the_beat(cinema):
    a = cinema(1)
    assert beat(a, session(999999)) == GOOD and rows(a) == []


def test_the_session_that_was_seen_first_goes_on(cinema):
    a = cinema(1)
    tv, phone = session(a.me, "t1", "tv"), session(a.me, "t2", "phone")
    assert beat(a, tv) == GOOD and beat(a, phone) == BUSY
    for _ in range(3):
        later(a, 20)
        assert beat(a, phone) == BUSY and beat(a, tv) == GOOD
    later(a, 44)
    assert beat(a, phone) == BUSY
    later(a, 2)
    assert beat(a, phone) == GOOD and beat(a, tv) == BUSY  # which has not been seen for 46 seconds


def test_only_devices_of_the_account_count(cinema):
    a = cinema(1)
    assert beat(a, session(a.me, "t1", "tv")) == GOOD
    assert beat(a, session(a.me, "t2", "tv")) == GOOD       # the next film, or a reload
    assert beat(a, session(a.bob, "t1", "tv")) == GOOD
    assert [beat(a, session(None)) for _ in range(3)] == [GOOD] * 3
    assert beat(a, session(a.me)) == BUSY                    # a device that is not known
    later(a, 60)
    assert beat(a, session(a.me)) == GOOD and beat(a, session(a.me)) == BUSY


def test_without_a_limit_sessions_are_observed_only(cinema):
    a = cinema(0)
    assert [beat(a, session(a.me, device="d%d" % n)) for n in range(5)] == [GOOD] * 5
    assert len(rows(a)) == 5
    b = cinema(3)
    assert beat(b, session(b.me, device="d9"))[0] == 409 and beat(b, session(b.me, device="d1")) == GOOD


def test_beats_within_five_seconds_are_written_once(cinema):
    a = cinema(1)
    name = session(a.me)
    assert beat(a, name) == GOOD
    first = rows(a, "seen, xmin::text")
    assert beat(a, name) == GOOD and rows(a, "seen, xmin::text") == first
    later(a, 6)
    moved = rows(a, "started, seen")[0]
    assert beat(a, name) == GOOD
    started, seen = rows(a, "started, seen")[0]
    assert started == moved[0] and seen > moved[1]


@pytest.mark.parametrize("limit", [1, 3])
def test_of_sessions_that_begin_at_once_as_many_as_allowed_play(cinema, limit):
    a = cinema(limit, WORKERS=3)
    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        for round in range(6):
            names = [session(a.me, "t1", "r%d-%d" % (round, n)) for n in range(12)]
            first = [status for status, _ in pool.map(lambda name: beat(a, name), names)]
            assert sorted(first) == [200] * limit + [409] * (12 - limit)
            # Any worker knows them.
            assert [status for status, _ in pool.map(lambda name: beat(a, name), names)] == first
            later(a, 60)


def test_events_of_the_apps_are_beats(cinema):
    a = cinema(1)
    event(a, "PLAY_START", None)
    assert [(u, t) for u, t, _, _ in rows(a)] == [(a.me, 1)]
    phone = session(a.me, "t1", "phone")
    assert beat(a, phone) == BUSY and beat(a, session(a.me, "t1", "the-device")) == GOOD  # the same device
    for reason in ("progress", "seek"):
        later(a, 40)
        event(a, reason=reason)
        later(a, 40)
        assert beat(a, phone) == BUSY
    later(a, 40)
    event(a, reason="pause")
    event(a, "SCRUB", None)
    event(a, "THUMBS_UP", None)
    later(a, 6)
    assert beat(a, phone) == GOOD


@pytest.mark.parametrize("reason", ["ended", "unmount"])
def test_the_end_of_a_film_frees_its_place(cinema, reason):
    a = cinema(1)
    phone = session(a.me, "t1", "phone")
    event(a)
    assert beat(a, phone) == BUSY
    event(a, reason=reason)
    assert beat(a, phone) == GOOD


def test_events_are_never_refused_and_count_above_the_limit(cinema):
    a = cinema(1)
    tv, phone = session(a.me, "t1", "tv"), session(a.me, "t1", "phone")
    assert beat(a, tv) == GOOD
    for device in ("d1", "d2", "phone"):
        event(a, device=device)
    assert beat(a, tv) == GOOD and beat(a, phone) == BUSY
    assert a.get("/api/ppv/access/1", token=a.token).status_code == 200


def test_a_reload_goes_on_at_the_limit(cinema):
    """Also while other devices play above the limit, by events."""
    a = cinema(1)
    assert beat(a, session(a.me, "t1", "tv")) == GOOD
    event(a, device="phone")
    assert beat(a, session(a.me, "t1", "tv")) == GOOD and beat(a, session(a.me, "e9", "tv")) == GOOD
    assert beat(a, session(a.me, "t1", "phone")) == BUSY


def test_old_and_unknown_events_are_no_beats(cinema):
    a = cinema(1)
    event(a, film=99)
    event(a, occurredAt=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 60)))
    assert rows(a) == []
    event(a, occurredAt=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()))
    assert len(rows(a)) == 1


def test_many_events_of_one_film_are_one_session(cinema):
    """Also in one statement: the newest counts."""
    a = cinema(1)
    body = [{"eventType": "PLAY_END", "titleId": 1, "metadata": {"reason": reason}} for reason in ["ended"] * 3 + ["progress"] * 40]
    assert a.post("/api/events", {"events": body}, token=a.token).status_code == 201
    assert beat(a, session(a.me, "t1", "phone")) == BUSY and len(rows(a)) == 1
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda n: event(a, device="d%d" % (n % 7), film=1 + n % 2), range(200)))
    assert len(rows(a)) == 1 + 14


def test_the_clean_up_deletes_old_sessions(cinema):
    a = cinema(0)
    for n in range(2):
        assert beat(a, session(a.me)) == GOOD
    later(a, 3000)
    assert beat(a, session(a.me)) == GOOD
    url = a.env["DATABASE_URL"]
    assert run("job", "run", "session-cleanup", DATABASE_URL=url).returncode == 0 and len(rows(a)) == 3
    later(a, 700)
    assert run("job", "run", "session-cleanup", DATABASE_URL=url).returncode == 0 and len(rows(a)) == 1


def test_sessions_of_a_deleted_user_are_deleted(cinema):
    a = cinema(0)
    assert beat(a, session(a.bob)) == GOOD and beat(a, session(a.me)) == GOOD
    a.db.execute('DELETE FROM "User" WHERE id = %s', (a.bob,))
    assert [u for u, *_ in rows(a)] == [a.me]
