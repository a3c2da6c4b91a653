"""Playback of a pay-per-view film in Chromium as in the consumer app (docs/compatibility.md#ppv-gate)."""
import json
import os
import shutil
import subprocess

import pytest

from services import run
from test_browser import EMAIL, HERE, PASSWORD, playwright  # noqa: F401


@pytest.fixture(params=["s3", "local"])
def cinema(request, world, playwright, tmp_path):  # noqa: F811
    """A purchased title with a film of eight megabytes; watch() plays it."""
    film = str(tmp_path / "film.mp4")
    subprocess.run(["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc2=size=640x360:rate=25:duration=60,noise=alls=20:allf=t", "-c:v", "libx264",
                    "-preset", "ultrafast", "-b:v", "1200k", "-pix_fmt", "yuv420p", "-movflags", "+faststart", film], check=True)
    env = {}
    if request.param == "s3":
        world.store.client().upload_file(film, world.bucket, "vod/unguessable/R360.mp4", ExtraArgs={"ContentType": "video/mp4"})
    else:
        env = {"S3_BUCKET": "", "MEDIA_DIR": str(tmp_path / "media")}
        os.makedirs(env["MEDIA_DIR"] + "/objects/vod/unguessable")
        shutil.copy(film, env["MEDIA_DIR"] + "/objects/vod/unguessable/R360.mp4")
    assert run("admin", "create", "--email", EMAIL, "--name", "Ada", stdin=PASSWORD + "\n", **world.env).returncode == 0
    world.rows('UPDATE "User" SET role = \'USER\'')
    a = world.start("api", **env)
    token = a.post("/api/auth/login", {"email": EMAIL, "password": PASSWORD}).json()["accessToken"]
    (title,), = world.rows("""INSERT INTO "Title" (type, name, "isPpv", "ppvPriceNaira", "updatedAt") VALUES ('MOVIE', 'Premiere', true, 3000, now()) RETURNING id""")
    world.rows("""INSERT INTO "AssetVersion" ("titleId", rendition, url, status, "updatedAt")
        VALUES (%s, 'R360', 's3://b/vod/unguessable/R360.mp4', 'READY', now())""", (title,))
    world.rows("""INSERT INTO "PpvPurchase" ("userId", "titleId", "amountNaira", "paystackRef", status, "accessExpiresAt")
        SELECT id, %s, 3000, 'r', 'SUCCESS', now() + interval '1 day' FROM "User" """, (title,))

    def watch(**given):
        given = {"base": a.url, "title": title, "token": token, "delay": 0, "chromium": shutil.which("chromium"), **given}
        r = subprocess.run(["node", "viewer.mjs"], cwd=HERE, input=json.dumps(given), capture_output=True, text=True, timeout=120)
        assert r.returncode == 0, r.stderr
        saw = json.loads(r.stdout)
        assert saw["url"].startswith(a.url + "/api/ppv/media/")
        return saw
    return watch


def test_a_buyer_can_play_and_seek_and_others_cannot(cinema):
    assert cinema(token=None)["began"] == "error"
    saw = cinema(delay=1000)  # the player's request arrives before the access check
    assert saw["began"] == "playing" and saw["width"] == 640 and saw["duration"] == pytest.approx(60, abs=1)
    assert saw["reached"] > 0.8 and saw["ranges"] >= 2, saw
