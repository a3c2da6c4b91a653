"""Recommendations, compared with a reference implementation of the rules in Python (docs/compatibility.md#popularity, #recommendations)."""
import concurrent.futures
import datetime
import json
import random

import pytest
from psycopg2.extras import execute_values

from services import wait_for
from test_auth import login, user

KID = {"G", "PG", "TV-Y", "TV-G", "TV-PG", "PG-13", None}


def now():
    return datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None, microsecond=0)


NOW = now()
EPOCH = datetime.datetime(1970, 1, 1)


@pytest.fixture(autouse=True)
def _now():
    """The time at the start of the test, not at import: the times of events are relative to it."""
    global NOW
    NOW = now()


@pytest.fixture
def start(postgres, appliance):
    """start(**environment): an appliance on the test's database, with Ada logged in."""
    url, db = postgres.create_migrated()
    made = []

    def begin(**env):
        a = appliance(roles="api", DATABASE_URL=url, **env).wait_healthy()
        a.db = db.cursor()
        first = not made
        if first:
            made.append(user(a, "ada@example.com", role="CONTENT_MANAGER"))
        a.me = made[0]
        a.token = login(a, "ada@example.com", deviceId="the-device").json()["accessToken"]
        if first:
            a.db.execute('DELETE FROM "Profile"')  # the profile that the first login creates
        return a

    return begin


def get(a, path, status=200):
    r = a.get("/api" + path, token=a.token)
    assert r.status_code == status, r.text
    return r.json()


def insert(a, table, columns, rows):
    execute_values(a.db, 'INSERT INTO "%s" (%s) VALUES %%s' % (table, ", ".join('"%s"' % c for c in columns)), rows)


def profile(a, id, country="NG", kid=False, preferences=None, owner=None):
    insert(a, "Profile", ("id", "userId", "name", "country", "kidMode", "preferences", "createdAt", "updatedAt"),
           [(id, owner or a.me, "P%d" % id, country, kid, json.dumps(preferences) if preferences else None, EPOCH + datetime.timedelta(days=id), NOW)])


TITLE = ("id", "name", "type", "genres", "countryAvailability", "maturityRating", "releaseDate", "isOriginal", "archived", "pendingReview", "createdAt", "updatedAt")


def title(id, genres=("Drama",), countries=(), rating="PG", released=None, original=False, archived=False, pending=False, series=False):
    return {"id": id, "name": "T%d" % id, "type": "SERIES" if series else "MOVIE", "genres": list(genres), "countryAvailability": list(countries),
            "maturityRating": rating, "releaseDate": released, "isOriginal": original, "archived": archived, "pendingReview": pending,
            "createdAt": EPOCH + datetime.timedelta(days=id), "updatedAt": NOW}


def titles(a, rows):
    insert(a, "Title", TITLE, [tuple(r[c] for c in TITLE) for r in rows])


EVENT = ("profileId", "titleId", "eventType", "occurredAt", "metadata", "episodeId", "country", "deviceId")


def events(a, rows):
    insert(a, "EngagementEvent", EVENT, [tuple((json.dumps(r[c]) if c == "metadata" and r.get(c) is not None else r.get(c)) for c in EVENT) for r in rows])


def event(profile, title, type, ago, metadata=None, **more):
    """ago: seconds before now"""
    return {"profileId": profile, "titleId": title, "eventType": type, "occurredAt": NOW - datetime.timedelta(seconds=ago), "metadata": metadata, **more}


# Reference implementation

def newest(t):
    """The sort key of every list."""
    return (t["releaseDate"] is None, -((t["releaseDate"] or EPOCH) - EPOCH).total_seconds(), -t["id"])


def ms(t):
    return ((t["releaseDate"] or EPOCH) - EPOCH).total_seconds() * 1000


class Model:
    def __init__(self, profile, country, kid, preferred, all_titles, all_events, similar, popular, recent, preferences):
        self.country, self.kid, self.preferred = country, kid, preferred
        self.all = {t["id"]: t for t in all_titles}
        self.events = [e for e in all_events if e["profileId"] == profile]
        self.similar, self.popular, self.recent, self.preferences = similar, popular, recent, preferences

    def shown(self, t):
        return (not t["archived"] and not t["pendingReview"] and (not t["countryAvailability"] or self.country in t["countryAvailability"]) and
                (not self.kid or t["maturityRating"] in KID))

    def latest(self, kinds):
        """Returns title ids by their newest event of these types, newest first."""
        last = {}
        for e in self.events:
            if e["eventType"] in kinds and e["titleId"]:
                last[e["titleId"]] = max(last.get(e["titleId"], EPOCH), e["occurredAt"])
        return sorted(last, key=lambda t: last[t], reverse=True)

    def anchors(self, most, viewed):
        found = self.latest(("PLAY_END", "THUMBS_UP"))[:most]
        return found or list(dict.fromkeys(self.recent[:viewed]))

    def genres(self, ids):
        return {g for i in ids if i in self.all and not self.all[i]["archived"] for g in self.all[i]["genres"]}

    def targets(self, anchors, most):
        rows = sorted((s for s in self.similar if s[0] in anchors), key=lambda s: -s[2])
        return {s[1] for s in rows[:most]}

    def because(self):
        if not any(e["eventType"] == "PLAY_END" for e in self.events):
            return {"items": [], "anchors": [], "hasHistory": False}
        anchors = self.anchors(20, 10)
        shown = sorted((t for t in self.all.values() if self.shown(t)), key=newest)
        if not anchors:
            wanted = [t for t in shown if not self.preferences or set(t["genres"]) & set(self.preferences)]
            return {"items": [t["id"] for t in wanted[:30]], "anchors": []}
        genres, similar = self.genres(anchors), self.targets(anchors, 50)
        found = [t for t in shown if t["id"] not in anchors and (set(t["genres"]) & genres or t["id"] in similar)][:40]
        found.sort(key=lambda t: -(1.5 * t["isOriginal"] + 0.5 * (t["id"] in self.popular) + ms(t) / 1e14))
        return {"items": [t["id"] for t in found[:30]], "anchors": anchors}

    def for_you(self):
        anchors = self.anchors(10, 20)
        genres = self.genres(anchors) | set(self.preferences) | set(self.preferred)
        similar = self.targets(anchors, 100)
        shown = sorted((t for t in self.all.values() if self.shown(t)), key=newest)
        liked = [t for t in shown if t["id"] not in anchors and (set(t["genres"]) & genres or t["id"] in similar)][:30]
        rest = [t for t in shown if t["id"] not in anchors and t not in liked][:20]
        merged = list({t["id"]: t for t in liked + [t for t in shown if t["id"] in self.popular] + rest}.values())

        def score(t):
            age = ((NOW - EPOCH).total_seconds() * 1000 - ms(t)) / (30 * 86400000)
            return 1.5 * t["isOriginal"] + (t["id"] in similar) + 0.5 * (t["id"] in self.popular) + 0.1 * max(0, 6 - age)

        merged.sort(key=lambda t: (-score(t), -ms(t)))
        return {"items": [t["id"] for t in merged[:30]], "anchors": anchors}

    def going_on(self):
        def completion(e):
            m = e["metadata"] or {}
            for k in ("completionPercent", "completion"):
                if isinstance(m.get(k), (int, float)) and not isinstance(m.get(k), bool):
                    return min(max(m[k], 0), 1)
            pos, dur = m.get("positionSec"), m.get("durationSec")
            return min(max(pos / dur, 0), 1) if isinstance(pos, (int, float)) and isinstance(dur, (int, float)) and dur > 0 else 0
        last = {}
        for e in self.events:
            if e["eventType"] in ("PLAY_END", "SCRUB") and e["titleId"] and completion(e) > 0 and e["occurredAt"] >= NOW - datetime.timedelta(days=180):
                if e["titleId"] not in last or e["occurredAt"] > last[e["titleId"]]["occurredAt"]:
                    last[e["titleId"]] = e
        found = sorted((e for e in last.values() if e["titleId"] in self.all and self.shown(self.all[e["titleId"]])), key=lambda e: e["occurredAt"], reverse=True)
        return [(e["titleId"], completion(e), (e["metadata"] or {}).get("positionSec")) for e in found[:20]]


@pytest.mark.parametrize("seed", range(4))
def test_lists_match_the_reference_implementation(start, seed):
    a = start(REC_CACHE_SEC=0)
    dice = random.Random(seed)
    genres = ["Drama", "Comedy", "Action", "Horror", "Family", "Romance"]
    films = []
    for i in range(1, 121):
        released = None if dice.random() < .15 else NOW - datetime.timedelta(days=dice.randrange(-30, 4000), seconds=i)
        films.append(title(i, dice.sample(genres, dice.randrange(0, 3)), dice.choice([(), (), (), ("NG",), ("GH", "KE")]),
                           dice.choice(["PG", "PG-13", "R", "TV-14", None]), released, dice.random() < .2, dice.random() < .1, dice.random() < .1))
    titles(a, films)
    # id, country, child, preferred genres, number of events, genres of the snapshot, recent views
    people = [(1, "NG", False, ["Drama"], 0, [], []), (2, "GH", True, [], 60, ["Comedy"], []), (3, "NG", False, [], 400, ["Action", "Horror"], []),
              (4, "KE", False, [], 0, [], [5, 6, 7, 5]), (5, "NG", False, [], 12, [], [])]
    happened = []
    for id, country, kid, preferred, count, snapshot, recent in people:
        profile(a, id, country, kid, {"preferredGenres": preferred} if preferred else None)
        for n in range(count):
            metadata = dice.choice([None, {"completionPercent": round(dice.uniform(-.2, 1.3), 3)}, {"completion": .5}, {"completion": "much", "positionSec": 30, "durationSec": 120},
                                    {"positionSec": 500, "durationSec": 0}, {"positionSec": 17.5, "durationSec": None}])
            happened.append(event(id, dice.choice([None] + list(range(1, 121))), dice.choice(["PLAY_START", "PLAY_END", "SCRUB", "THUMBS_UP", "SKIP"]),
                                  (n + 1) * dice.choice([60, 86400]) + n, metadata))
        if recent:
            insert(a, "ProfileRecentViews", ("profileId", "titleIds", "updatedAt"), [(id, recent, NOW)])
            happened.append(event(id, None, "PLAY_END", 5))
        if snapshot:
            insert(a, "ProfilePreferenceSnapshot", ("profileId", "genres"), [(id, snapshot)])
    events(a, happened)
    pairs = {(dice.randrange(1, 121), dice.randrange(1, 121)) for _ in range(900)}
    similar = [(s, t, n / 1000) for n, (s, t) in enumerate(pairs) if s != t]
    insert(a, "TitleSimilarity", ("sourceTitleId", "targetTitleId", "score"), similar)
    popular = dice.sample(range(1, 121), 10)
    insert(a, "PopularitySnapshot", ("country", "type", "window", "items"), [("NG", "MOVIE", "DAILY", json.dumps([{"titleId": str(p), "count": 3} for p in popular]))])
    for id, country, kid, preferred, _, snapshot, recent in people:
        m = Model(id, country, kid, preferred, films, happened, similar, popular if country == "NG" else [], recent, snapshot)
        byw = get(a, "/recs/because-you-watched?profileId=%d" % id)
        want = m.because()
        assert [int(i["id"]) for i in byw["items"]] == want["items"] and [int(i) for i in byw["anchors"]] == want["anchors"]
        assert byw.get("hasHistory", True) == want.get("hasHistory", True)
        mine = get(a, "/recs/for-you?profileId=%d" % id)
        want = m.for_you()
        assert [int(i["id"]) for i in mine["items"]] == want["items"] and [int(i) for i in mine["anchors"]] == want["anchors"]
        going_on = get(a, "/recs/continue-watching?profileId=%d" % id)["items"]
        want = m.going_on()
        assert [(int(i["id"]), i.get("positionSec")) for i in going_on] == [(t, p) for t, _, p in want]
        assert [i["completionPercent"] for i in going_on] == pytest.approx([c for _, c, _ in want])


def test_a_cached_list_omits_titles_that_were_withdrawn(start):
    a = start(REC_CACHE_SEC=3600, POPULARITY_CACHE_SEC=3600)
    b = start(REC_CACHE_SEC=3600, POPULARITY_CACHE_SEC=3600)
    titles(a, [title(i, released=NOW - datetime.timedelta(days=i)) for i in range(1, 7)])
    profile(a, 1)
    insert(a, "PopularitySnapshot", ("country", "type", "window", "items"), [("NG", "MOVIE", "DAILY", '[{"titleId":"2","count":3},{"titleId":"3","count":1},{"titleId":"77","count":1}]')])
    events(a, [event(1, 1, "PLAY_END", 60)])

    def seen(x):
        return ([i["id"] for i in get(x, "/recs/for-you")["items"]], [i["id"] for i in get(x, "/recs/because-you-watched")["items"]],
                [i["titleId"] for i in get(x, "/popularity?country=ng")["items"]])

    assert seen(a) == seen(b) == (["2", "3", "4", "5", "6"], ["2", "3", "4", "5", "6"], ["2", "3"])
    # The list is cached: newer events do not change it ...
    events(a, [event(1, 2, "PLAY_END", 1)])
    insert(a, "PopularitySnapshot", ("country", "type", "window", "items"), [("NG", "SERIES", "DAILY", "[]")])
    assert seen(a) == seen(b) and "2" in seen(b)[0]
    # ... but a withdrawn title is omitted in every process, and titles have their current fields.
    assert a.patch("/api/admin/titles/3", {"archived": True, "name": "gone"}, token=a.token).status_code == 200
    assert a.patch("/api/admin/titles/4", {"name": "Renamed"}, token=a.token).status_code == 200
    assert seen(b) == (["2", "4", "5", "6"], ["2", "4", "5", "6"], ["2"])
    assert [i["name"] for i in get(b, "/recs/for-you")["items"]][1] == "Renamed"
    # The cache key includes the profile's settings.
    assert a.patch("/api/user/profiles/1", {"name": "Ada", "country": "GH"}, token=a.token).status_code == 200
    assert seen(b)[0] == ["4", "5", "6"]
    wait_for(lambda: a.db.execute("SELECT count(*) FROM \"EngagementEvent\" WHERE \"eventType\" = 'IMPRESSION'") or a.db.fetchone()[0] == 8, "all impressions")
    a.db.execute("SELECT count(*) FROM \"EngagementEvent\" WHERE \"eventType\" = 'IMPRESSION' AND metadata -> 'cache' IS NULL")
    assert a.db.fetchone()[0] == 2


def test_cached_lists_expire(start):
    a = start(REC_CACHE_SEC=1, POPULARITY_CACHE_SEC=1)
    titles(a, [title(i) for i in (1, 2)])
    profile(a, 1)
    assert get(a, "/recs/because-you-watched") == {"items": [], "anchors": [], "hasHistory": False}
    assert get(a, "/popularity")["computedAt"] is None
    events(a, [event(1, 1, "PLAY_END", 60)])
    insert(a, "PopularitySnapshot", ("country", "type", "window", "items", "computedAt"), [("UNKNOWN", "MOVIE", "DAILY", '[{"titleId":"2","count":3}]', EPOCH)])
    wait_for(lambda: [i["id"] for i in get(a, "/recs/because-you-watched")["items"]] == ["2"], "a new list")
    wait_for(lambda: get(a, "/popularity")["items"] == [{"titleId": "2", "count": 3}], "the new snapshot")
    a.db.execute("SELECT key FROM wanzami.list_cache ORDER BY key")
    assert a.db.fetchall() == [("byw:1",), ("popularity:UNKNOWN:MOVIE:DAILY",)]
    several = get(a, "/popularity?country=ng&country=ke&type=SERIES&type=MOVIE&window=TRENDING&window=x")
    assert (several["country"], several["type"], several["window"]) == ("NG", "SERIES", "TRENDING"), "the first of repeated parameters counts"
    a.db.execute("DELETE FROM wanzami.list_cache WHERE key LIKE 'popularity:NG:SERIES%'")
    for country in ("nigeria", "N", "n1", "%F0%9F%98%80", "unknown", " ng "):
        get(a, "/popularity?country=" + country)
    a.db.execute("SELECT key FROM wanzami.list_cache ORDER BY key")
    assert a.db.fetchall() == [("byw:1",), ("popularity:NG:MOVIE:DAILY",), ("popularity:UNKNOWN:MOVIE:DAILY",)]


@pytest.mark.parametrize("id, variant", [(1, "control"), (2, "control"), (5, "originals_boost"), (7, "originals_boost"), (12, "originals_boost"),
                                         (35, "originals_boost"), (103, "originals_boost"), (1000, "control")])
def test_the_experiment_assigns_a_variant_per_profile(start, id, variant):
    a = start()
    profile(a, id, "UNKNOWN")
    r = a.get("/api/recs/for-you", token=a.token, headers={"cf-ipcountry": "ke"})
    assert (r.headers["x-experiment"], r.headers["x-variant"]) == ("foryou_v1", variant)
    assert r.json() == {"items": [], "anchors": [], "experiment": "foryou_v1", "variant": variant}

    def shown():
        a.db.execute('SELECT "profileId", country, metadata FROM "EngagementEvent" WHERE "eventType" = \'IMPRESSION\'')
        return a.db.fetchall()
    assert wait_for(shown, "the impression") == [
        (id, "KE", {"experiment": "foryou_v1", "variant": variant, "surface": "for_you", "anchorCount": 0, "itemCount": 0})]


@pytest.mark.parametrize("path", ["for-you", "because-you-watched", "continue-watching"])
def test_the_profile_of_a_list(start, path):
    a = start()
    assert get(a, "/recs/" + path, 400) == {"message": "No profile found"}
    profile(a, 5)
    profile(a, 6)
    for bad in ("abc", "-1", "1.5", "1e3", "0x10", "9" * 30, "5%2000", "%E2%82%AC", "5;", "v5", "5%C2%A0", "x&profileId=5"):
        assert get(a, "/recs/%s?profileId=%s" % (path, bad), 400) == {"message": "Invalid profileId"}
    for fine in ("", "0", "5", "6", "%205", "%2B6", "77", "9223372036854775807", "5%0A", "5&profileId=x"):
        get(a, "/recs/%s?profileId=%s" % (path, fine))
    assert a.get("/api/recs/" + path).status_code == 401


def test_a_child_gets_only_titles_with_an_allowed_rating(start):
    a = start(KID_RATINGS="G,TV-Y", REC_CACHE_SEC=0)
    titles(a, [title(1, rating="G"), title(2, rating="PG"), title(3, rating=None), title(4, rating="TV-Y")])
    profile(a, 1, kid=True)
    assert {i["id"] for i in get(a, "/recs/for-you")["items"]} == {"1", "4"}


def test_continue_watching_can_hide_started_and_finished_titles(start):
    titles_made = False
    for hide, expected in (("0", ["4", "3", "2", "1"]), ("1", ["2"])):
        a = start(CONTINUE_HIDE_FINISHED=hide)
        if not titles_made:
            titles(a, [title(i) for i in range(1, 5)])
            profile(a, 1)
            # Extreme numbers are clamped.
            events(a, [event(1, 1, "PLAY_END", 40, {"completionPercent": 1e308}), event(1, 2, "PLAY_END", 30, {"completionPercent": .94, "positionSec": "1e99"}),
                       event(1, 3, "PLAY_END", 20, {"completionPercent": .009}), event(1, 4, "SCRUB", 10, {"completionPercent": 5, "positionSec": -3}),
                       event(1, 4, "SCRUB", 5, {"completionPercent": 1e-300})])
            a.db.execute("""INSERT INTO "EngagementEvent" ("profileId", "titleId", "eventType", metadata) VALUES (1, 1, 'PLAY_END', '{"completionPercent":-1e400}')""")
            titles_made = True
        items = get(a, "/recs/continue-watching")["items"]
        assert [i["id"] for i in items] == expected and all(0 < i["completionPercent"] <= 1 and "positionSec" not in i for i in items)


def test_continue_watching_includes_events_of_the_users_sessions(start):
    a = start()
    titles(a, [title(1), title(2)])
    profile(a, 1)
    a.db.execute('SELECT id FROM "Session"')
    session = a.db.fetchone()[0]
    a.db.execute("""INSERT INTO "Episode" ("titleId", "seasonNumber", "episodeNumber", "name", "updatedAt") VALUES (1, 1, 1, 'E', now()) RETURNING id""")
    episode = a.db.fetchone()[0]
    a.db.execute("""INSERT INTO "EngagementEvent" ("titleId", "episodeId", "sessionId", "eventType", "metadata") VALUES
        (1, %s, %s, 'PLAY_END', '{"completion":0.25,"positionSec":"61.5"}'), (2, NULL, %s, 'SCRUB', '{"positionSec":30,"durationSec":"90"}')""",
                 (episode, session, session))
    third, quarter = get(a, "/recs/continue-watching")["items"]
    assert (third["id"], third["completionPercent"], third["positionSec"]) == ("2", 30 / 90, 30)
    assert quarter == {"id": "1", "name": "T1", "type": "MOVIE", "posterUrl": None, "thumbnailUrl": None,
                       "runtimeMinutes": None, "completionPercent": .25, "positionSec": 61.5, "episodeId": str(episode)}


def test_lists_with_100000_titles_and_events(start):
    """100,000 titles, and a viewer with as many events."""
    a = start(REC_CACHE_SEC=0)
    a.db.execute("""INSERT INTO "Title" ("type", "name", "genres", "releaseDate", "updatedAt", "archived", "pendingReview")
        SELECT 'MOVIE', 'T' || i, ARRAY['G' || i % 50], timestamp '2020-01-01' + i * interval '1 minute', now(), false, false FROM generate_series(1, 100000) i""")
    profile(a, 1)
    a.db.execute("""INSERT INTO "EngagementEvent" ("profileId", "titleId", "eventType", "occurredAt", "metadata")
        SELECT 1, 1 + i / 1000, 'PLAY_END', timezone('UTC', now()) - (i || ' minutes')::interval, '{"completionPercent":0.5}' FROM generate_series(0, 99999) i""")
    a.db.execute("ANALYZE")
    byw = get(a, "/recs/because-you-watched")
    assert byw["anchors"] == [str(i) for i in range(1, 21)] and len(byw["items"]) == 30
    mine = get(a, "/recs/for-you")
    assert mine["anchors"] == [str(i) for i in range(1, 11)] and len(mine["items"]) == 30
    assert [i["id"] for i in get(a, "/recs/continue-watching")["items"]] == [str(i) for i in range(1, 21)]
    summary = get(a, "/admin/events/summary?hours=48")
    assert {c["eventType"]: c["count"] for c in summary["counts"] if c["eventType"] != "IMPRESSION"} == {"PLAY_END": 2880}
    assert len(summary["recent"]) == 50


def test_the_summary_of_events(start):
    a = start()
    assert get(a, "/admin/events/summary")["counts"] == [] and get(a, "/admin/events/summary")["recent"] == []
    titles(a, [title(1)])
    profile(a, 1)
    events(a, [event(1, 1, "PLAY_END", 3000, {"completionPercent": "0.5", "completion": 0.25}, country="NG", deviceId="tv"), event(None, None, "SEARCH", 9000, {"completionPercent": 7}),
               event(1, None, "SKIP", 90000)])
    s = get(a, "/admin/events/summary?hours=1.5")
    assert s["counts"] == [{"eventType": "PLAY_END", "count": 1}]
    r = s["recent"][0]
    assert (r["profileId"], r["profileName"], r["titleId"], r["titleName"], r["completionPercent"], r["country"], r["deviceId"]) == ("1", "P1", "1", "T1", .25, "NG", "tv")
    assert list(r) == ["id", "eventType", "occurredAt", "profileId", "profileName", "titleId", "titleName", "country", "completionPercent", "deviceId", "metadata"]
    assert [e["completionPercent"] for e in get(a, "/admin/events/summary?hours=0x10".replace("0x10", "1e1"))["recent"]] == [.25, 7]
    assert len(get(a, "/admin/events/summary?hours=%20100%20")["recent"]) == 3
    for none in ("", "0", "-5", "0&hours=100"):
        assert get(a, "/admin/events/summary?hours=" + none)["recent"] == []
    for bad in ("abc", "1e999", "Infinity", "NaN", "9" * 200, "1,5", "1e10", "--1"):
        assert get(a, "/admin/events/summary?hours=" + bad, 400) == {"message": "Invalid hours"}
    user(a, "viewer@example.com")
    assert a.get("/api/admin/events/summary", token=login(a, "viewer@example.com").json()["accessToken"]).status_code == 403


def test_a_slow_report_delays_no_other_request(start):
    a = start(WORKERS=1)
    other = a.db.connection.__class__(a.db.connection.dsn)
    with other.cursor() as c, concurrent.futures.ThreadPoolExecutor(6) as pool:
        c.execute('LOCK TABLE "EngagementEvent"')
        reports = [pool.submit(get, a, "/admin/events/summary") for _ in range(6)]
        wait_for(lambda: a.db.execute("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'") or a.db.fetchone()[0] == 1, "a report to wait for the lock")
        for _ in range(10):
            assert a.get("/api/titles/1").status_code == 404
        assert not any(r.done() for r in reports)
        other.rollback()
        assert all(r.result()["counts"] == [] for r in reports)
    other.close()
