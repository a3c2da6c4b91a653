"""The console: its embedded files, its content security policy, and its own API routes."""
import json
import os
import re

import pytest
from cloudfront import new_key, pem
from services import ROOT
from test_auth import login, user

SCRIPTS = ["/console/" + name for name in sorted(os.listdir(os.path.join(ROOT, "assets", "console"))) if name.endswith(".js")]
MADE = ["/console/hls.js", "/console/uplot.js"]  # of a package
FILES = {"/console/": "text/html", "/console": "text/html", "/console/console.css": "text/css", "/console/pages.css": "text/css", "/console/operations.css": "text/css", "/console/uplot.css": "text/css", "/console/runbook-worker-errors.md": "text/plain", **{path: "text/javascript" for path in SCRIPTS + MADE}}


@pytest.mark.parametrize("path", FILES)
def test_files_have_content_type_and_etag(world, path):
    a = world.start("api")
    r = a.get(path)
    assert r.status_code == 200 and r.headers["content-type"] == FILES[path] + "; charset=utf-8"
    assert r.headers["x-content-type-options"] == "nosniff"
    again = a.get(path, headers={"If-None-Match": r.headers["etag"]})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", r.headers["etag"])
    assert a.get(path, headers={"If-None-Match": '"another"'}).status_code == 200
    plain = {"Accept-Encoding": "identity"}
    assert a.request("HEAD", path, headers=plain).headers["content-length"] == str(len(a.get(path, headers=plain).content)) == str(len(r.content))


def test_the_page_has_no_inline_script_or_style(world):
    """The policy forbids inline scripts and styles, so the page must not use any."""
    a = world.start("api")
    page = a.get("/console/").text
    assert re.findall(r"<script[^>]*>([^<]*)<", page) == [""]
    assert "<style" not in page and "style=" not in page and not re.search(r"\son\w+=", page)
    assert len(SCRIPTS) > 5
    for path in SCRIPTS:
        assert "innerHTML" not in a.get(path).text and set(re.findall(r"^import .*?'\./(.*)'", a.get(path).text, re.M)) <= {p[9:] for p in SCRIPTS + MADE}


@pytest.mark.parametrize("path", ["/console/nothing.js", "/console/index.html", "/console/..%2fzones", "/console/..%2fdocs%2fdocs.js", "/console/console"])
def test_other_files_are_not_served(world, path):
    r = world.start("api").get(path)
    assert (r.status_code, r.json()) == (404, {"message": "Not found"})


@pytest.mark.parametrize("env, origin", [
    ({}, "http://127.0.0.1:[0-9]+"),
    ({"S3_ENDPOINT": "", "S3_BUCKET": "films", "S3_REGION": "eu-north-1"},
     r"https://films\.s3\.eu-north-1\.amazonaws\.com"),
    ({"S3_ENDPOINT": "", "S3_BUCKET": "films", "S3_REGION": "eu-north-1", "MEDIA_CDN": "https://d1.cloudfront.net", "MEDIA_CDN_KEY_ID": "K1",
      "MEDIA_CDN_KEY_PEM": pem(new_key("ec"))}, r"https://films\.s3\.eu-north-1\.amazonaws\.com https://d1\.cloudfront\.net"),
    ({"S3_ENDPOINT": "", "S3_BUCKET": "", "MEDIA_DIR": "."}, None)], ids=["S3 elsewhere", "AWS", "CloudFront", "local"])
def test_the_policy_allows_only_the_api_and_object_storage(world, tmp_path, env, origin):
    if "MEDIA_DIR" in env:
        env = {**env, "MEDIA_DIR": tmp_path}
    policy = world.start("api", **env).get("/console/").headers["content-security-policy"]
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    assert rules["default-src"] == "'none'" and rules["script-src"] == "'self'" and rules["frame-ancestors"] == "'none'"
    for rule, more in (("connect-src", ""), ("media-src", " blob: data:")):
        assert re.fullmatch("'self'" + more + (" " + origin if origin else ""), rules[rule])
    assert [rule for rule in rules if "blob:" in rules[rule]] == ["media-src"]


@pytest.fixture
def api(world):
    a = world.start("api")
    a.db = world.db.cursor()
    return a


def test_only_administrators_get_the_overview(api):
    user(api, "ada@example.com")
    user(api, "root@example.com", role="OPS")
    assert api.get("/console/api/overview").status_code == 401
    assert api.get("/console/api/overview", token=login(api).json()["accessToken"]).status_code == 403
    token = login(api, "root@example.com", "/api/admin/login").json()["accessToken"]
    overview = api.get("/console/api/overview", token=token).json()
    assert (overview["uploads"], overview["ready"]) == ([], {})


def test_a_known_generation_gets_no_data(api):
    """A change of a draft, of an upload and of its transcode job begins another generation; only that of the draft another catalogue, and the end of
    an upload, whose audio track would go with it."""
    user(api, "root@example.com", role="SUPER_ADMIN")
    token = login(api, "root@example.com", "/api/admin/login").json()["accessToken"]
    seen = []

    def look(known=""):
        answer = api.get("/console/api/overview?generation=" + known, token=token)
        assert answer.status_code == 200
        return answer.json()

    for change in ("SELECT 1",
                   """INSERT INTO "Title" (id, type, name, archived, "pendingReview", "updatedAt") VALUES (7, 'MOVIE', 'Dusk', true, true, now())""",
                   """UPDATE "Title" SET name = 'Dawn'""",
                   """INSERT INTO "UploadJob" (id, "titleId", status, "updatedAt") VALUES (1, 7, 'UPLOADING', now())""",
                   """UPDATE "UploadJob" SET "bytesUploaded" = 5, "updatedAt" = now() + interval '1 second'""",
                   """INSERT INTO wanzami.transcode_job (upload_job_id, source_key) VALUES (1, 'k')""",
                   """UPDATE wanzami.transcode_job SET attempts = 1, updated_at = now() + interval '1 second'""",
                   """DELETE FROM "UploadJob" """):
        api.db.execute(change)
        answer = look(seen[-1]["generation"] if seen else "")
        assert "uploads" in answer and (not seen or answer["generation"] != seen[-1]["generation"]), change
        assert look(answer["generation"]) == {k: answer[k] for k in ("generation", "catalogue", "accounts")}
        seen.append(answer)
    assert [a["catalogue"] != b["catalogue"] for a, b in zip(seen, seen[1:])] == [True, True] + 4 * [False] + [True]


def test_a_change_of_people_and_purchases_is_told_by_a_number(api):
    """What the console does not show of an account, such as a token, changes nothing; titles are the same."""
    user(api, "root@example.com", role="SUPER_ADMIN")
    token = login(api, "root@example.com", "/api/admin/login").json()["accessToken"]
    api.db.execute("""INSERT INTO "Title" (id, type, name, "updatedAt") VALUES (7, 'MOVIE', 'Dusk', now())""")
    known = api.get("/console/api/overview", token=token).json()
    for change in ("""INSERT INTO "User" (id, email, name, password, "updatedAt") VALUES (50, 'efe@example.com', 'Efe', 'x', now())""",
                   """UPDATE "User" SET name = 'Ife' WHERE id = 50""", """UPDATE "User" SET "ppvBanned" = true WHERE id = 50""",
                   """INSERT INTO "Invitation" (email, role, token, "expiresAt", "createdBy") VALUES ('ben@example.com', 'OPS', 't', now() + interval '1 day', 50)""",
                   """UPDATE "Invitation" SET "acceptedAt" = now()""",
                   """INSERT INTO "PpvPurchase" ("userId", "titleId", "amountNaira", "paystackRef", status) VALUES (50, 7, 1500, 'ref-1', 'PENDING')""",
                   """UPDATE "PpvPurchase" SET status = 'SUCCESS'""", """INSERT INTO "AdminAuditLog" (action, resource) VALUES ('TITLE_UPDATE', '7')""",
                   """DELETE FROM "User" WHERE id = 50"""):
        api.db.execute(change)
        answer = api.get("/console/api/overview?generation=" + known["generation"], token=token).json()
        assert set(answer) == {"generation", "catalogue", "accounts"} and answer["accounts"] != known["accounts"], change
        known = answer
    api.db.execute("""UPDATE "User" SET "verificationToken" = 't', "updatedAt" = now()""")
    assert api.get("/console/api/overview?generation=" + known["generation"], token=token).json() == known
    api.db.execute("""UPDATE wanzami.account_change SET made_at = now() - interval '1 minute'; DELETE FROM "Invitation" """)
    api.db.execute("SELECT count(*) FROM wanzami.account_change")
    assert api.db.fetchall() == [(1,)], "old rows go"


def test_a_role_without_films_gets_an_overview_without_them(world):
    a = world.start("api", ADMIN_PERMISSIONS="strict")
    a.db = world.db.cursor()
    user(a, "fin@example.com", role="FINANCE")
    a.db.execute("""INSERT INTO "Title" (id, type, name, "updatedAt") VALUES (7, 'MOVIE', 'Dusk', now());
        INSERT INTO "AssetVersion" ("titleId", rendition, status, url, "updatedAt") VALUES (7, 'R360', 'READY', 'u', now());
        INSERT INTO "UploadJob" (id, "titleId", status, "updatedAt") VALUES (1, 7, 'UPLOADING', now())""")
    token = login(a, "fin@example.com", "/api/admin/login").json()["accessToken"]
    overview = a.get("/console/api/overview?limit=100&uploads=1", token=token).json()
    assert (overview["uploads"], overview["ready"]) == ([], {})
    assert overview["may"] == {"films": False, "manage": False, "operate": False, "people": False, "invite": False, "payments": True, "reset": True}
    a.db.execute("""UPDATE "User" SET role = 'ANALYTICS'""")
    seen = a.get("/console/api/overview?limit=100&generation=" + overview["generation"], token=token).json()
    assert [u["id"] for u in seen["uploads"]] == ["1"] and seen["ready"] == {"7": ["R360"]} and seen["may"]["films"]


def test_the_overview_has_older_uploads_that_the_client_names(api):
    """And those that have not ended; invalid and unknown ids are ignored."""
    user(api, "root@example.com", role="SUPER_ADMIN")
    api.db.execute("""INSERT INTO "UploadJob" (id, status, error, "createdAt", "updatedAt")
        SELECT n, CASE n WHEN 2 THEN 'PROCESSING' ELSE 'FAILED' END::"UploadStatus", 'e' || n, now() + n * interval '1 second', now() FROM generate_series(1, 40) n""")
    token = login(api, "root@example.com", "/api/admin/login").json()["accessToken"]

    def look(query):
        overview = api.get("/console/api/overview?" + query, token=token).json()
        return [int(u["id"]) for u in overview["uploads"]], overview["generation"]

    newest = list(range(40, 10, -1))
    assert look("limit=1")[0] == newest + [2]
    named, before = look("uploads=1,7,40,99,,x,-3,9999999999999999999,7")
    assert named == newest + [7, 2, 1]
    api.db.execute("""UPDATE "UploadJob" SET status = 'COMPLETED', "updatedAt" = now() + interval '1 s' WHERE id = 1""")
    assert look("uploads=1&generation=" + before)[1] != before


def test_the_overview_has_the_progress_of_each_film(api):
    user(api, "root@example.com", role="SUPER_ADMIN")
    api.db.execute("""INSERT INTO "Title" (id, type, name, archived, "pendingReview", "updatedAt") VALUES
            (7, 'MOVIE', 'Two Rivers', true, true, now()), (8, 'MOVIE', 'Harmattan', false, false, now());
        INSERT INTO "UploadJob" (id, "titleId", status, "bytesUploaded", "bytesTotal", payload, "createdAt", "updatedAt") VALUES
            (1, 7, 'PROCESSING', 50, 50, '{"fileName": "two.mov"}', now() - interval '1 hour', now()),
            (2, 8, 'UPLOADING', 3, 9, '{"fileName": "h.mp4"}', now(), now());
        INSERT INTO wanzami.transcode_job (upload_job_id, state, attempts, lease_until, source_key, progress)
            VALUES (1, 'running', 2, now(), 'k', '{"percent": 41.5, "renditions": [{"rendition": "R720", "percent": 60}]}');
        INSERT INTO "AssetVersion" ("titleId", rendition, status, url, "updatedAt") VALUES (8, 'R360', 'READY', 'u', now()),
            (8, 'R720', 'READY', 'u', now()), (8, 'R1080', 'PROCESSING', 'u', now()), (8, 'R720', 'READY', 'u', now())""")
    token = login(api, "root@example.com", "/api/admin/login").json()["accessToken"]
    answer = api.get("/console/api/overview", token=token)
    overview = json.loads(answer.text)
    assert overview["ready"] == {"8": ["R720", "R360"]}
    first, second = overview["uploads"]
    assert (first["id"], first["status"], first["bytesUploaded"], first["bytesTotal"], first["published"], first["state"]) == (
        "2", "UPLOADING", 3, 9, True, None)
    assert (second["titleId"], second["titleName"], second["fileName"], second["published"]) == ("7", "Two Rivers", "two.mov", False)
    assert (second["state"], second["attempts"], second["percent"], second["renditions"]) == ("running", 2, 41.5, {"R720": 60})


def test_a_failed_upload_is_queued_again(api):
    user(api, "root@example.com", role="SUPER_ADMIN")
    token = login(api, "root@example.com", "/api/admin/login").json()["accessToken"]
    api.db.execute("""INSERT INTO "Title" (id, type, name, "updatedAt") VALUES (7, 'MOVIE', 'Dusk', now());
        INSERT INTO "UploadJob" (id, "titleId", status, error, "updatedAt", payload) VALUES
            (1, 7, 'FAILED', 'broken', now(), '{"key": "k"}'), (2, 7, 'FAILED', 'incomplete', now(), '{}');
        INSERT INTO "AssetVersion" ("titleId", rendition, status, url, "updatedAt") VALUES (7, 'R360', 'FAILED', 's3://films/k', now()), (7, 'R720', 'READY', 'u', now()),
            (7, 'R360', 'FAILED', 's3://films/other', now());
        INSERT INTO wanzami.transcode_job (upload_job_id, state, attempts, source_key, renditions, error) VALUES (1, 'failed', 3, 'k', '{R360,R720}', 'broken');
        INSERT INTO wanzami.object_trash (key, reason) VALUES ('k', 'made')""")

    def retry(id):
        r = api.post("/api/admin/uploads/%d/retry" % id, {}, token=token)
        return r.status_code, r.json()

    assert retry(3) == (404, {"message": "Job not found"})
    assert retry(2) == (409, {"message": "This upload has not failed in transcoding"})
    assert retry(1) == (409, {"message": "The uploaded file has been deleted"})
    api.db.execute("""DELETE FROM wanzami.object_trash;
        INSERT INTO wanzami.transcode_job (upload_job_id, state, source_key, renditions) VALUES (2, 'done', 'l', '{R360}')""")
    assert retry(1) == (409, {"message": "A later upload has replaced this one"})
    api.db.execute("UPDATE wanzami.transcode_job SET state = 'cancelled' WHERE upload_job_id = 2")
    assert retry(1) == (200, {"job": {"id": "1", "status": "PROCESSING"}})
    assert retry(1)[0] == 409
    api.db.execute("""SELECT u.status::text, u.error, j.state, j.attempts, (SELECT array_agg(v.status::text ORDER BY v.id) FROM "AssetVersion" v)
        FROM "UploadJob" u JOIN wanzami.transcode_job j ON j.upload_job_id = u.id WHERE u.id = 1""")
    assert api.db.fetchall() == [("PROCESSING", None, "queued", 0, ["PROCESSING", "READY", "FAILED"])]
    overview = api.get("/console/api/overview", token=token).json()
    assert overview["transcoding"] == {"connected": False, "waiting": 1, "seenAt": None}
    assert [(u["maxAttempts"], u["attemptError"], u["nextAttemptAt"] is None) for u in overview["uploads"] if u["id"] == "1"] == [(3, None, False)]
