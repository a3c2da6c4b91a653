"""Figures of the last hour and day: what each process stores once a minute, and GET /api/admin/operations (docs/compatibility.md#operations)."""
import concurrent.futures
import contextlib
import json
import os
import re
import time

import pytest
import requests

from accounts import Account
from services import ROOT, wait_for

LIMITS = [1, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 10000]
WRITE = open(os.path.join(ROOT, "sql", "query", "ops", "minute.sql")).read()


@pytest.fixture
def api(world):
    world.a = world.start(roles="api", WORKERS=1)
    world.root = Account(world, "SUPER_ADMIN", "root@example.com")
    return world


def get(api, hours=1, **more):
    r = api.a.get("/api/admin/operations?hours=%s" % hours, token=api.root.token, timeout=60, **more)
    assert r.status_code == 200, r.text
    return r.json()


def numbers(requests=0, refused=0, failed=0, **buckets):
    """The numbers of a route; b3=7 is seven requests in the third bucket."""
    return [requests, refused, failed] + [buckets.get("b%d" % k, 0) for k in range(12)]


def store(api, process, age, traffic, start=False, **more):
    """Stores a minute as a process does."""
    row = {"process": process, "instance": "i" + process, "role": "api", "version": "1", "started": 1.7e9, "traffic": traffic, "film_ms": 0, "busy_ms": 0, "memory": 1000,
           "connections": 2, "in_flight": 1, **more}
    api.rows("PREPARE store (text, text, text) AS " + WRITE)
    api.rows("EXECUTE store (%s, %s, %s)", (json.dumps(row), str(age), "t" if start else "f"))
    api.rows("DEALLOCATE store")


def percentile(buckets, part):
    """Interpolates as Prometheus's histogram_quantile does."""
    rank, below = part * sum(buckets), 0
    for k, n in enumerate(buckets[:-1]):
        if n and below + n >= rank:
            low = LIMITS[k - 1] if k else 0
            return low + (LIMITS[k] - low) * (rank - below) / n
        below += n
    return LIMITS[-1]


def test_percentiles_come_from_the_sum_of_all_processes(api):
    """A process with few slow requests and one with many fast ones: the p99 of both is neither the mean nor the maximum of theirs."""
    route = "GET /api/some"
    slow, fast = numbers(10, 1, 2, b9=10), numbers(990, 0, 3, b1=985, b2=5)
    for name, n in (("slow/1", slow), ("fast/1", fast)):
        store(api, name, 120, [["=all", n], [route, n], ["=database", n]])
    both = [a + b for a, b in zip(slow, fast)]
    wanted = {part: round(percentile(both[3:], part), 2) for part in (0.5, 0.99)}
    assert round(percentile(fast[3:], .99), 2) != wanted[0.99] != round(percentile(slow[3:], .99), 2), "the test can fail"
    for hours, step in ((1, 60), (24, 600)):
        answer = get(api, hours)
        (r,) = [r for r in answer["routes"] if r["route"] == route]
        assert (r["requests"], r["refused"], r["failed"]) == (1000, 1, 5)
        assert (r["p50"], r["p99"]) == (wanted[0.5], wanted[0.99])
        line = r["line"]
        (at,) = [i for i, n in enumerate(line["refused"]) if n]
        assert (line["failed"][at], line["p99"][at]) == (5, wanted[0.99]) and answer["servers"]["database"]["p50"][at] is not None
        assert len(line["p50"]) == len(answer["memory"]) == {60: 60, 600: 144}[step] and answer["step"] == step
    assert get(api, 1)["routes"][0]["line"]["requests"].count(round(1000 / 60, 3)) == 1


def test_a_minute_that_is_stored_again_counts_once(api):
    """The response to a statement can be lost with the connection; the process then repeats it."""
    for _ in range(3):
        store(api, "a/1", 120, [["=all", numbers(7, b0=7)], ["GET /x", numbers(7, b0=7)]], start=True)
    assert [r["requests"] for r in get(api)["routes"] if r["route"] == "GET /x"] == [7]
    assert api.rows("SELECT count(*) FROM wanzami.process_start WHERE process = 'a/1'") == [(1,)]


def test_gauges_are_summed_over_processes_and_steps_without_rows_are_null(api):
    for minutes, memory in ((5, 100), (5, 200), (9, 50)):
        store(api, "p%d/1" % memory, minutes * 60, [["=all", numbers()]], memory=memory, film_ms=90000, busy_ms=30000)
    api.rows("UPDATE wanzami.minute SET queue_depth = 4, queue_oldest = 61.4 WHERE memory = 50")
    answer = get(api)
    known = [(m, s) for m, s in zip(answer["memory"], answer["transcoding"]["speed"]) if s is not None]
    assert known == [(50, 3), (300, 3)], "the order of time"
    at = answer["memory"].index(50)
    assert (answer["transcoding"]["depth"][at], answer["transcoding"]["oldest"][at]) == (4, 61)
    assert answer["memory"][at + 1] is None and answer["all"]["requests"][at + 1] is None and answer["all"]["requests"][at] == 0


def test_processes_of_the_same_name_have_figures_of_their_own(api):
    """Two containers can have the same host name and process id."""
    for process, memory in (("h/1#0a", 100), ("h/1#0b", 200)):
        store(api, process, 0, [["=all", numbers(1, b1=1)], ["GET /api/same", numbers(1, b1=1)]], start=True, memory=memory)
        store(api, process, 60, [["=all", numbers()]], memory=memory)
    answer = get(api)
    assert sorted(p["memory"] for p in answer["processes"] if p["process"] == "h/1") == [100, 200]
    assert api.rows("SELECT sum(n[1]) FROM wanzami.traffic WHERE what = 'GET /api/same' GROUP BY step") == [(2,), (2,)]
    assert api.rows("SELECT count(*) FROM wanzami.process_start WHERE process LIKE 'h/1#%'")[0][0] == 2


def test_the_answer_is_bounded_with_200_routes_and_many_processes(api):
    """24 hours, 200 routes in each step and 150 processes: the 12 routes with most requests, and the others as one."""
    api.rows("""INSERT INTO wanzami.traffic SELECT 600, date_bin('10 minutes', date_trunc('minute', now() - interval '25 s') + interval '59 s', 'epoch') - m * interval '10 minutes', w,
        ARRAY(SELECT CASE WHEN i IN (1, 5) THEN r ELSE 0 END FROM generate_series(1, 15) i)
        FROM generate_series(0, 143) m, (SELECT 'GET /api/route/' || r AS w, r FROM generate_series(1, 200) r UNION ALL SELECT '=all', 20100) r""")
    api.rows("""INSERT INTO wanzami.minute SELECT date_trunc('minute', now()), 'h' || p || '/1', '', 'api', '1', now(), 5, 0, 0, 1000, 1, 1, 0, 0 FROM generate_series(1, 150) p""")
    r = api.a.get("/api/admin/operations?hours=24", token=api.root.token, timeout=60, headers={"Accept-Encoding": "gzip"})
    answer = r.json()
    assert [x["route"] for x in answer["routes"]] == ["GET /api/route/%d" % n for n in range(200, 188, -1)] + ["other routes"]
    assert answer["routes"][-1]["requests"] == sum(range(1, 189)) * 144 and len(answer["processes"]) == 100
    assert r.headers["content-encoding"] == "gzip" and len(r.content) < 200000 and int(r.headers["content-length"]) < 40000


def test_old_rows_are_deleted_a_few_hundred_at_a_time(world):
    api = world  # without a process, which would delete some, too
    api.rows("INSERT INTO wanzami.minute SELECT now() - interval '2 days', 'h' || p, '', 'api', '1', now(), 5, 0, 0, 1000, 1, 1, 0, 0 FROM generate_series(1, 150) p")
    api.rows("""INSERT INTO wanzami.traffic SELECT s, now() - interval '2 days', 'GET /' || r, '{}' FROM generate_series(1, 500) r, unnest('{60,600}'::int[]) s""")
    api.rows("INSERT INTO wanzami.process_start SELECT now() - r * interval '1 hour', 'h', 'api', '1' FROM generate_series(1, 300) r")
    left = lambda: [api.rows("SELECT count(*) FROM wanzami." + t)[0][0] for t in
                    ("minute WHERE at < now() - interval '1 day'", "traffic WHERE at < now() - interval '1 day'")]
    store(api, "a/1", 0, [["=all", numbers()]], start=True)
    assert left() == [50, 400]
    store(api, "b/1", 0, [["=all", numbers()]])
    assert left() == [0, 0] and api.rows("SELECT count(*) FROM wanzami.process_start")[0][0] <= 201


def test_workers_jobs_and_deployments_are_told(api):
    api.rows("""INSERT INTO "Title" (id, type, name, "updatedAt") VALUES (5, 'MOVIE', 'Harmattan', now())""")
    api.rows("""INSERT INTO "UploadJob" (id, "titleId", "status", "payload", "updatedAt") VALUES (3, 5, 'PROCESSING', '{"key": "k"}', now())""")
    api.rows("""INSERT INTO wanzami.transcode_job (upload_job_id, source_key, state, attempts, lease_owner, lease_until, progress)
        VALUES (3, 'k', 'running', 1, 'it/1', now() + interval '1 hour', '{"percent": 40.5}')""")
    store(api, "t/1", 0, [["=all", numbers()]], role="transcode")
    api.rows("""INSERT INTO wanzami.job_run (name, started_at, finished_at, outcome, detail) VALUES ('popularity', now() - interval '2 hours', now() - interval '1 hour', 'ok', '{}'),
        ('popularity', now() - interval '90 seconds', now() - interval '30 seconds', 'failed', '{"error": "no disk"}')""")
    api.rows("DELETE FROM wanzami.process_start")
    for i, version in enumerate(["1", "1", "2", "2", "2", "1"]):
        api.rows("INSERT INTO wanzami.process_start VALUES (now() - interval '1 day' + %s * interval '1 minute', %s, 'api', %s)", (i, "h%d" % i, version))
    answer = get(api)
    (t,) = [p for p in answer["processes"] if p["process"] == "t/1"]
    assert (t["role"], t["film"], t["upload"], t["percent"]) == ("transcode", "Harmattan", "3", 40.5)
    (c,) = answer["cron"]
    assert (c["name"], c["outcome"], c["error"], c["seconds"]) == ("popularity", "failed", "no disk", 60)
    assert [(d["version"], d["starts"]) for d in answer["deployments"] if d["role"] == "api" and d["version"] in "12"] == [("1", 1), ("2", 3), ("1", 2)], "back to 1 is a deployment, too"


def test_only_an_hour_or_a_day(api):
    assert [api.a.get("/api/admin/operations" + q, token=api.root.token).status_code for q in ("", "?hours=1", "?hours=24", "?hours=2", "?hours=x")] == [200, 200, 200, 400, 400]
    assert api.a.get("/api/admin/operations?hours=2", token=api.root.token).json() == {"message": "Invalid hours"}


@pytest.mark.parametrize("role, status", [("OPS", 200), ("CONTENT_MANAGER", 200), ("FINANCE", 403), ("SUPPORT", 403)])
def test_the_role_decides(world, role, status):
    a = world.start("api", ADMIN_PERMISSIONS="strict")
    assert a.get("/api/admin/operations", token=Account(world, role, "a@example.com").token).status_code == status


def requests_pass(api):
    """While the statement of a minute waits for other processes and a change of a title for a lock, which is on one of the two connections for
    requests, others are answered."""
    waiting = lambda: api.rows("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()")[0][0]
    path = "/api/admin/titles/5"
    with contextlib.closing(api.postgres.connect(api.env["DATABASE_URL"].rsplit("/", 1)[1])) as other, other.cursor() as c, concurrent.futures.ThreadPoolExecutor(1) as pool:
        c.execute("""BEGIN; LOCK TABLE wanzami.minute IN SHARE MODE; SELECT FROM "Title" FOR UPDATE""")
        wait_for(lambda: waiting() == 1, "the statement of a minute", 100)
        change = pool.submit(api.a.patch, path, {"name": "U"}, token=api.root.token)
        wait_for(lambda: waiting() == 2, "the change of a title")
        assert [api.a.get(path, token=api.root.token).json()["title"]["name"] for _ in range(4)] == ["T"] * 4 and waiting() == 2
        c.execute("ROLLBACK")
        assert change.result().status_code == 200


@pytest.mark.errors("(?i)database|connection")
def test_a_process_stores_its_minutes_also_those_without_a_database(api, postgres):
    """Requests of a minute in which the database is killed are stored when it is back, once; its crash has emptied the tables."""
    limits = re.findall(r'route="/api/titles/:id",le="([0-9.e+]+)"', (api.a.get("/api/titles/1"), api.a.get("/metrics").text)[1])
    assert [float(v) * 1000 for v in limits] == LIMITS, "wanzami.percentile_request() has the limits of the histogram"
    for i in range(20):
        with requests.Session() as s:
            s.get(api.a.url + "/api/titles/%d" % i)
    api.rows("""INSERT INTO "Title" (id, type, name, "updatedAt") VALUES (5, 'MOVIE', 'T', now())""")
    requests_pass(api)
    total = lambda: api.rows("SELECT coalesce(sum(n[1]), 0) FROM wanzami.traffic WHERE step = 60 AND what = 'GET /api/titles/:id'")[0][0]
    wait_for(lambda: total() == 21, "the first minute", 100)
    assert api.rows("SELECT count(*) FROM wanzami.traffic WHERE what IN ('=database', '=valkey')")[0][0] >= 2
    assert api.rows("SELECT count(*) FROM wanzami.process_start")[0][0] == 1
    start = api.rows("SELECT process, version, role FROM wanzami.minute")[0]
    assert re.fullmatch(r".+/%d#[0-9a-f]{8}" % api.a.process.pid, start[0]) and start[2] == "api"
    assert start[0].split("#")[0] in [p["process"] for p in get(api)["processes"]]
    for i in range(5):
        api.a.get("/api/titles/%d" % i)
    postgres.kill()
    assert {api.a.get("/api/titles/1").status_code for _ in range(3)} == {503}
    for second in (10, 25):  # a process makes the row of a minute between the 15th and the 20th second of the next
        wait_for(lambda: int(time.time()) % 60 == second, "the %dth second of a minute" % second, 70)
    postgres.start()
    wait_for(lambda: total() == 8, "the minute of the crash; the tables were emptied", 100)
    told = lambda: [(r["requests"], r["failed"]) for r in get(api)["routes"] if r["route"] == "GET /api/titles/:id"]
    assert wait_for(told, "the answer, which has a minute from its 25th second on") == [(8, 3)]
