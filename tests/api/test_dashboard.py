"""Dashboard figures, error log, and the purge of the catalogue (docs/compatibility.md#dashboard-logs-and-audit, #title-purge)."""
import datetime

import pytest

from accounts import Account, audit


@pytest.fixture
def api(world):
    world.a = world.start(roles="api")
    world.root = Account(world, "SUPER_ADMIN", "root@example.com")
    return world


def get(api, path):
    r = api.a.get(path, token=api.root.token, timeout=60)
    assert r.status_code == 200, r.text
    return r.json()


def today(api):
    return api.rows("SELECT timezone('UTC', now())")[0][0]


@pytest.mark.parametrize("rows", [0, 1, 100000])
def test_the_figures_match_the_rows(api, rows):
    now = today(api)
    if now.hour == 23 and now.minute > 50:
        pytest.skip("too close to midnight: rows could fall on the next day")
    api.rows("""INSERT INTO "EngagementEvent" ("eventType", "occurredAt", "deviceId")
        SELECT (CASE WHEN n % 2 = 0 THEN 'PLAY_START' ELSE 'PLAY_END' END)::"EventType",
            date_trunc('day', timezone('UTC', now())) - (n % 10) * interval '1 day', 'd' || n % 1000 FROM generate_series(1, ROWS) n""".replace("ROWS", str(rows)))
    api.rows("""INSERT INTO "EngagementEvent" ("eventType", "occurredAt", "deviceId")
        SELECT 'SCRUB', timezone('UTC', now()) - interval '10 seconds', CASE WHEN n % 3 > 0 THEN 'd' || n % 3 ELSE '' END FROM generate_series(1, ROWS) n""".replace("ROWS", str(rows)))
    title = api.rows("""INSERT INTO "Title" (type, name, "updatedAt") VALUES ('MOVIE', 'T', now()) RETURNING id""")[0][0]
    api.rows("""INSERT INTO "PpvPurchase" ("userId", "titleId", "amountNaira", "paystackRef", status, "createdAt")
        SELECT U, T, 100, 'r' || n, (CASE WHEN n % 2 = 1 THEN 'SUCCESS' ELSE 'FAILED' END)::"PpvPurchaseStatus",
            date_trunc('day', timezone('UTC', now())) - (n % 9) * interval '1 day' FROM generate_series(1, ROWS) n"""
             .replace("ROWS", str(rows)).replace("U, T", "%s, %s" % (api.root.id, title)))
    s = get(api, "/api/admin/dashboard/summary?days=3")
    starts = {d: len([n for n in range(1, rows + 1) if n % 2 == 0 and n % 10 == d]) for d in range(3)}
    sales = {d: 100 * len([n for n in range(1, rows + 1) if n % 2 == 1 and n % 9 == d]) for d in range(10)}
    labels = [(now - datetime.timedelta(days=d)).strftime("%b %-d") for d in (2, 1, 0)]
    assert [d["date"] for d in s["dailyStreams"]] == [d["date"] for d in s["dailyRevenue"]] == labels
    assert [d["streams"] for d in s["dailyStreams"]] == [starts[2], starts[1], starts[0]]
    assert [d["revenue"] for d in s["dailyRevenue"]] == [sales[2], sales[1], sales[0]]
    assert s["stats"]["activeViewersNow"] == (2 if rows > 1 else rows)
    assert s["stats"]["totalPpvRevenueNaira"] == sum(sales.values()) and s["stats"]["ppvPurchasesToday"] == sales[0] // 100
    assert s["stats"]["ppvRevenueLast7DaysNaira"] == sum(v for d, v in sales.items() if d < 7)
    assert s["stats"]["totalUsers"] == s["stats"]["newUsersLast7Days"] == s["stats"]["moviesAndSeriesCount"] == 1
    assert s["stats"]["streamsLast24h"] == starts[0]
    assert [b["hour"] for b in s["contentEngagement"]] == ["00:00", "04:00", "08:00", "12:00", "16:00", "20:00"]
    assert sum(b["views"] for b in get(api, "/api/admin/dashboard/summary?engagementHours=0.1")["contentEngagement"]) >= rows


def test_query_parameters_of_the_dashboard(api):
    days = lambda value: len(get(api, "/api/admin/dashboard/summary?days=" + value)["dailyStreams"])
    assert [days(v) for v in ("1", "2.9", "0.5", "90", "0x10", "91", "0", "-1", "x", "", "1e1", "1e999")] == [1, 2, 1, 90, 16, 7, 7, 7, 7, 7, 10, 7]
    for nonsense in ("engagementHours=169", "engagementHours=x", "activeMinutes=61", "activeMinutes=-1", "activeMinutes=1e-3", "days[a]=3", "%zz=1"):
        get(api, "/api/admin/dashboard/summary?" + nonsense)


@pytest.mark.parametrize("rows", [0, 1, 100000])
def test_the_error_log_lists_the_newest_first(api, rows):
    api.rows("""INSERT INTO "ErrorLog" (level, message, path, context, "userId", "createdAt")
        SELECT 'ERROR', 'm' || n, '/p', '{"b":1,"a":2}', 5, timestamp '2020-01-01 00:00:00.1239' + n / 2 * interval '1 second' FROM generate_series(1, %s) n""", (rows,))
    logs = get(api, "/api/admin/logs")["logs"]
    assert [e["message"] for e in logs] == ["m%d" % n for n in range(rows, max(0, rows - 200), -1)]
    if rows == 1:
        assert {k: v for k, v in logs[0].items() if k != "id"} == {
            "level": "ERROR", "message": "m1", "stack": None, "path": "/p", "context": {"a": 2, "b": 1}, "userId": "5", "createdAt": "2020-01-01T00:00:00.124Z"}


def test_a_purge_deletes_the_catalogue(api):
    bucket = api.bucket
    title = api.rows("""INSERT INTO "Title" (type, name, "posterUrl", "thumbnailUrl", "trailerUrl", "updatedAt")
        VALUES ('MOVIE', 'T', %s, %s, 'https://elsewhere.example/trailer/x', now()) RETURNING id""",
                     ("s3://%s/poster/a" % bucket, "https://%s.s3.example/thumbnail/b" % bucket))[0][0]
    api.rows("""INSERT INTO "AssetVersion" ("titleId", rendition, url, status, "updatedAt") VALUES (%s, 'R360', %s, 'READY', now()), (%s, 'R720', 's3://other/vod/c', 'READY', now())""",
             (title, "s3://%s/vod/c" % bucket, title))
    api.rows("""INSERT INTO "UploadJob" (status, "titleId", "bytesUploaded", payload, "createdAt", "updatedAt")
        VALUES ('UPLOADING', %s, 0, '{"key":"uploads/d","uploadId":"u"}', now(), now())""", (title,))
    api.rows("""INSERT INTO "PpvPurchase" ("userId", "titleId", "amountNaira", "paystackRef", status) VALUES (%s, %s, 500, 'ref', 'SUCCESS'), (%s, %s, 5, 'ref2', 'FAILED')""",
             (api.root.id, title, api.root.id, title))
    r = api.a.post("/api/admin/titles/purge", token=Account(api, "CONTENT_MANAGER").token)
    assert (r.status_code, r.json()) == (403, {"message": "Insufficient permissions"})
    assert api.rows('SELECT count(*) FROM "Title"') == [(1,)]
    r = api.a.post("/api/admin/titles/purge", token=api.root.token)
    assert r.json() == {"message": "All titles purged", "deletedKeys": 3}
    for table in ("Title", "AssetVersion", "UploadJob", "PpvPurchase"):
        assert api.rows('SELECT count(*) FROM "%s"' % table) == [(0,)]
    assert {k for k, in api.rows("SELECT key FROM wanzami.object_trash")} == {"poster/a", "thumbnail/b", "vod/c", "uploads/d"}
    who, what, detail = audit(api, "TITLE_PURGE_ALL")[0]
    assert (who, what, detail["deletedKeys"], [p["paystackRef"] for p in detail["purchases"]]) == (api.root.id, "all", 3, ["ref"])
    assert api.a.post("/api/admin/titles/purge", token=api.root.token).json() == {"message": "All titles purged", "deletedKeys": 0}


def test_a_purge_deletes_a_large_catalogue(api):
    api.rows("""INSERT INTO "Title" (type, name, "posterUrl", "updatedAt") SELECT 'MOVIE', 'T' || n, 's3://' || %s || '/poster/' || n, now() FROM generate_series(1, 20000) n""",
             (api.bucket,))
    r = api.a.post("/api/admin/titles/purge", token=api.root.token, timeout=60)
    assert r.json() == {"message": "All titles purged", "deletedKeys": 20000}
    assert api.rows("SELECT count(*) FROM wanzami.object_trash") == [(20000,)]
