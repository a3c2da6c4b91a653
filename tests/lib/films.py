"""Films of a few seconds, created by Debian's ffmpeg once per test run, and uploads in the state after `complete`."""
import functools
import json
import os
import subprocess
import tempfile
import uuid

from conftest import run, wait_for


@functools.lru_cache(None)
def film(seconds=2, size="320x180", rate=24, sound=True, noise=False):
    """Returns a film as bytes. With `noise` the film is slow to encode, so that a test can interrupt the job."""
    picture = "testsrc2=size=%s:rate=%d:duration=%s" % (size, rate, seconds)
    if noise:
        picture += ",noise=alls=60:allf=t"
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "film.mp4")
        subprocess.run(["ffmpeg", "-v", "error", "-f", "lavfi", "-i", picture,
                        *(["-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000:duration=%s" % seconds, "-c:a", "aac"] if sound else []),
                        "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", path], check=True)
        with open(path, "rb") as f:
            return f.read()


@functools.lru_cache(None)
def film_of_languages(*languages, damaged=(), channels=1):
    """Returns a film of two seconds with a track of sound in each language, as bytes. The tracks of the languages in `damaged` cannot be decoded."""
    tones = [word for n in range(len(languages)) for word in ("-f", "lavfi", "-i", "sine=frequency=%d:sample_rate=48000" % (400 * (n + 1)))]
    named = [word for n, language in enumerate(languages) for word in ("-map", str(n + 1), "-metadata:s:a:%d" % n, "language=" + language)]
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "film.mkv")
        subprocess.run(["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc2=size=320x180:rate=24", *tones, "-map", "0", *named, "-t", "2", "-c:a", "aac", "-ac", str(channels),
                        "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", path], check=True)
        for language in damaged:
            destroy(path, "a:%d" % languages.index(language))
        with open(path, "rb") as f:
            return f.read()


def destroy(path, stream):
    """Overwrites the packets of a stream of a Matroska file, which then cannot be decoded."""
    r = subprocess.run(["ffprobe", "-v", "error", "-select_streams", stream, "-show_entries", "packet=pos,size", "-of", "json", path], check=True, capture_output=True, text=True)
    with open(path, "r+b") as f:
        for p in json.loads(r.stdout)["packets"]:
            f.seek(int(p["pos"]) + 4)  # behind the header of the block
            f.write(b"\xff" * int(p["size"]))


def long_film():
    """Returns a small film whose encoding takes many seconds of one CPU, so that a test can inject a fault meanwhile."""
    return film(seconds=30, size="640x360", rate=30, noise=True)


def named_objects(rows):
    """Returns the object keys of everything but renditions that rows name. `rows` runs a statement."""
    return {key for key, in rows("""SELECT source_key FROM wanzami.transcode_job UNION SELECT object_key FROM wanzami.text_track
        UNION SELECT object_key FROM wanzami.stream WHERE asset_version_id IS NULL UNION SELECT unnest(sheets || posters) FROM wanzami.preview""")}


class Studio:
    """Creates uploads in a world and checks their results."""

    def __init__(self, world):
        self.world, self.rows, self.s3 = world, world.rows, world.store.client()

    def title(self):
        return self.rows("""INSERT INTO "Title" ("type", "name", "updatedAt") VALUES ('MOVIE', 'Film', now()) RETURNING "id" """)[0][0]

    def upload(self, body, title=None, renditions=("R1080", "R720", "R360"), wake=True):
        """Creates the object, the rows and the job of a completed upload. Returns the id of the upload job."""
        title = title or self.title()
        key = "uploads/%s/film.mp4" % uuid.uuid4()
        if body is not None:
            self.s3.put_object(Bucket=self.world.bucket, Key=key, Body=body)
        (job,), = self.rows("""INSERT INTO "UploadJob" ("titleId", "status", "payload", "bytesTotal", "bytesUploaded", "updatedAt")
            VALUES (%s, 'PROCESSING', %s, %s, %s, now()) RETURNING "id" """, (title, json.dumps({"key": key}), len(body or b""), len(body or b"")))
        self.rows('SELECT wanzami.transcode_enqueue(%s, %s::"Rendition"[])', (job, list(renditions)))
        if wake:
            self.wake()
        return job

    def wake(self):
        self.world.keyvalue.command("XADD", "wanzami:{q}:transcode", "*", "w", "1")

    def state(self, job):
        found = self.rows("""SELECT u."status"::text, u."error", j.state, j.attempts, j.progress FROM "UploadJob" u
            JOIN wanzami.transcode_job j ON j.upload_job_id = u."id" WHERE u."id" = %s""", (job,))
        return dict(zip(("status", "error", "state", "attempts", "progress"), found[0])) if found else None

    def wait(self, job, status="COMPLETED", seconds=60):
        def ended():
            s = self.state(job)
            return s if s["status"] != "PROCESSING" else None
        s = wait_for(ended, "the end of job %s" % job, seconds)
        assert s["status"] == status, s
        return s

    def wait_encoding(self, job, percent=1):
        """Waits until the worker encodes a rendition and reports at least `percent`."""
        return wait_for(lambda: self.state(job)["state"] == "running" and self.state(job)["progress"].get("percent", 0) >= percent,
                        "%d %% of job %s" % (percent, job), 60)

    def assets(self, title):
        return self.rows("""SELECT "rendition"::text, "status"::text, "url", "sizeBytes", "durationSec" FROM "AssetVersion"
            WHERE "titleId" = %s ORDER BY "AssetVersion"."rendition" """, (title,))

    def title_of(self, job):
        return self.rows('SELECT "titleId" FROM "UploadJob" WHERE "id" = %s', (job,))[0][0]

    def ready(self, title, *renditions):
        """Checks that the title has exactly these renditions, each with the object size of its row. Returns their object keys."""
        rows = self.assets(title)
        assert [r[:2] for r in rows] == [(name, "READY") for name in renditions]
        keys = [r[2].split("/", 3)[3] for r in rows]
        for r, key in zip(rows, keys):
            assert r[2] == "s3://%s/%s" % (self.world.bucket, key)
            assert self.s3.head_object(Bucket=self.world.bucket, Key=key)["ContentLength"] == r[3]
        return keys

    def no_orphans(self, seconds=30):
        """Waits until object storage holds only objects that rows refer to, and no open multipart upload."""
        def clean():
            run("job", "run", "store-cleanup", **self.world.env)
            wanted = {u.split("/", 3)[3] for u, in self.rows('SELECT "url" FROM "AssetVersion" WHERE "status" = \'READY\'')}
            wanted |= named_objects(self.rows)
            return set(self.world.store.keys(self.world.bucket)) <= wanted and self.world.store.uploads(self.world.bucket) == [] \
                and self.rows("SELECT count(*) FROM wanzami.object_trash") == [(0,)]
        wait_for(clean, "a store without orphans: %s %s" % (self.world.store.uploads(self.world.bucket),
                                                             self.rows("SELECT key, reason, attempts, last_error FROM wanzami.object_trash")), seconds)


FAST = {"TRANSCODE_LEASE_MS": 1500, "TRANSCODE_RETRY_MS": 50, "QUEUE_SWEEP_MS": 100, "JOB_LEASE_MS": 1500,
        "STORE_CLEANUP_CRON": "* * * * * *"}
