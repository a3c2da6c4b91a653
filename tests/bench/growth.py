"""Growth: each route and job whose work depends on the number of rows, once with a small and once with a large database (SCALE: a fraction of the
rows of the large one). A figure that grows faster than the rows it reads is named."""
import contextlib
import json
import re
import statistics
import subprocess
import time

import requests

from api import token
from services import SECRETS, Appliance, KeyValue, ObjectStore, Postgres, children, clean_environment, command

SCALE = 1.0
REPEATS = 5

SIZES = {"small": dict(titles=200, users=2000, events=50000), "large": dict(titles=5000, users=200000, events=5000000)}

# A fourth of the titles are series of twelve episodes. The events lie in the last 30 days; the title with the lowest id has the most, about
# events / titles ** (1 / 3), and every fiftieth event is of profile 2.
FILL = [
    """INSERT INTO "User" ("id", "email", "password", "name", "role", "emailVerified", "createdAt", "updatedAt")
    SELECT i, 'viewer' || i || '@example.com', 'x', 'Viewer ' || i, CASE WHEN i = 1 THEN 'SUPER_ADMIN' ELSE 'USER' END::"Role", true,
        timezone('UTC', now()) - (%(users)d - i) * interval '365 days' / %(users)d, now() FROM generate_series(1, %(users)d) i""",
    """INSERT INTO "Session" ("userId", "deviceId", "refreshToken", "expiresAt") SELECT i, 'd', 'r' || i, now() + interval '1 day' FROM generate_series(1, %(users)d) i""",
    """INSERT INTO "Device" ("userId", "deviceId") SELECT i, 'd' FROM generate_series(1, %(users)d) i""",
    """INSERT INTO "Profile" ("id", "userId", "name", "country", "updatedAt") SELECT i, i, 'P', 'NG', now() FROM generate_series(1, %(users)d) i""",
    """INSERT INTO "DeviceProfile" ("userId", "deviceRecordId", "profileId") SELECT d."userId", d."id", d."userId" FROM "Device" d""",
    """INSERT INTO "Title" ("id", "type", "name", "description", "genres", "posterUrl", "releaseDate", "createdAt", "updatedAt")
    SELECT i, CASE WHEN i %% 4 = 0 THEN 'SERIES' ELSE 'MOVIE' END::"TitleType", 'Film ' || i, repeat('A family returns to Lagos. ', 9), ARRAY['G' || i %% 8, 'G' || i %% 5],
        's3://b/poster/1700000000000-00000000-0000-4000-8000-' || lpad(i::text, 12, '0'), timestamp '2000-01-01' + i * interval '1 day',
        timezone('UTC', now()) - (%(titles)d - i) * interval '1 hour', now()
    FROM generate_series(1, %(titles)d) i""",
    """INSERT INTO "Season" ("titleId", "seasonNumber") SELECT "id", 1 FROM "Title" WHERE "type" = 'SERIES'""",
    """INSERT INTO "Episode" ("titleId", "seasonId", "seasonNumber", "episodeNumber", "name", "updatedAt")
    SELECT s."titleId", s."id", 1, e, 'E', now() FROM "Season" s, generate_series(1, 12) e""",
    """INSERT INTO "UploadJob" ("titleId", "episodeId", "status", "payload", "createdAt", "updatedAt")
    SELECT f.t, f.e, 'COMPLETED', jsonb_build_object('key', 'uploads/' || coalesce('t' || f.t, 'e' || f.e), 'fileName', 'film.mp4'),
        timezone('UTC', now()) - coalesce(f.t, f.e) * interval '1 minute', now()
    FROM (SELECT "id" AS t, NULL::bigint AS e FROM "Title" WHERE "type" = 'MOVIE' UNION ALL SELECT NULL, "id" FROM "Episode") f""",
    """INSERT INTO wanzami.transcode_job (upload_job_id, state, source_key) SELECT u."id", 'done', u."payload" ->> 'key' FROM "UploadJob" u""",
    """INSERT INTO "AssetVersion" ("titleId", "episodeId", "rendition", "url", "sizeBytes", "durationSec", "status", "updatedAt")
    SELECT u."titleId", u."episodeId", r, 's3://b/vod/' || u."id" || '/' || r || '.mp4', 1000000, 5400, 'READY', now()
    FROM "UploadJob" u, unnest('{R360,R720,R1080}'::"Rendition"[]) r""",
    """INSERT INTO wanzami.rendition (asset_version_id, object_key, size_bytes, duration_ms, codecs, bandwidth, average_bandwidth, init_size)
    SELECT v."id", substr(v."url", 8), 1000000, 5400000, 'avc1.640028,mp4a.40.2', 1000000, 900000, 800 FROM "AssetVersion" v""",
    """INSERT INTO "PpvPurchase" ("userId", "titleId", "amountNaira", "paystackRef", "status", "createdAt")
    SELECT 2 + i %% (%(users)d - 1), 1 + i %% %(titles)d, 1500, 'ref' || i, 'SUCCESS', timezone('UTC', now()) - i * interval '300 days' / (%(users)d / 10)
    FROM generate_series(1, %(users)d / 10) i""",
    """INSERT INTO "EngagementEvent" ("profileId", "titleId", "sessionId", "eventType", "occurredAt", "createdAt", "country", "deviceId", "metadata")
    SELECT v.profile, 1 + floor(%(titles)d * power(random(), 3)), v.profile, (ARRAY['PLAY_START', 'PLAY_END', 'PLAY_END', 'PLAY_END', 'PLAY_END', 'SCRUB',
            'THUMBS_UP', 'IMPRESSION'])[1 + i %% 8]::"EventType", v.at, v.at, 'NG', 'd', '{"positionSec":1200,"durationSec":5400,"completionPercent":0.4}'
    FROM generate_series(1, %(events)d) i, LATERAL (SELECT CASE WHEN i %% 50 = 0 THEN 2 ELSE 1 + floor(%(users)d * random())::bigint + i * 0 END AS profile,
        timezone('UTC', now()) - (%(events)d - i) * interval '30 days' / %(events)d AS at) v""",
]

# Path, limit at the large size in ms. The last rows change the database.
ROUTES = [
    ("GET /api/titles/7", 10), ("GET /api/titles/8/episodes", 10), ("GET /api/popularity?country=NG", 10), ("GET /api/recs/continue-watching", 10),
    ("GET /api/recs/because-you-watched", 30), ("GET /api/ppv/my-titles", 10), ("GET /api/titles?limit=50", 200), ("GET /api/admin/users/all?limit=50", 30),
    ("GET /api/admin/users/all?limit=50&q=viewer77", 200), ("GET /api/admin/users/all", 0), ("GET /api/admin/email/audience", 0), ("GET /api/admin/titles?limit=50", 30),
    ("GET /api/admin/titles", 0), ("GET /api/admin/ppv/purchases", 30), ("GET /api/admin/dashboard/summary", 30), ("GET /api/admin/events/summary?hours=24", 30),
    ("GET /api/admin/events/summary?hours=720", 30), ("GET /console/api/overview", 30),
]
JOBS = [("embeddings", 0), ("popularity", 0), ("preferences", 0), ("recent-views", 0), ("similarities", 15000), ("event-export", 0)]
AGAIN = [("preferences", 1000), ("recent-views", 1000), ("similarities", 15000)]
CHANGES = [("DELETE /api/admin/titles/1", 200), ("DELETE /api/user/profiles/1000002", 200), ("DELETE /api/admin/users/2", 200), ("POST /api/admin/titles/purge", 5000)]


def fill(db, size):
    """Inserts the rows without triggers and foreign keys, which would take most of the time, and the events without indexes."""
    db.execute("SET session_replication_role = replica; SET synchronous_commit = off; SELECT setseed(0.5)")
    db.execute("""SELECT format('DROP INDEX %I', indexname), indexdef FROM pg_indexes WHERE tablename = 'EngagementEvent' AND indexname NOT LIKE '%pkey'""")
    indexes = db.fetchall()
    for drop, _ in indexes:
        db.execute(drop)
    for sql in FILL:
        db.execute(sql % size)
    db.execute("SET maintenance_work_mem = '256MB'")
    for _, create in indexes:
        db.execute(create)
    for table in ("User", "Profile", "Title"):
        db.execute("""SELECT setval(pg_get_serial_sequence('"%s"', 'id'), max("id")) FROM "%s" """ % (table, table))
    # A second profile of user 2, so that the first is not the last one.
    db.execute("""INSERT INTO "Profile" ("id", "userId", "name", "country", "updatedAt") VALUES (1000002, 2, 'Q', 'NG', now());
        UPDATE "EngagementEvent" SET "profileId" = 1000002 WHERE "profileId" = 2 AND "id" % 2 = 0;
        SET session_replication_role = origin""")
    db.execute("VACUUM ANALYZE")


def peak(a):
    """Returns the highest memory of the workers so far, in MB."""
    sizes = [0]
    for pid in children(a.process.pid):
        with contextlib.suppress(OSError), open("/proc/%d/status" % pid) as f:
            sizes.append(int(re.search(r"^VmHWM:\s+(\d+) kB", f.read(), re.M).group(1)) / 1024)
    return max(sizes)


def call(a, route, who=1, times=1):
    """Returns the median of the milliseconds, and a text with status, bytes and growth of the worker's memory, if they matter."""
    method, path = route.split(" ")
    took, before = [], peak(a)
    for _ in range(times):
        began = time.monotonic()
        answer = requests.request(method, a.url + path, headers={"Authorization": "Bearer " + token(who), "Accept-Encoding": "identity"}, timeout=120)
        took.append((time.monotonic() - began) * 1000)
    told = [] if answer.status_code < 300 else ["status %d" % answer.status_code]
    if len(answer.content) > 100000:
        told.append("%.1f MB" % (len(answer.content) / 1e6))
    if peak(a) - before > 4:
        told.append("worker +%.0f MB" % (peak(a) - before))
    return statistics.median(took), ", ".join(told)


def wrong(remark):
    return remark.startswith(("status ", "failed: "))


def job(name, env):
    """Returns the milliseconds of a run, from its log line, and the reason if it has failed."""
    r = subprocess.run(command("job", "run", name), env=clean_environment(**env), stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=1800)
    last = json.loads((r.stdout + r.stderr).strip().splitlines()[-1])
    return last.get("ms", 0), "" if r.returncode == 0 else "failed: %s" % last.get("error", last)


def measure_one(folder, size, postgres, keyvalue, store):
    """Returns {figure: (ms, remark)} for a database of that size."""
    url, connection = postgres.create_migrated()
    began = time.monotonic()
    fill(connection.cursor(), size)
    print("  %d titles, %d users, %d events: made in %.0f s" % (size["titles"], size["users"], size["events"], time.monotonic() - began), flush=True)
    env = {**SECRETS, "DATABASE_URL": url, "REDIS_URL": keyvalue.url, "WORKERS": 1, **store.env(store.bucket())}
    a = Appliance(folder, roles="api", **env).wait_healthy()
    found = {}

    def tell(name, figure):
        found[name] = figure
        print("    %-52s %9.1f ms  %s" % (name, *figure), flush=True)
    try:
        for name, _ in ROUTES:
            tell(name, call(a, name, times=REPEATS))
        for name, _ in JOBS:
            tell("job " + name, job(name, env))
        for name, _ in AGAIN:
            tell("job %s, again" % name, job(name, env))
        for name, _ in CHANGES:
            tell(name, call(a, name, who=2 if "profiles" in name else 1))
    finally:
        a.close()
        connection.close()
    return found


def measure(folder):
    sizes = {"small": SIZES["small"], "large": {k: max(int(n * SCALE), 4) for k, n in SIZES["large"].items()}}
    rows = max(sizes["large"][k] / sizes["small"][k] for k in sizes["small"])
    print("\ngrowth: two databases; the larger one has at most %.0f times the rows" % rows)
    postgres, keyvalue, store = Postgres(), KeyValue(), ObjectStore()
    try:
        found = {name: measure_one(folder, size, postgres, keyvalue, store) for name, size in sizes.items()}
    finally:
        for server in (postgres, keyvalue, store):
            server.close()
    aims = dict(ROUTES + CHANGES + [("job " + n, aim) for n, aim in JOBS] + [("job %s, again" % n, aim) for n, aim in AGAIN])
    print("\n  %-52s %10s %10s %7s" % ("", "small", "large", "ratio"))
    for name, (large, remark) in found["large"].items():
        small = found["small"][name][0]
        ratio = large / max(small, 1)
        marks = ["MISSED: at most %d ms" % aims[name]] if aims[name] and large > aims[name] else []
        marks += ["GROWS FASTER THAN ITS ROWS"] if ratio > rows * 1.5 else []
        print("  %-52s %7.1f ms %7.1f ms %7.1f  %s" % (name, small, large, ratio, "; ".join(marks + [remark] if remark else marks)), flush=True)
    failed = ["%s: %s" % (name, remark) for figures in found.values() for name, (_, remark) in figures.items() if wrong(remark)]
    if failed:
        raise SystemExit("growth: wrong responses or failed jobs, whose times mean nothing:\n  " + "\n  ".join(failed))
