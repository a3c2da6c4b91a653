"""Black-box tests of a service through its load balancer, with an administrator's password: the service at BASE_URL (tests/e2e/run.sh), or one
on this machine. A test removes what it has created."""
import contextlib
import json
import re
import subprocess
import time

import pytest
import requests

from editor import Editor
from films import film
from services import wait_for

PATIENCE = 600  # seconds for a film of two seconds; other jobs may be queued before it


@pytest.fixture
def editor(site):
    """An editor with a device id of its own, so that the account keeps its other devices; logged out at the end."""
    e = Editor(site.client, site.email, site.password, deviceId="end-to-end-tests")
    yield e
    assert site.client.post("/api/admin/logout", {"deviceId": "end-to-end-tests"}, token=e.token).status_code == 200
    assert site.client.get("/api/admin/me", token=e.token).status_code == 401


def test_health_and_all_servers_are_up(site):
    r = site.client.get("/health")
    assert (r.status_code, r.json()) == (200, {"status": "ok"})
    r = site.client.get("/health/ready")
    assert r.status_code == 200 and r.json()["status"] == "ready"
    assert all(r.json()[server]["state"] == "up" for server in ("postgres", "valkey", "store")), r.text


def test_responses_have_headers_for_browsers(site):
    r = site.client.get("/api/titles", headers={"Origin": "https://app.example"})
    assert r.status_code == 200 and "etag" in r.headers
    assert r.headers["access-control-allow-origin"] == "https://app.example" and r.headers["x-content-type-options"] == "nosniff"
    assert site.client.get("/api/titles", headers={"If-None-Match": r.headers["etag"]}).status_code == 304
    assert "no-store" in site.client.get("/api/auth/me").headers["cache-control"]
    r = site.client.get("/no/such/page")
    assert (r.status_code, r.json()) == (404, {"message": "Not found"})


def test_plain_http_is_redirected_to_https(site):
    if not site.client.url.startswith("https://"):
        pytest.skip("BASE_URL is plain HTTP")
    r = requests.get(site.plain + "/health?x=1", allow_redirects=False, timeout=30)
    assert r.status_code in (301, 308) and re.fullmatch(re.escape(site.client.url) + r"(:443)?/health\?x=1", r.headers["location"])
    assert int(re.search(r"max-age=([0-9]+)", site.client.get("/health").headers["strict-transport-security"]).group(1)) > 0


def test_valid_logins_are_accepted_and_invalid_ones_refused(site, editor):
    for token in (None, "nonsense", editor.token[:-2]):
        assert site.client.get("/api/admin/me", token=token).status_code == 401
    r = site.client.post("/api/admin/login", {"email": site.email, "password": "not-" + site.password})
    assert r.status_code in (400, 401) and "accessToken" not in r.text
    me = editor.a.get("/api/admin/me", token=editor.token)
    assert me.status_code == 200 and site.email.lower() in me.text
    assert "no-store" in me.headers["cache-control"]


@contextlib.contextmanager
def title(editor, name):
    """Yields the id of the title that the upload has created, and deletes the title at the end."""
    def found():
        return [t for t in editor.a.get("/api/admin/titles", token=editor.token).json()["titles"] if t["name"] == name]
    one, = wait_for(found, "the title " + name)
    try:
        yield one["id"]
    finally:
        assert editor.a.delete("/api/admin/titles/%s" % one["id"], token=editor.token).status_code in (200, 204)
        assert editor.a.get("/api/admin/titles/%s" % one["id"], token=editor.token).status_code == 404


def test_a_film_is_uploaded_transcoded_published_and_played(editor, tmp_path):
    body, name = film(seconds=2, size="1280x720"), "End-to-end test %d" % time.time_ns()
    made = editor.init(titleName=name, bytesTotal=len(body), renditions=["R720", "R360"])
    with title(editor, name) as number:
        parts = editor.put(made, body)
        editor.progress(made["jobId"], len(body))
        editor.complete(made, parts)

        def status():
            return next(u["status"] for u in editor.uploads() if u["id"] == made["jobId"])
        wait_for(lambda: status() not in ("PENDING", "UPLOADING", "PROCESSING"), "the transcode job", PATIENCE)
        assert status() == "COMPLETED"

        assert editor.a.get("/api/titles/%s" % number).status_code == 404  # not yet published
        editor.post("/api/admin/titles/%s/publish" % number)
        offered = editor.a.get("/api/titles/%s" % number).json()["title"]["assetVersions"]
        assert [a["rendition"] for a in offered] == ["R720", "R360"]
        for a in offered:
            plays(a, str(tmp_path / a["rendition"]))


def plays(asset, path):
    """Loads ranges like a player, then the whole film, and checks its duration."""
    def part(first, last):
        r = requests.get(asset["url"], headers={"Range": "bytes=%d-%d" % (first, last)}, timeout=60)
        assert r.status_code == 206, r.text
        return r.content, int(r.headers["content-range"].split("/")[1])
    start, size = part(0, 99)
    whole = requests.get(asset["url"], timeout=60).content
    assert start[4:8] == b"ftyp" and len(whole) == size == asset.get("sizeBytes", size)
    for first, last in ((0, 99), (size // 2, size // 2 + 999), (size - 10, size - 1)):
        assert part(first, last)[0] == whole[first:last + 1]
    with open(path, "wb") as f:
        f.write(whole)
    r = subprocess.run(["ffprobe", "-v", "error", "-show_format", "-show_streams", "-of", "json", path], capture_output=True, check=True, timeout=60)
    seen = json.loads(r.stdout)
    assert r.stderr == b"" and abs(float(seen["format"]["duration"]) - 2) < 0.2
    assert {s["codec_type"]: s.get("height") for s in seen["streams"]} == {"video": int(asset["rendition"][1:]), "audio": None}
