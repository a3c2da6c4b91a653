"""Kills of any process or server at any time: every acknowledged upload becomes a film, transcoded once; a film stays playable while it is
replaced; and object storage holds no object without a row."""
import contextlib
import json
import os
import signal
import subprocess
import threading

import pytest
import requests

from editor import Api
from films import FAST, Studio, film, named_objects
from gate import Gate
from services import wait_for

RENDITIONS = ["R720", "R360"]
SHORT = {"seconds": 2, "size": "160x720"}  # high enough for both renditions, and narrow, so that they cost a third
SLOW = {"seconds": 3, "size": "1280x720", "noise": True}  # slow enough to inject a fault during encoding


class Viewer(threading.Thread):
    """A viewer who loads a title and plays its renditions in a loop. Responses may be missing or 5xx during a fault; all others must be right.
    `films` are the sets of renditions seen so far, in order."""

    def __init__(self, stage, title):
        super().__init__(daemon=True)
        self.stage, self.title, self.films, self.gaps, self.over = stage, title, [], [], threading.Event()

    def run(self):
        while not self.over.wait(0.05):  # at 0.01 s it used a whole processor, beside the film that it waits for
            with contextlib.suppress(requests.RequestException):
                self.look()

    def look(self):
        r = self.stage.api.a.get("/api/titles/%s" % self.title)
        if r.status_code >= 500:
            return
        offered = r.json().get("title", {}).get("assetVersions", [])
        if r.status_code != 200 or [a["rendition"] for a in offered] != RENDITIONS:
            self.gaps.append((r.status_code, r.text))
            return
        for a in offered:
            played = requests.get(a["url"], headers={"Range": "bytes=0-99"}, timeout=30)
            if played.status_code < 500 and (played.status_code != 206 or len(played.content) != 100):
                self.gaps.append((played.status_code, played.text))
        film = [a["url"].split("?")[0] for a in offered]
        if film not in self.films:
            self.films.append(film)

    def wait(self, films):
        wait_for(lambda: self.gaps or len(self.films) == films, "the viewer's film %d" % films, 60)
        assert self.gaps == []

    def close(self):
        self.over.set()
        self.join(60)
        assert self.gaps == []


class Stage:
    """The appliance in a world, with a Gate before object storage, and the acknowledged uploads."""

    def __init__(self, world, gate):
        self.world, self.gate, self.rows = world, gate, world.rows
        self.studio = Studio(world)
        self.api = Api(world, roles=None, S3_ENDPOINT=gate.url, WORKERS=1, **FAST)
        self.acknowledged, self.titles, self.viewer = [], {}, None

    def worker(self, which):
        """Returns the process id of a worker: the first serves requests and runs cron jobs, the last transcodes."""
        return wait_for(lambda: len(self.api.a.workers()) == 2 and self.api.a.workers()[which], "two workers")

    def init(self, of=SHORT, title=None):
        body = film(**of)
        made = self.api.init(bytesTotal=len(body), renditions=RENDITIONS, **({"titleId": title} if title else {}))
        title = self.studio.title_of(made["jobId"])
        self.titles[title] = of["seconds"]
        return made, title, self.api.put(made, body)

    def complete(self, made, parts):
        """Completes the upload; from here on it is acknowledged."""
        self.api.complete(made, parts)
        self.acknowledged.append(made["jobId"])
        return made["jobId"]

    def upload(self, of=SHORT, title=None):
        made, _, parts = self.init(of, title)
        return self.complete(made, parts)

    def playing(self):
        """Publishes a title and starts a viewer of it."""
        job = self.upload()
        self.studio.wait(job)
        title = self.studio.title_of(job)
        self.api.post("/api/admin/titles/%d/publish" % title)
        self.viewer = Viewer(self, title)
        self.viewer.start()
        self.viewer.wait(1)
        return title

    # Checks at the end

    def settle(self):
        for job in self.acknowledged:
            state = self.studio.wait(job)
            assert (state["state"], state["error"]) == ("done", None)
        self.clean()
        for title, seconds in self.titles.items():
            self.plays(title, seconds)

    def clean(self):
        """Asserts that object storage has the uploaded films, one set of renditions per title, and nothing else."""
        for title in self.titles:
            assert [r[:2] for r in self.studio.assets(title)] == [(name, "READY") for name in RENDITIONS]
        made = self.rows('SELECT r.object_key, v."url" FROM "AssetVersion" v JOIN wanzami.rendition r ON r.asset_version_id = v."id"')
        assert len(made) == len(RENDITIONS) * len(self.titles)
        assert all(url == "s3://%s/%s" % (self.world.bucket, key) for key, url in made)
        known = sorted({key for key, _ in made} | named_objects(self.rows))
        wait_for(self.trash_empty, "the trash to be emptied", 60)
        assert self.world.store.keys(self.world.bucket) == known
        assert self.world.store.uploads(self.world.bucket) == []

    def trash_empty(self):
        """Skips the day that a replaced rendition is kept, and the delay after a failed removal."""
        self.rows("UPDATE wanzami.object_trash SET delete_after = now() WHERE delete_after > now() AND (attempts > 0 OR reason = 'replaced')")
        return self.rows("SELECT count(*) FROM wanzami.object_trash") == [(0,)]

    def plays(self, title, seconds):
        """Asserts that the renditions of the title are films of this length."""
        self.api.post("/api/admin/titles/%d/publish" % title)
        offered = self.api.a.get("/api/titles/%d" % title).json()["title"]["assetVersions"]
        assert [a["rendition"] for a in offered] == RENDITIONS
        for a in offered:
            r = subprocess.run(["ffprobe", "-v", "error", "-show_format", "-of", "json", a["url"]], capture_output=True, check=True, timeout=60)
            assert r.stderr == b"" and abs(float(json.loads(r.stdout)["format"]["duration"]) - seconds) < 0.2

    def close(self):
        if self.viewer:
            self.viewer.close()


@pytest.fixture
def stage(world):
    gate = Gate(world.store.ports["proxy"])
    stage = Stage(world, gate)
    yield stage
    if stage.viewer:
        stage.viewer.over.set()
    gate.close()


# Points: each is a moment that a test reaches by entering the block; leaving the block releases what holds it there.

@contextlib.contextmanager
def acknowledged(stage):
    """The client has its response, and no worker has the job."""
    worker = stage.worker(-1)
    wait_for(lambda: b"cmd=xreadgroup" in stage.world.keyvalue.command("CLIENT", "LIST"), "a worker that waits for jobs")
    os.kill(worker, signal.SIGSTOP)
    job = stage.upload()
    assert stage.studio.state(job)["state"] == "queued"
    yield
    with contextlib.suppress(ProcessLookupError):
        os.kill(worker, signal.SIGCONT)


@contextlib.contextmanager
def at(stage, request, after=0, answer=False, title=None):
    """The worker has sent `after` requests of a kind to the store and waits to send the next, or for its response."""
    with stage.gate.hold(request, after, answer):
        job = stage.upload(title=title)
        stage.gate.wait_held()
        assert stage.studio.state(job)["state"] == "running"
        yield


def reading(stage):
    return at(stage, r"^GET /[^ ]*/uploads/[^ ?]* ")  # without a query; the list of parts has one


def begun(stage):
    """One of two renditions has a multipart upload."""
    return at(stage, r"^POST /[^ ]*/vod/[^ ]*\?uploads", after=1)


@contextlib.contextmanager
def storing(stage):
    """One of two renditions has all of its parts in the store, and neither is an object."""
    with at(stage, r"^PUT /[^ ]*/vod/[^ ]*partNumber=", after=1):
        store, bucket = stage.world.store.client(), stage.world.bucket
        wait_for(lambda: [p for u in store.list_multipart_uploads(Bucket=bucket).get("Uploads", [])
                          for p in store.list_parts(Bucket=bucket, Key=u["Key"], UploadId=u["UploadId"]).get("Parts", [])], "a part")
        yield


def joining(stage):
    """One of two renditions is an object."""
    return at(stage, r"^POST /[^ ]*/vod/[^ ]*\?uploadId=", after=1)


def joined(stage):
    """Both are objects, and the worker has no response for the second."""
    return at(stage, r"^POST /[^ ]*/vod/[^ ]*\?uploadId=", after=1, answer=True)


@contextlib.contextmanager
def encoding(stage, title=None):
    job = stage.upload(SLOW, title)
    stage.studio.wait_encoding(job)
    yield


@contextlib.contextmanager
def publishing(stage, title=None):
    """Within the transaction that publishes a film."""
    made, title, parts = stage.init(title=title)
    with contextlib.closing(stage.world.postgres.connect(stage.world.db.info.dbname)) as other:
        other.autocommit = False
        other.cursor().execute('SELECT FROM "Title" WHERE "id" = %s FOR NO KEY UPDATE', (title,))
        stage.complete(made, parts)
        wait_for(lambda: stage.rows("""SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
            AND query LIKE '%transcode_finish%'"""), "the publishing transaction")
        yield


@contextlib.contextmanager
def published(stage):
    stage.studio.wait(stage.upload())
    yield


def replacing(stage):
    """A second film of a title is encoded while the first plays."""
    return encoding(stage, stage.playing())


def republishing(stage):
    return publishing(stage, stage.playing())


@contextlib.contextmanager
def removing(stage):
    """Of two replaced renditions one is deleted, and the request to delete the second is held."""
    title = stage.playing()
    stage.studio.wait(stage.upload(title=title))
    stage.viewer.wait(2)
    with stage.gate.hold(r"^DELETE /[^? ]* ", after=1):
        stage.rows("UPDATE wanzami.object_trash SET delete_after = now()")
        stage.gate.wait_held()
        yield


# Victims: each function kills one and returns a function that restarts it.

def worker(stage):
    os.kill(stage.worker(-1), signal.SIGKILL)
    return lambda: stage.worker(-1)


def front(stage):
    os.kill(stage.worker(0), signal.SIGKILL)
    return lambda: stage.worker(0)


def appliance(stage):
    stage.api.a.kill()
    return lambda: stage.api.a.start().wait_healthy()


def postgres(stage):
    stage.world.postgres.kill()
    return stage.world.postgres.start


def valkey(stage):
    stage.world.keyvalue.kill()
    return stage.world.keyvalue.start


def valkey_with_its_data(stage):
    stage.world.keyvalue.kill()
    stage.world.keyvalue.wipe()
    return stage.world.keyvalue.start


def store(stage):
    stage.world.store.kill()
    return stage.world.store.start


def everything(stage):
    back = [kill(stage) for kill in (appliance, store, valkey, postgres)]
    return lambda: [start() for start in reversed(back)]


POINTS = (acknowledged, reading, begun, encoding, storing, joining, joined, publishing, published, replacing, republishing, removing)
PLAN = [(victim, point) for victim, points in [
    (worker, [p for p in POINTS if p is not removing]),
    (front, (acknowledged, encoding, publishing, removing)),
    (appliance, POINTS),
    (postgres, POINTS),
    (valkey, (acknowledged, encoding, published)),
    (valkey_with_its_data, (acknowledged, encoding, published)),
    (store, POINTS),
    (everything, (acknowledged, storing, publishing, replacing, removing)),
] for point in points]


@pytest.mark.parametrize("victim, point", PLAN, ids=["%s killed when %s" % (v.__name__, p.__name__) for v, p in PLAN])
@pytest.mark.errors("worker died", "cron job failed")
def test_a_kill_loses_no_film(stage, victim, point):
    with point(stage):
        comes_back = victim(stage)
    comes_back()
    stage.settle()
    if stage.viewer:
        stage.viewer.wait(2)
        stage.viewer.close()
    # A new upload works afterwards.
    stage.studio.wait(stage.upload())
