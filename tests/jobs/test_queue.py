"""The queue of transcode jobs: rows and functions in the database, wake-ups in Valkey, and each without the other."""
import json

import psycopg2
import pytest

from conftest import run, wait_for
from editor import Api

LEASE = 30000


@pytest.fixture
def queue(world):
    return Queue(world)


class Queue:
    """Calls the statements of sql/query/queue like their callers in C."""

    def __init__(self, world):
        self.world, self.rows = world, world.rows

    def statement(self, name, *values):
        with open("sql/query/%s.sql" % name) as f:
            text = f.read()
        for n in range(len(values), 0, -1):
            text = text.replace("$%d" % n, "%%(p%d)s" % n)
        return self.rows(text.replace("%'", "%%'"), {"p%d" % n: v for n, v in enumerate(values, 1)})

    def film(self):
        return self.rows("""INSERT INTO "Title" ("type", "name", "updatedAt") VALUES ('MOVIE', 'Film', now()) RETURNING "id" """)[0][0]

    def upload(self, title, renditions=("R720", "R360"), queued=True):
        (job,), = self.rows("""INSERT INTO "UploadJob" ("titleId", "status", "payload", "bytesTotal", "updatedAt")
            VALUES (%s, 'PROCESSING', jsonb_build_object('key', 'uploads/' || gen_random_uuid() || '/film.mp4'), 7, now()) RETURNING "id" """, (title,))
        if queued:
            self.rows('SELECT wanzami.transcode_enqueue(%s, %s::"Rendition"[])', (job, list(renditions)))
        return job

    def claim(self, who="a"):
        found = self.statement("queue/claim", who, LEASE)
        return found[0][:2] if found else None

    def made(self, job, *renditions, version="v"):
        keys = ["vod/%d/%s/%s.mp4" % (job, version, r) for r in renditions]
        return json.dumps(keys), json.dumps([{
            "rendition": r, "object_key": k, "url": "s3://films/" + k, "size_bytes": 10, "duration_ms": 2500, "codecs": "avc1.640028",
            "bandwidth": 2, "average_bandwidth": 1, "timescale": 90000, "init_size": 5, "segments": [[5, 5, 225000]]} for r, k in zip(renditions, keys)])

    def publish(self, claim, *renditions, version="v"):
        keys, made = self.made(claim[0], *renditions, version=version)
        assert self.statement("queue/plan", *claim, LEASE, keys) == [(1,)]
        return self.statement("queue/finish", *claim, made, None, "[]")[0][0]

    def state(self, job):
        return self.rows('SELECT j.state, j.attempts, u."status"::text, u."error" FROM wanzami.transcode_job j JOIN "UploadJob" u ON u."id" = j.upload_job_id WHERE u."id" = %s', (job,))[0]

    def assets(self, title):
        return self.rows("""SELECT "rendition"::text, "status"::text, "url", "durationSec" FROM "AssetVersion" WHERE "titleId" = %s ORDER BY "AssetVersion"."rendition" """, (title,))

    def trash(self):
        return dict(self.rows("SELECT key, reason FROM wanzami.object_trash WHERE attempts = 0"))


def test_jobs_are_claimed_once_in_the_order_of_completion(queue):
    first, second = queue.upload(queue.film()), queue.upload(queue.film())
    assert queue.claim("a") == (first, 1)
    assert queue.claim("b") == (second, 1)
    assert queue.claim("c") is None
    assert queue.state(first) == ("running", 1, "PROCESSING", None)


def test_publishing_creates_ready_rows_and_empties_the_trash(queue):
    title = queue.film()
    job = queue.upload(title)
    claim = queue.claim()
    assert queue.publish(claim, "R720", "R360") == "done"
    assert queue.state(job) == ("done", 1, "COMPLETED", None)
    assert queue.assets(title) == [(r, "READY", "s3://films/vod/%d/v/%s.mp4" % (job, r), 3) for r in ("R720", "R360")]
    assert queue.rows("SELECT count(*), min(segments::text) FROM wanzami.rendition") == [(2, "[[5, 5, 225000]]")]
    assert queue.trash() == {}
    assert queue.statement("queue/finish", *claim, "[]", None, "[]") == [("done",)], "a repeated call returns the same result"


def test_streams_are_published_and_replaced_with_their_rendition(queue):
    stream = {"kind": "video", "codecs": "avc1.640028", "timescale": 12800, "bandwidth": 2, "average_bandwidth": 1, "iframe_bandwidth": 1, "init_offset": 5000000000,
              "init_size": 700, "index_offset": 0, "index_size": 0, "offsets": [5000001000, 5000002000], "sizes": [900, 800], "durations": [25600, 12800], "iframes": [100, 90]}
    title = queue.film()
    for version, streams in (("v", [stream, {**stream, "kind": "audio"}]), ("w", None), ("x", [stream])):
        job = queue.upload(title)
        claim = queue.claim()
        keys, made = queue.made(job, "R360", version=version)
        made = [{k: v for k, v in {**m, "streams": streams}.items() if k not in ("timescale", "init_size", "segments")} for m in json.loads(made)]
        assert queue.statement("queue/plan", *claim, LEASE, keys) == [(1,)]
        assert queue.statement("queue/finish", *claim, json.dumps(made), None, "[]") == [("done",)]
        assert queue.rows("SELECT object_key, kind, init_offset, offsets, sizes FROM wanzami.stream ORDER BY kind DESC") == [
            (json.loads(keys)[0], s["kind"], 5000000000, [5000001000, 5000002000], [900, 800]) for s in streams or ()]
    assert queue.rows("SELECT init_size, segments FROM wanzami.rendition") == [(0, [])]
    queue.rows('DELETE FROM "Title" WHERE "id" = %s', (title,))
    assert queue.rows("SELECT count(*) FROM wanzami.stream") == [(0,)]


def test_audio_objects_are_published_replaced_and_discarded(queue):
    """With the film of their job; a job for one rendition without sound leaves them; an older upload that ends later publishes none."""
    audio = {"kind": "audio", "codecs": "mp4a.40.2", "timescale": 48000, "bandwidth": 2, "average_bandwidth": 1, "iframe_bandwidth": 0, "init_offset": 0, "init_size": 627,
             "index_offset": 627, "index_size": 80, "offsets": [707], "sizes": [900], "durations": [96256], "iframes": [0], "track": 1, "language": "en",
             "described": False, "channels": 2, "bitrate": 128000}

    def published(title, version, *renditions, sound=True, claim=None):
        claim = claim or (queue.upload(title, renditions), queue.claim())[1]
        keys, made = map(json.loads, queue.made(claim[0], *renditions, version=version))
        objects = [{"object_key": "vod/%d/%s/audio-1-%d.m4a" % (claim[0], version, kbits), "audio": {**audio, "bitrate": kbits * 1000}} for kbits in (128, 64) if sound]
        assert queue.statement("queue/plan", *claim, LEASE, json.dumps(keys + [o["object_key"] for o in objects])) == [(1,)]
        assert queue.statement("queue/finish", *claim, json.dumps(made + objects), None, "[]") == [("done",)]
        return [o["object_key"] for o in objects]

    def stored():
        return [key for key, in queue.rows("SELECT object_key FROM wanzami.stream WHERE asset_version_id IS NULL ORDER BY title_id, bitrate DESC")]

    title, other = queue.film(), queue.film()
    first, kept = published(title, "v", "R720", "R360"), published(other, "v", "R360")
    assert stored() == first + kept and queue.trash() == {}
    shown = queue.rows("SELECT id, tag, name, (made).bitrate FROM wanzami.audio_listed(%s, NULL, NULL)", (title,))
    assert shown == [("en", "en", "English", 128000), ("en-64", "en", "English", 64000)]
    assert published(title, "w", "R360", sound=False) == [] and stored() == first + kept
    queue.upload(title, ["R720", "R360"])
    late = queue.claim("b")
    second = published(title, "x", "R360")
    assert stored() == second + kept and [queue.trash()[key] for key in first] == ["replaced"] * 2
    unused = published(title, "y", "R720", "R360", claim=late)
    assert stored() == second + kept and [queue.trash()[key] for key in unused] == ["unfinished"] * 2
    assert queue.rows("SELECT wanzami.object_shown(%s), wanzami.object_shown(%s)", (second[0], first[0])) == [(True, False)]
    assert published(title, "z", "R720", "R360", sound=False) == [] and stored() == kept and [queue.trash()[key] for key in second] == ["replaced"] * 2
    queue.rows('DELETE FROM "Title" WHERE "id" = %s', (other,))
    assert stored() == [] and [queue.trash()[key] for key in kept] == ["deleted"] * 2


def test_a_second_upload_replaces_the_renditions_and_keeps_old_objects_for_a_day(queue):
    title = queue.film()
    first = queue.upload(title)
    queue.publish(queue.claim(), "R720", "R360")
    second = queue.upload(title)
    assert [a[1:3] for a in queue.assets(title)][0] == ("READY", "s3://films/vod/%d/v/R720.mp4" % first), "the first upload stays published"
    assert queue.publish(queue.claim(), "R360", version="w") == "done"
    assert queue.assets(title) == [("R360", "READY", "s3://films/vod/%d/w/R360.mp4" % second, 3)]
    assert queue.trash() == {"vod/%d/v/R720.mp4" % first: "replaced", "vod/%d/v/R360.mp4" % first: "replaced"}
    (soonest,), = queue.rows("SELECT min(delete_after) > now() + interval '23 hours' FROM wanzami.object_trash")
    assert soonest


@pytest.mark.parametrize("path", ["DELETE /api/admin/titles/%(title)d", "DELETE /api/admin/seasons/%(season)d", "DELETE /api/admin/episodes/%(episode)d",
                                  "POST /api/admin/titles/purge"])
def test_a_deletion_removes_all_objects_at_the_next_cleanup(queue, path):
    """Also objects of replaced renditions before the end of their day, and uploaded parts."""
    world, api = queue.world, Api(queue.world)
    begun = api.init(kind="EPISODE", titleName="A series", bytesTotal=11)
    api.put(begun, b"hello world")
    ids = dict(zip(("title", "season", "episode"), queue.rows('SELECT "titleId", "seasonId", "id" FROM "Episode"')[0]))
    jobs = []
    for version in "vw":
        (job,), = queue.rows("""INSERT INTO "UploadJob" ("episodeId", "status", "payload", "bytesTotal", "updatedAt") SELECT %s, 'PROCESSING',
            jsonb_build_object('key', 'uploads/' || gen_random_uuid() || '/film.mp4'), 7, now() RETURNING "id" """, (ids["episode"],))
        queue.rows("SELECT wanzami.transcode_enqueue(%s, '{R720,R360}')", (job,))
        assert queue.publish(queue.claim(), *("R720", "R360")[:2 if version == "v" else 1], version=version) == "done"
        jobs.append(job)
    kept = ["vod/%d/v/%s.mp4" % (jobs[0], r) for r in ("R360", "R720")]
    assert sorted(queue.trash()) == kept and queue.rows("SELECT count(*) FROM wanzami.object_trash WHERE delete_after <= now()") == [(0,)]
    keys = kept + ["vod/%d/w/R720.mp4" % jobs[1]] + [key for key, in queue.rows("SELECT source_key FROM wanzami.transcode_job")]
    for key in keys:
        world.store.client().put_object(Bucket=world.bucket, Key=key, Body=b"x")
    r = api.a.request(path.split()[0], path.split()[1] % ids if "%" in path else path.split()[1], token=api.token)
    assert r.status_code in (200, 204), r.text
    assert run("job", "run", "store-cleanup", **world.env).returncode == 0
    assert world.store.keys(world.bucket) == world.store.uploads(world.bucket) == [] and queue.rows("SELECT key FROM wanzami.object_trash") == []


def test_an_upload_of_one_rendition_keeps_the_others(queue):
    title = queue.film()
    queue.upload(title)
    queue.publish(queue.claim(), "R720", "R360")
    one = queue.upload(title, ["R1080"])
    assert queue.publish(queue.claim(), "R1080", version="w") == "done"
    assert [a[0] for a in queue.assets(title)] == ["R1080", "R720", "R360"]
    assert queue.assets(title)[0][2] == "s3://films/vod/%d/w/R1080.mp4" % one


def test_renditions_of_the_previous_service_are_merged_and_their_objects_trashed(queue):
    title = queue.film()
    for url in ("s3://films/vod/1/R720.mp4", "s3://films/vod/2/R720.mp4", "s3://films/uploads/3/f.mp4", "https://cdn/vod/x.mp4"):
        queue.rows("""INSERT INTO "AssetVersion" ("titleId", "rendition", "status", "url", "updatedAt") VALUES (%s, 'R720', 'READY', %s, now())""", (title, url))
    job = queue.upload(title)
    assert queue.publish(queue.claim(), "R720") == "done"
    assert [a[2] for a in queue.assets(title)] == ["s3://films/vod/%d/v/R720.mp4" % job]
    assert set(queue.trash()) == {"vod/1/R720.mp4", "vod/2/R720.mp4"}


def test_a_newer_upload_cancels_an_older_one_of_the_same_renditions(queue):
    title = queue.film()
    older = queue.upload(title)
    claim = queue.claim()
    other = queue.upload(title, ["R4K"])
    assert queue.state(older)[0] == "running", "an upload of another rendition cancels nothing"
    newer = queue.upload(title)
    assert queue.state(older) == ("cancelled", 1, "FAILED", "Replaced by a newer upload of the same film.")
    assert queue.state(other)[0] == queue.state(newer)[0] == "queued"
    assert queue.statement("queue/beat", *claim, LEASE, "{}") == [], "its worker learns it from the lease renewal"
    assert queue.statement("queue/finish", *claim, "[]", None, "[]") == [("lost",)]


def test_a_newer_upload_that_is_ready_first_stays_published(queue):
    title = queue.film()
    full = queue.upload(title)
    slow = queue.claim()
    later = queue.upload(title, ["R360"])
    assert queue.publish(queue.claim("b"), "R360", version="w") == "done"
    assert queue.publish(slow, "R720", "R360") == "done"
    assert [a[2] for a in queue.assets(title)] == ["s3://films/vod/%d/v/R720.mp4" % full, "s3://films/vod/%d/w/R360.mp4" % later]
    assert queue.trash() == {"vod/%d/v/R360.mp4" % full: "unfinished"}


def test_a_lost_lease_changes_nothing(queue):
    title = queue.film()
    job = queue.upload(title)
    ghost = queue.claim("ghost")
    queue.rows("UPDATE wanzami.transcode_job SET lease_until = now() - interval '1 s'")
    assert queue.statement("queue/sweep", "", 0, 0, "", False)[0][0] == 1
    claim = queue.claim("b")
    assert claim == (job, ghost[1] + 1)
    for name, values in (("queue/beat", (LEASE, '{"percent": 99}')), ("queue/plan", (LEASE, '["vod/ghost"]')), ("queue/fail", ("no", True, 0, "[]", False)),
                         ("queue/release", ()), ("queue/finish", ("[]", None, "[]"))):
        answer = queue.statement(name, *ghost, *values)
        assert answer in ([], [(None,)], [("lost",)]), name
    assert queue.state(job) == ("running", 2, "PROCESSING", None)
    assert queue.trash() == {}
    assert queue.publish(claim, "R360") == "done"


def test_objects_whose_removal_has_begun_cannot_be_published(queue):
    title = queue.film()
    job = queue.upload(title)
    claim = queue.claim()
    keys, made = queue.made(job, "R720", "R360")
    queue.statement("queue/plan", *claim, LEASE, keys)
    queue.rows("UPDATE wanzami.object_trash SET delete_after = now() WHERE key LIKE '%%R360%%'")
    assert queue.statement("trash/claim") == [("vod/%d/v/R360.mp4" % job, True, False)]
    assert queue.statement("queue/finish", *claim, made, None, "[]") == [("lost",)]
    assert queue.assets(title) == []


def test_a_job_fails_after_three_attempts_with_growing_delays(queue):
    title = queue.film()
    job = queue.upload(title)
    queue.rows("""INSERT INTO "AssetVersion" ("titleId", "rendition", "status", "url", "updatedAt")
        SELECT %s, 'R720', 'PROCESSING', 's3://films/' || source_key, now() FROM wanzami.transcode_job""", (title,))
    for attempt, pause in ((1, 60), (2, 120)):
        assert queue.statement("queue/fail", *queue.claim(), "The store is away.", True, 60000, "[]", False) == [("queued",)]
        assert queue.state(job) == ("queued", attempt, "PROCESSING", None)
        assert queue.claim() is None
        (waits,), = queue.rows("SELECT extract(epoch FROM run_after - updated_at)::int FROM wanzami.transcode_job")
        assert waits == pause
        queue.rows("UPDATE wanzami.transcode_job SET run_after = now()")
    assert queue.statement("queue/fail", *queue.claim(), "The store is away.", True, 60000, "[]", False) == [("failed",)]
    assert queue.state(job) == ("failed", 3, "FAILED", "The store is away.")
    assert [a[1] for a in queue.assets(title)] == ["FAILED"]
    assert queue.claim() is None


def test_an_invalid_film_has_one_attempt_and_can_be_completed_again(queue):
    job = queue.upload(queue.film())
    queue.statement("queue/fail", *queue.claim(), "This is not a video.", False, 0, "[]", False)
    assert queue.state(job) == ("failed", 1, "FAILED", "This is not a video.")
    queue.rows('SELECT wanzami.transcode_enqueue(%s, \'{R360}\'::"Rendition"[])', (job,))
    assert queue.claim()[0] == job
    queue.rows('SELECT wanzami.transcode_enqueue(%s, \'{R720}\'::"Rendition"[])', (job,))
    assert queue.rows("SELECT renditions::text FROM wanzami.transcode_job") == [("{R360}",)], "a running job is left unchanged"


def test_a_released_job_does_not_count_an_attempt(queue):
    job = queue.upload(queue.film())
    claim = queue.claim()
    queue.statement("queue/plan", *claim, LEASE, '["vod/x"]')
    assert queue.statement("queue/release", *claim) == [(1,)]
    assert queue.state(job)[:2] == ("queued", 0)
    assert queue.statement("trash/claim") == [("vod/x", True, False)], "written objects can be removed at once"
    assert queue.claim() == (job, 2)


def test_a_restarted_worker_loses_its_previous_job_at_once(queue):
    job = queue.upload(queue.film())
    queue.claim("a")
    assert queue.statement("queue/sweep", "b", LEASE, 0, "", False)[0][0] == 0
    assert queue.statement("queue/sweep", "a", LEASE, 0, "", False)[0] == (1, 0, 0, None, None, None, None)
    assert queue.state(job)[:2] == ("queued", 1)
    for _ in range(2):
        queue.claim("a")
        (found,) = queue.statement("queue/sweep", "a", LEASE, 0, "crashed (SIGSEGV)", False)
    (key,), = queue.rows("SELECT source_key FROM wanzami.transcode_job")
    why = "The transcode worker crashed (SIGSEGV) while it processed this film (attempt 3 of 3). If other films succeed, export this film again and upload it."
    assert found == (1, 0, 0, job, key, 3, why)
    assert queue.state(job) == ("failed", 3, "FAILED", why)


def test_attempts_of_a_worker_without_memory_do_not_count_until_there_are_ten(queue):
    job = queue.upload(queue.film())
    for n in range(1, 11):
        queue.claim("a")
        if n % 2:
            queue.statement("queue/sweep", "a", LEASE, 0, "ran out of memory (limit 700 MB)", True)
        else:
            assert queue.statement("queue/fail", *queue.rows("SELECT upload_job_id, fence FROM wanzami.transcode_job")[0], "Too little.", True, 0, "[]", True) == [("queued",)]
        assert queue.state(job)[:2] == ("queued", n) and queue.rows("SELECT max_attempts FROM wanzami.transcode_job") == [(3 + n,)]
    for state in ("queued", "queued", "failed"):
        queue.claim("a")
        queue.statement("queue/sweep", "a", LEASE, 0, "ran out of memory (limit 700 MB)", True)
        assert queue.state(job)[0] == state
    assert queue.state(job)[3] == ("The transcode worker ran out of memory (limit 700 MB) while it processed this film (attempt 13 of 13). "
                                   "The film may be sound: give the transcode worker more memory.")
    queue.rows('SELECT wanzami.transcode_enqueue(%s, \'{R360}\'::"Rendition"[])', (job,))
    assert queue.rows("SELECT attempts, max_attempts FROM wanzami.transcode_job") == [(0, 3)]


def test_a_claim_that_takes_effect_late_is_found_by_the_next_one(queue):
    """The connection is lost after the claim was sent, and the server executes it after the worker has given back what it may have claimed."""
    job, other = queue.upload(queue.film()), queue.upload(queue.film())
    assert queue.statement("queue/unclaim", "a") == []
    late = queue.claim("a")
    assert queue.claim("b")[0] == other
    assert queue.claim("a") == (job, late[1] + 1)
    assert queue.state(job)[:2] == ("running", 1)


def test_a_claim_that_takes_effect_late_is_given_back_by_a_worker_that_has_a_job(queue):
    job, other = queue.upload(queue.film()), queue.upload(queue.film())
    queue.rows("UPDATE wanzami.transcode_job SET run_after = now() + interval '1 h' WHERE upload_job_id = %s", (job,))
    mine = queue.claim("a")
    queue.rows("""UPDATE wanzami.transcode_job SET state = 'running', attempts = 1, lease_owner = 'a', lease_until = now() + interval '1 h'
        WHERE upload_job_id = %s""", (job,))
    assert queue.statement("queue/beat", *mine, LEASE, "{}") == [(1,)]
    assert queue.state(job)[:2] == ("queued", 0) and queue.state(other)[:2] == ("running", 1)


def test_completed_uploads_without_a_job_are_adopted(queue):
    lost = queue.upload(queue.film(), queued=False)
    (nowhere,), = queue.rows("""INSERT INTO "UploadJob" ("status", "updatedAt") VALUES ('PROCESSING', now()) RETURNING "id" """)
    assert queue.statement("queue/sweep", "", LEASE, 0, "", False) == [(0, 1, 0, None, None, None, None)]
    assert queue.claim()[0] == lost
    (status, error), = queue.rows('SELECT "status"::text, "error" FROM "UploadJob" WHERE "id" = %s', (nowhere,))
    assert status == "FAILED" and "upload the film again" in error


def test_deleting_a_title_trashes_its_objects(queue):
    title = queue.film()
    done = queue.upload(title)
    queue.publish(queue.claim(), "R360")
    queue.upload(title, ["R720"])
    claim = queue.claim()
    queue.statement("queue/plan", *claim, LEASE, '["vod/running"]')
    sources = queue.rows("SELECT source_key FROM wanzami.transcode_job")
    queue.rows('DELETE FROM "Title" WHERE "id" = %s', (title,))
    assert set(queue.trash()) == {"vod/%d/v/R360.mp4" % done, "vod/running"} | {s for s, in sources}
    assert queue.statement("queue/beat", *claim, LEASE, "{}") == []
    claimed = [queue.statement("trash/claim")[0] for _ in range(4)]
    assert sorted(claimed) == sorted([("vod/%d/v/R360.mp4" % done, False, False), ("vod/running", True, False)] + [(s, False, False) for s, in sources])


def test_a_failed_removal_is_retried_unless_the_object_is_in_use_again(queue):
    queue.rows("INSERT INTO wanzami.object_trash (key, reason) VALUES ('a', 'x')")
    assert queue.statement("trash/claim") == [("a", False, False)]
    assert queue.statement("trash/claim") == []
    queue.statement("trash/settle", "a", "the store is away")
    assert queue.rows("SELECT last_error, delete_after > now() FROM wanzami.object_trash") == [("the store is away", True)]
    queue.statement("queue/forget", 1, 1, '["a"]')
    queue.statement("trash/settle", "a", None)
    assert queue.rows("SELECT attempts FROM wanzami.object_trash") == [(0,)]
    queue.statement("trash/claim")
    queue.statement("trash/settle", "a", None)
    assert queue.trash() == {}


def test_a_fencing_token_of_a_finished_job_cannot_be_reused(queue):
    queue.upload(queue.film())
    queue.claim()
    with pytest.raises(psycopg2.IntegrityError):
        queue.rows("UPDATE wanzami.transcode_job SET fence = 0")


def test_the_sweep_adopts_uploads_in_every_role_and_wakes_a_worker(queue, world):
    for role in ("api", "cron"):
        job = queue.upload(queue.film(), queued=False)
        a = world.start(roles=role, QUEUE_SWEEP_MS=50, WORKERS=1)
        wait_for(lambda: queue.rows("SELECT 1 FROM wanzami.transcode_job WHERE upload_job_id = %s", (job,)), "the row of the job")
        wait_for(lambda: world.keyvalue.command("XLEN", "wanzami:{q}:transcode"), "a wake-up")
        assert a.stop() == 0
        world.keyvalue.command("FLUSHALL")


def test_ready_reports_valkey_and_does_not_depend_on_it(world):
    a = world.start(roles="api", WORKERS=1)
    state = lambda: (a.get("/health/ready").status_code, a.get("/health/ready").json()["valkey"]["state"])
    wait_for(lambda: state() == (200, "up"), "Valkey to be up")
    world.keyvalue.kill()
    wait_for(lambda: state() == (200, "down"), "Valkey to be down")
    world.keyvalue.start()
    wait_for(lambda: state() == (200, "up"), "Valkey to be up again")
    lines = [line["msg"] for line in a.log_lines() if line["msg"].startswith("valkey")]
    assert lines == ["valkey is unavailable; continuing without it", "valkey is available again"]


def test_a_valkey_that_hangs_delays_only_ready(world):
    a = world.start(roles="api", WORKERS=1)
    wait_for(lambda: a.get("/health/ready").json()["valkey"]["state"] == "up", "Valkey to be up")
    world.keyvalue.pause()
    try:
        assert a.get("/health/ready").json()["valkey"]["state"] == "down"
        assert a.healthy()
    finally:
        world.keyvalue.resume()
    wait_for(lambda: a.get("/health/ready").json()["valkey"]["state"] == "up", "Valkey to be up again")


@pytest.mark.errors("valkey refuses the user or password")
def test_a_wrong_password_of_valkey_is_logged_once(world):
    world.keyvalue.command("ACL", "SETUSER", "wz", "on", ">p@ss/word", "~wanzami:{q}:*", "+@all")
    world.keyvalue.command("ACL", "SETUSER", "default", "resetpass")
    try:
        url = world.keyvalue.url.replace("redis://", "redis://wz:%s@")
        a = world.start(roles="api", WORKERS=1, REDIS_URL=url % "p%40ss%2fword")
        wait_for(lambda: a.get("/health/ready").json()["valkey"]["state"] == "up", "Valkey to be up")
        b = world.start(roles="api", WORKERS=1, REDIS_URL=url % "wrong")
        wait_for(lambda: any("refuses" in line["msg"] for line in b.log_lines()), "the refusal")
        assert b.get("/health/ready").json()["valkey"]["state"] == "down"
        with open(b.log_path) as f:
            assert "wrong" not in f.read().replace("WRONGPASS", "")
    finally:
        world.keyvalue.kill()


@pytest.mark.parametrize("url, says", [
    ("http://x", "redis://[user:password@]host[:port]"), ("redis://", "bad host or port"), ("redis://h:0", "bad host or port"),
    ("redis://h:1x", "bad host or port"), ("redis://h/3", "other than 0"), ("redis://[::1", "bad host or port"),
    ("redis://a%zz@h", "not percent-encoded correctly"), ("rediss://h:0", "or rediss:// for TLS")])
def test_an_invalid_redis_url_prevents_the_start_with_one_line(url, says):
    from conftest import SECRETS, run
    r = run(REDIS_URL=url, DATABASE_URL="postgresql://u@127.0.0.1:1/x", **SECRETS)
    assert r.returncode == 1 and r.stderr.count("\n") == 1
    assert r.stderr.startswith("wanzami: REDIS_URL") and says in r.stderr


def test_the_status_names_leases_that_were_never_held_and_jobs_that_wait(queue):
    queue.rows("INSERT INTO wanzami.lease (name, owner, fence, expires_at, slot) VALUES ('fresh', '', 0, now(), now()), ('old', 'b', 1, now(), now())")
    said = dict(queue.rows("SELECT name, value FROM wanzami.status() WHERE section = 'Leases'"))
    assert said["fresh"] == "not held yet" and said["old"].startswith("b, ran out 2")
    job = queue.upload(queue.film())
    queue.statement("queue/fail", *queue.claim(), "The store is away.", True, 60000, "[]", False)
    said = queue.rows("SELECT value FROM wanzami.status() WHERE name = %s", ("upload %d" % job,))
    assert len(said) == 1 and said[0][0].startswith("waits until ") and said[0][0].endswith(" after attempt 1 of 3: The store is away.")
