"""The cron jobs for recommendations, compared with a reference implementation of the rules (docs/compatibility.md#popularity-job,
#recommendation-jobs), the guardrails and the export."""
import collections
import csv
import datetime
import io
import json
import math
import random
import subprocess
import threading
import http.server

import pytest
from psycopg2.extras import execute_values

import services
from conftest import run
from services import wait_for


def now():
    return datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None, microsecond=0)


NOW = now()
HOUR, DAY = 3600, 86400


@pytest.fixture(autouse=True)
def _now():
    """The time at the start of the test, not at import: the times of events are relative to it."""
    global NOW
    NOW = now()


@pytest.fixture
def jobs(world):
    return Jobs(world)


class Jobs:
    def __init__(self, world):
        self.world, self.rows = world, world.rows

    def run(self, name, *args, status=0, **env):
        """Runs a job by hand and returns the detail of its run."""
        r = run("job", "run", name, *args, **{**self.world.env, **env})
        assert r.returncode == status, r.stdout + r.stderr
        (detail,), = self.rows("SELECT detail FROM wanzami.job_run WHERE name = %s ORDER BY id DESC LIMIT 1", (name,))
        return detail

    def insert(self, table, columns, rows):
        with self.world.db.cursor() as c:
            execute_values(c, 'INSERT INTO "%s" (%s) VALUES %%s' % (table, ", ".join('"%s"' % c for c in columns)), rows)

    def profiles(self, count):
        self.rows("""INSERT INTO "User" ("id", "email", "password", "name", "updatedAt") VALUES (1, 'a@example.com', '', 'A', now())""")
        self.insert("Profile", ("id", "userId", "name", "updatedAt"), [(i, 1, "P", NOW) for i in range(1, count + 1)])

    def titles(self, rows):
        """Each is (id, type, genres, countries, archived, pending review)."""
        self.insert("Title", ("id", "type", "name", "genres", "countryAvailability", "archived", "pendingReview", "updatedAt"),
                    [(i, t, "T%d" % i, g, c, a, p, NOW) for i, t, g, c, a, p in rows])

    def events(self, rows):
        """Each is (profile, title, type, seconds ago, country, device, metadata)."""
        self.insert("EngagementEvent", ("profileId", "titleId", "eventType", "occurredAt", "country", "deviceId", "metadata"),
                    [(p, t, e, NOW - datetime.timedelta(seconds=ago), c, d, json.dumps(m) if m is not None else None) for p, t, e, ago, c, d, m in rows])


def ago(e):
    return NOW - datetime.timedelta(seconds=e[3])


@pytest.mark.parametrize("seed", range(3))
def test_popularity_matches_the_rules(jobs, seed):
    dice = random.Random(seed)
    shown = [(i, dice.choice(["MOVIE", "SERIES"]), [], dice.choice([[], [], ["NG"], ["GH", "KE"]]), dice.random() < .1, dice.random() < .1) for i in range(1, 61)]
    jobs.titles(shown)
    jobs.profiles(8)
    # No event is close to the edge of a window, so that the time of the run does not matter.
    happened = [(dice.choice([None] + list(range(1, 9))), dice.choice([None] + list(range(1, 61))), dice.choice(["PLAY_START", "PLAY_END", "SCRUB"]),
                 dice.choice([5, 23, 25, 40, 71, 73]) * HOUR + dice.randrange(-1500, 1500), dice.choice(["NG", "GH", "KE", None, "", "Ghana"]),
                 dice.choice([None, "tv", "phone"]), None) for _ in range(3000)]
    jobs.events(happened)
    jobs.insert("PopularitySnapshot", ("country", "type", "window", "items", "computedAt"), [("ZW", "MOVIE", "DAILY", '[{"titleId":"1","count":9}]', datetime.datetime(2020, 1, 1))])
    jobs.run("popularity")

    titles = {t[0]: t for t in shown}
    expected = collections.defaultdict(dict)
    for hours, window in ((24, "DAILY"), (72, "TRENDING")):
        plays = collections.defaultdict(set)
        for n, (profile, title, kind, seconds, country, device, _) in enumerate(happened):
            if kind == "SCRUB" or not title or seconds > hours * HOUR:
                continue
            viewer = (profile, None, None) if profile else (None, device, None) if device else (None, None, n)
            play = (viewer, title, ago(happened[n]).date())
            available = titles[title][3]
            if country and len(country) == 2:
                plays[country].add(play)
            if not available or country in available:
                plays["UNKNOWN"].add(play)
        for country in plays:
            for kind in ("MOVIE", "SERIES"):
                counts = collections.Counter(p[1] for p in plays[country] if titles[p[1]][1] == kind and not titles[p[1]][4] and not titles[p[1]][5])
                if counts:
                    kept = [(t, n) for t, n in counts.items() if (country == "UNKNOWN" or not titles[t][3] or country in titles[t][3])]
                    expected[country, kind, window] = [{"titleId": str(t), "count": n} for t, n in sorted(kept, key=lambda x: (-x[1], x[0]))[:10]]
    expected["ZW", "MOVIE", "DAILY"] = []
    found = {(c, t, w): i for c, t, w, i in jobs.rows('SELECT country, type::text, "window"::text, items FROM "PopularitySnapshot"')}
    assert found == dict(expected)
    assert jobs.rows("""SELECT count(*) FROM "PopularitySnapshot" WHERE "computedAt" < now() - interval '1 day'""") == [(0,)]


def test_popularity_without_events(jobs):
    assert jobs.run("popularity") == {"countries": 1, "lists": 4}
    assert jobs.rows('SELECT DISTINCT country, items FROM "PopularitySnapshot"') == [("UNKNOWN", [])]


def test_preferences_and_recent_views_match_the_rules(jobs):
    dice = random.Random(7)
    genres = ["G%02d" % i for i in range(14)]
    shown = [(i, "MOVIE", dice.sample(genres, dice.randrange(0, 4)), [], False, False) for i in range(1, 81)]
    jobs.titles(shown)
    jobs.profiles(6)
    happened = [(dice.choice([None, 1, 2, 3, 4]), dice.choice([None] + list(range(1, 81))), dice.choice(["PLAY_START", "PLAY_END", "THUMBS_UP", "SKIP"]),
                 n * 1800 + 60, "NG", None, None) for n in range(4000)] + [(5, 1, "PLAY_END", 100 * DAY, "NG", None, None)]
    jobs.events(happened)
    jobs.insert("ProfilePreferenceSnapshot", ("profileId", "genres", "computedAt"), [(5, ["Old"], NOW)])
    jobs.run("preferences", PREF_WINDOW_DAYS=30)
    by_id = {t[0]: t for t in shown}
    weights = collections.defaultdict(collections.Counter)
    for profile, title, kind, seconds, *_ in happened:
        if profile and title and kind != "SKIP" and seconds < 30 * DAY - 600:
            for g in by_id[title][2]:
                weights[profile][g] += max(.05, 1 - seconds / (30 * DAY))
    found = dict(jobs.rows('SELECT "profileId", genres FROM "ProfilePreferenceSnapshot"'))
    assert found.pop(5) == ["Old"] and set(found) == set(weights)
    for profile, best in found.items():
        # An event close to the edge of the window may leave it while the job runs.
        assert len(best) == 10 and all(weights[profile][a] >= weights[profile][b] - .06 for a, b in zip(best, best[1:]))
        assert min(weights[profile][g] for g in best) >= max(weights[profile][g] for g in set(genres) - set(best)) - .06

    jobs.run("recent-views", RECENT_VIEWS_DAYS=20, RECENT_VIEWS_LIMIT=15)
    views = dict(jobs.rows('SELECT "profileId", "titleIds" FROM "ProfileRecentViews"'))
    assert set(views) == {1, 2, 3, 4}
    for profile, ids in views.items():
        newest = list(dict.fromkeys(t for p, t, kind, s, *_ in happened if p == profile and t and kind in ("PLAY_START", "PLAY_END") and s < 20 * DAY - 600))
        assert ids == newest[:15]


def test_equal_genres_keep_the_order_of_the_titles(jobs):
    jobs.titles([(1, "MOVIE", ["Thriller", "Drama"], [], False, False), (2, "MOVIE", ["War", "Action"], [], False, False)])
    jobs.profiles(1)
    jobs.events([(1, 1, "PLAY_END", 90 * DAY, "NG", None, None), (1, 2, "PLAY_END", 89 * DAY, "NG", None, None)])
    jobs.run("preferences", PREF_WINDOW_DAYS=91)
    assert jobs.rows('SELECT genres FROM "ProfilePreferenceSnapshot"') == [(["War", "Action", "Thriller", "Drama"],)]


def test_a_run_invalidates_cached_lists(jobs):
    """The next request sees the results of a job, whatever the lifetime of cached lists."""
    jobs.titles([(i, "MOVIE", ["G"], [], False, False) for i in (1, 2, 3)])
    a = jobs.world.start(roles="api", POPULARITY_CACHE_SEC=3600)
    assert a.get("/api/popularity").json()["items"] == []
    jobs.events([(None, 2, "PLAY_END", 60, "NG", "tv", None)])
    assert a.get("/api/popularity").json()["items"] == []
    jobs.run("popularity")
    assert a.get("/api/popularity").json()["items"] == [{"titleId": "2", "count": 1}]
    assert a.get("/api/popularity?country=NG").json()["items"] == [{"titleId": "2", "count": 1}]


@pytest.mark.parametrize("seed", range(2))
def test_co_watched_titles_match_the_rules(jobs, seed):
    dice = random.Random(seed)
    jobs.titles([(i, "MOVIE", [], [], False, False) for i in range(1, 31)])
    jobs.profiles(25)
    happened = [(dice.randrange(1, 25), dice.randrange(1, 31), dice.choice(["PLAY_END", "THUMBS_UP", "SCRUB"]), dice.randrange(1, 50) * DAY, "NG", None, None) for _ in range(200)]
    happened.append((25, 30, "PLAY_END", 70 * DAY, "NG", None, None))
    jobs.events(happened)
    jobs.insert("TitleSimilarity", ("sourceTitleId", "targetTitleId", "score"), [(1, 2, 77), (30, 29, 77)])
    jobs.run("similarities", SIMILARITY_MAX_SIMILARS=4)
    watched = collections.defaultdict(set)
    for profile, title, kind, seconds, *_ in happened:
        if kind != "SCRUB" and seconds < 60 * DAY:
            watched[profile].add(title)
    together = collections.defaultdict(collections.Counter)
    for own in watched.values():
        for a in own:
            for b in own - {a}:
                together[a][b] += 1
    found = collections.defaultdict(dict)
    for source, target, score, why in jobs.rows('SELECT "sourceTitleId", "targetTitleId", score, rationale FROM "TitleSimilarity"'):
        assert why == "co_watch"
        found[source][target] = score
    assert set(found) == set(together)
    for source, counts in together.items():
        best = sorted(counts.items(), key=lambda x: (-x[1], x[0]))[:4]
        assert found[source] == pytest.approx({t: n / sum(counts.values()) for t, n in best})
    jobs.run("similarities", SIMILARITY_MAX_ANCHORS=3)
    assert jobs.rows('SELECT count(DISTINCT "sourceTitleId") FROM "TitleSimilarity"') == [(3,)]


TEXTS = [("Lagos Heist", "Three thieves plan to rob the central bank of Lagos before the election.", ["Crime"]),
         ("The Bank Job", "A gang of thieves wants to rob a bank in London.", ["Crime"]),
         ("Market Women", "Traders of the market in Onitsha fight over prices and love.", ["Drama"]),
         ("Prices of Love", "A trader at the Onitsha market falls in love.", ["Drama"]),
         ("Мост", "Мост через реку разделяет два города.", ["Drama"]), ("", None, [])]


def test_similarity_with_the_built_in_embeddings(jobs):
    jobs.insert("Title", ("id", "type", "name", "description", "genres", "archived", "pendingReview", "updatedAt"),
                [(i + 1, "MOVIE", n, d, g, False, False, NOW) for i, (n, d, g) in enumerate(TEXTS)])
    assert jobs.run("embeddings") == {"model": "wanzami-words-1", "titles": 6}
    assert jobs.run("embeddings") == {"model": "wanzami-words-1", "titles": 0}
    for title, vector in jobs.rows('SELECT "titleId", embedding FROM "TitleEmbedding"'):
        assert len(vector) == 256 and (title == 6 or math.isclose(sum(x * x for x in vector), 1, abs_tol=.001))
    jobs.run("similarities")
    best = {}
    for source, target, score in jobs.rows("""SELECT "sourceTitleId", "targetTitleId", score FROM "TitleSimilarity" WHERE rationale = 'embedding' ORDER BY score"""):
        best[source] = target
        assert 0 < score <= .01
    assert (best[1], best[2], best[3], best[4]) == (2, 1, 4, 3)
    # A changed title is embedded again, an archived one is removed, and viewer events add weight.
    jobs.rows('UPDATE "Title" SET description = \'A trader at the Onitsha market\', "updatedAt" = now() + interval \'1 second\' WHERE id = 5')
    jobs.rows('UPDATE "Title" SET archived = true WHERE id = 2')
    jobs.profiles(1)
    jobs.events([(1, 1, "PLAY_END", 60, "NG", None, None), (1, 3, "PLAY_END", 60, "NG", None, None)])
    assert jobs.run("embeddings")["titles"] == 1
    jobs.run("similarities", SIMILARITY_MAX_SIMILARS=1)
    assert {(s, t): why for s, t, why in jobs.rows('SELECT "sourceTitleId", "targetTitleId", rationale FROM "TitleSimilarity"')} == {
        (1, 3): "co_watch", (3, 1): "co_watch", (4, 5): "embedding", (5, 4): "embedding"}


class Service(http.server.ThreadingHTTPServer):
    """A fake server with OpenAI's API; `answers` are the responses to the next requests."""

    def __init__(self):
        self.questions, self.answers = [], []
        super().__init__(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()
        self.url = "http://127.0.0.1:%d/v1" % self.server_address[1]


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.questions.append((self.path, self.headers["Authorization"], body))
        answer = self.server.answers.pop(0) if self.server.answers else None
        if answer is None:
            data = [{"index": i, "object": "embedding", "embedding": [len(t), 1e-3, i]} for i, t in enumerate(body["input"])]
            answer = (200, json.dumps({"data": data[::-1], "model": body["model"]}))
        self.send_response(answer[0])
        self.send_header("Content-Length", str(len(answer[1].encode())))
        self.end_headers()
        self.wfile.write(answer[1].encode())

    def log_message(self, *args):
        pass


def test_embeddings_of_a_server(jobs):
    service = Service()
    jobs.insert("Title", ("id", "type", "name", "description", "archived", "pendingReview", "updatedAt"),
                [(i, "MOVIE", "T%d" % i, 'x "y"\n' * i if i > 1 else None, i == 4, False, NOW) for i in range(1, 8)])
    jobs.run("embeddings")
    env = {"EMBEDDING_BASE_URL": service.url, "EMBEDDING_API_KEY": "the-key", "EMBEDDING_MODEL": "m-1", "EMBEDDING_BATCH_SIZE": 4}
    assert jobs.run("embeddings", **env) == {"model": "m-1", "titles": 6}
    assert [(p, k, len(b["input"]), b["model"]) for p, k, b in service.questions] == [("/v1/embeddings", "Bearer the-key", 4, "m-1"), ("/v1/embeddings", "Bearer the-key", 2, "m-1")]
    texts = ["T1"] + ["T%d\n\n" % i + ('x "y"\n' * i).rstrip("\n") for i in (2, 3, 5, 6, 7)]
    assert [t for _, _, b in service.questions for t in b["input"]] == texts
    found = dict(jobs.rows('SELECT "titleId", embedding FROM "TitleEmbedding" WHERE model = \'m-1\''))
    assert set(found) == {1, 2, 3, 5, 6, 7} and [found[i][2] for i in (1, 2, 3, 5, 6, 7)] == [0, 1, 2, 3, 0, 1]
    jobs.run("similarities")
    # Half of the failures are temporary.
    jobs.rows('UPDATE "Title" SET "updatedAt" = now() + interval \'1 hour\'')
    service.answers = [(503, "{}"), None]
    assert jobs.run("embeddings", **env)["titles"] >= 6
    for bad in ((401, '{"error":"no"}'), (200, "no"), (200, "[]"), (200, '{"data":[]}'), (200, '{"data":[{"index":0},{"index":1},{"index":2},{"index":3}]}'),
                (200, json.dumps({"data": [{"index": 0, "embedding": [1]}] * 4})), (200, json.dumps({"data": [{"index": i, "embedding": ["x"]} for i in range(4)]}))):
        service.answers = [bad]
        before = jobs.rows('SELECT * FROM "TitleEmbedding" ORDER BY id')
        jobs.rows('UPDATE "Title" SET "updatedAt" = now() + interval \'2 hours\'')
        detail = jobs.run("embeddings", status=1, **env)
        assert "the-key" not in json.dumps(detail) and jobs.rows('SELECT * FROM "TitleEmbedding" ORDER BY id') == before
    service.shutdown()


def test_guardrails_match_the_rules(jobs):
    jobs.events([(None, None, "IMPRESSION", 60, None, None, {"experiment": "foryou_v1", "variant": v}) for v in ["control"] * 3 + ["originals_boost"]] +
                [(None, None, "IMPRESSION", 60, None, None, {"experiment": "other", "variant": "x"}), (None, None, "IMPRESSION", 60, None, None, {"experiment": "foryou_v1"})] +
                [(None, None, "PLAY_END", 60, None, None, m) for m in ({"completionPercent": .5}, {"completion": 7}, None, {"completionPercent": "x"}, {"completionPercent": -3})] +
                [(None, None, "SKIP", 60, None, None, None)] * 3 + [(None, None, "SKIP", 30 * HOUR, None, None, None)])
    shown = {"control": 3, "originals_boost": 1, "unknown": 1}
    detail = {"impressions": shown, "completion_percent": 62.5, "skips": 3, "skew_percent": 26.7}
    assert jobs.run("guardrails") == detail
    assert jobs.run("guardrails", GUARDRAIL_MIN_COMPLETION=60, GUARDRAIL_MAX_SKIPS=3, GUARDRAIL_MAX_SKEW=27) == detail
    assert jobs.run("guardrails", GUARDRAIL_WINDOW_HOURS=40)["skips"] == 4
    for limit in ({"GUARDRAIL_MIN_COMPLETION": 63}, {"GUARDRAIL_MAX_SKIPS": 2}, {"GUARDRAIL_MAX_SKEW": 26}):
        assert jobs.run("guardrails", status=1, **limit)["skips"] == 3


def export(jobs, *args, **env):
    detail = jobs.run("event-export", *args, **env)
    r = jobs.world.store.client().get_object(Bucket=jobs.world.bucket, Key=detail["key"])
    return detail, r["Body"].read().decode()


def test_the_export_has_all_events(jobs):
    jobs.titles([(1, "MOVIE", [], [], False, False)])
    jobs.profiles(1)
    detail, text = export(jobs)
    assert text == "id,profileId,titleId,episodeId,sessionId,eventType,occurredAt,country,deviceId,metadata" and detail["events"] == 0
    odd = ['a,b', 'quote "x"', 'line\nbreak', "", "déjà", None, '"', ",", '""\r\n']
    jobs.events([(1, 1, "PLAY_END", 600 - n, d, d, {"text": d, "n": 1.5}) for n, d in enumerate(odd)] + [(None, None, "SKIP", 3 * DAY, None, None, None)])
    detail, text = export(jobs)
    rows = list(csv.reader(io.StringIO(text, newline="")))
    assert detail["events"] == len(odd) and not text.endswith("\n")
    assert [r[7] for r in rows[1:]] == [d or "" for d in odd] == [r[8] for r in rows[1:]]
    assert [json.loads(r[9]) for r in rows[1:]] == [{"text": d, "n": 1.5} for d in odd]
    assert rows[1][1:7] == ["1", "1", "", "", "PLAY_END", (NOW - datetime.timedelta(seconds=600)).strftime("%Y-%m-%dT%H:%M:%S.000Z")]
    assert export(jobs, "4")[0]["events"] == len(odd) + 1
    for bad in ("0", "1d", "x", "99999999"):
        jobs.run("event-export", bad, status=1)


def test_jobs_with_100000_events(jobs):
    """Every job processes 100,000 events; the export is a multipart upload."""
    jobs.titles([(i, "MOVIE", ["G%d" % (i % 9)], [], False, False) for i in range(1, 1001)])
    jobs.profiles(500)
    jobs.rows("""INSERT INTO "EngagementEvent" ("profileId", "titleId", "eventType", "occurredAt", "country", "metadata")
        SELECT 1 + i %% 500, 1 + (i * 7 + i / 500) %% 1000, 'PLAY_END', timezone('UTC', now()) - i * interval '0.5 seconds', 'NG', jsonb_build_object('reason', repeat('x', 100))
        FROM generate_series(1, 100000) i""".replace("%%", "%"))
    assert jobs.run("popularity") == {"countries": 2, "lists": 6}
    assert jobs.run("preferences") == {"profiles": 500} and jobs.run("recent-views") == {"profiles": 500}
    assert jobs.run("similarities")["sources"] == 1000
    jobs.run("guardrails")
    detail, text = export(jobs)
    assert detail["events"] == 100000 and detail["bytes"] == len(text) > 16 << 20
    ids = [int(r[0]) for r in csv.reader(io.StringIO(text, newline="")) if r[0] != "id"]
    assert len(set(ids)) == 100000 and ids == sorted(ids, reverse=True)


def test_a_killed_export_leaves_no_upload(jobs):
    jobs.rows("""INSERT INTO "EngagementEvent" ("eventType", "metadata") SELECT 'SKIP', jsonb_build_object('reason', repeat('x', 1000)) FROM generate_series(1, 30000)""")

    def open_uploads():
        return jobs.world.store.client().list_multipart_uploads(Bucket=jobs.world.bucket).get("Uploads") or []
    p = subprocess.Popen(services.command("job", "run", "event-export"), env=services.clean_environment(**jobs.world.env, JOB_LEASE_MS=1000),
                         stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_for(open_uploads, "the upload")
    p.kill()
    p.wait()
    # Until its lease expires, the killed run counts as running.
    wait_for(lambda: run("job", "run", "event-export", **jobs.world.env, JOB_LEASE_MS=1000).returncode == 0, "a run that gets the lease")
    assert open_uploads() == []
