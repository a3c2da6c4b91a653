"""The transcode worker with real films: renditions, reasons of failures, and takeover."""
import http.server
import json
import os
import random
import re
import signal
import subprocess
import tempfile
import threading

import pytest

import hostile
from accounts import Account
from cgroup import memory_group
from conftest import wait_for
from films import FAST, Studio, film, long_film
from services import ROOT


@pytest.fixture
def studio(world):
    return Studio(world)


def media_worker(a):
    """Returns the process id of the transcode worker, the last of the workers."""
    return wait_for(lambda: len(a.workers()) == 2 and a.workers()[-1], "two workers")


def probe(body):
    with tempfile.NamedTemporaryFile(suffix=".mp4") as f:
        f.write(body)
        f.flush()
        r = subprocess.run(["ffprobe", "-v", "error", "-show_streams", "-show_format", "-of", "json", f.name], capture_output=True, check=True)
    return json.loads(r.stdout)


def test_a_film_gets_its_renditions(studio, world):
    a = world.start(roles="transcode")
    job = studio.upload(film(3, "1280x720"))
    s = studio.wait(job)
    assert [line for line in a.log_lines() if "FFmpeg" in line["msg"]] == []  # it has nothing to say about a film without faults
    assert (s["error"], s["state"], s["attempts"]) == (None, "done", 1)
    keys = studio.ready(studio.title_of(job), "R720", "R360")
    assert all(k.startswith("vod/%d/" % job) and len(k.split("/")[2]) == 32 for k in keys)
    for key, height in zip(keys, (720, 360)):
        found = probe(studio.s3.get_object(Bucket=world.bucket, Key=key)["Body"].read())
        video = [t for t in found["streams"] if t["codec_type"] == "video"][0]
        assert (video["codec_name"], video["height"], video["pix_fmt"]) == ("h264", height, "yuv420p")
        assert abs(float(found["format"]["duration"]) - 3) < 0.2
    assert [r[4] for r in studio.assets(studio.title_of(job))] == [3, 3]
    rows = studio.rows("SELECT object_key, height, codecs FROM wanzami.rendition ORDER BY height DESC")
    assert [r[:2] for r in rows] == list(zip(keys, (720, 360)))
    assert all(codecs.startswith("avc1.64") and codecs.endswith(",mp4a.40.2") for _, _, codecs in rows)
    rows = studio.rows("""SELECT s.object_key, s.kind, s.init_offset + s.init_size, s.offsets, s.sizes, s.durations, s.timescale, s.iframes, r.size_bytes
        FROM wanzami.stream s JOIN wanzami.rendition r USING (asset_version_id) ORDER BY r.height DESC, s.kind DESC""")
    assert [r[:2] for r in rows] == [(key, kind) for key in keys for kind in ("video", "audio")]
    for _, kind, begin, offsets, sizes, durations, timescale, iframes, size in rows:
        assert begin <= offsets[0] and offsets == sorted(offsets) and offsets[-1] + sizes[-1] <= size and len({len(x) for x in (offsets, sizes, durations, iframes)}) == 1
        assert abs(sum(durations) / timescale - 3) < 0.2 and [0 < n < s if kind == "video" else n == 0 for n, s in zip(iframes, sizes)] == [True] * len(sizes)
    assert studio.state(job)["progress"]["renditions"][0]["rendition"] == "R720"
    studio.no_orphans()


class Agent(http.server.BaseHTTPRequestHandler):
    """The task protection endpoint of the ECS agent, which records what it is asked for. `refusals` requests are answered 400 first."""
    asked, refusals = [], 0

    def do_PUT(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        type(self).refusals -= 1
        status = 400 if self.refusals >= 0 else 200
        self.asked.append((self.path, body, status))
        self.send_response(status)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *args):
        pass


@pytest.fixture
def agent():
    Agent.asked, Agent.refusals = [], 0
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Agent) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        Agent.url = "http://127.0.0.1:%d/api/task-1" % server.server_port
        yield Agent
        server.shutdown()


def test_the_ecs_task_is_protected_while_it_transcodes(studio, world, agent):
    world.start(roles="transcode", ECS_AGENT_URI=agent.url)
    assert agent.asked == []
    studio.wait(studio.upload(film(3, "640x360")))
    wait_for(lambda: len(agent.asked) >= 2, "the end of the protection")
    path = "/api/task-1/task-protection/v1/state"
    assert agent.asked[:2] == [(path, {"ProtectionEnabled": True, "ExpiresInMinutes": 60}, 200), (path, {"ProtectionEnabled": False}, 200)]


def test_a_refused_protection_is_logged_once_and_stops_no_film(studio, world, agent):
    agent.refusals = 1000
    a = world.start(roles="transcode", ECS_AGENT_URI=agent.url)
    for _ in range(2):
        assert studio.wait(studio.upload(film(2, "640x360")))["state"] == "done"
    assert len([line for line in a.log_lines() if line["msg"].startswith("the ECS task is not protected")]) == 1


def test_films_with_the_old_layout_are_transcoded_again(studio, world):
    """The statement of docs/upgrade.md queues films whose index directly follows moov, from the kept source."""
    with open(os.path.join(ROOT, "docs", "upgrade.md")) as f:
        page = f.read()
    statement = page[page.index("\nDO $$\n"):page.index("\nEND $$;\n")] + "\nEND $$;"
    world.start(roles="transcode", **FAST)
    old, kept, gone = (studio.upload(film(), renditions=["R360"]) for _ in range(3))
    for job in (old, kept, gone):
        studio.wait(job)
    before = {job: studio.ready(studio.title_of(job), "R360") for job in (old, kept, gone)}
    studio.rows("""UPDATE wanzami.rendition SET index_offset = init_size FROM "AssetVersion" v
        WHERE v."id" = asset_version_id AND v."titleId" IN (%s, %s)""", (studio.title_of(old), studio.title_of(gone)))
    studio.rows("""UPDATE "UploadJob" SET "payload" = "payload" || '{"sourceRemoved":true}' WHERE "id" = %s""", (gone,))
    studio.rows(statement)
    assert [studio.state(job)["status"] for job in (kept, gone)] == ["COMPLETED"] * 2
    studio.wait(old)
    after = {job: studio.ready(studio.title_of(job), "R360") for job in (old, kept, gone)}
    assert [before[job] == after[job] for job in (old, kept, gone)] == [False, True, True]
    assert studio.rows("SELECT count(*) FROM wanzami.rendition WHERE index_offset = init_size") == [(1,)]
    studio.rows(statement)
    assert studio.rows("SELECT count(*) FROM wanzami.transcode_job WHERE state <> 'done'") == [(0,)]


def test_films_are_transcoded_one_after_the_other_without_valkey(studio, world):
    world.keyvalue.kill()
    world.start(roles="transcode", **FAST)
    jobs = [studio.upload(film(), renditions=["R360"], wake=False) for _ in range(3)]
    for job in jobs:
        studio.wait(job)
    ended = studio.rows('SELECT "id" FROM "UploadJob" ORDER BY "updatedAt"')
    assert [j for j, in ended] == jobs


def test_a_wake_up_starts_a_job_at_once(studio, world):
    a = world.start(roles="transcode", QUEUE_SWEEP_MS=3600000)
    first = studio.upload(film(), renditions=["R360"])
    studio.wait(first)
    studio.wait(studio.upload(film(), renditions=["R360"]))
    assert a.stop() == 0


def test_progress_is_reported_for_every_rendition(studio, world):
    world.start(roles="transcode", **FAST)
    job = studio.upload(long_film(), renditions=["R720", "R360"])
    studio.wait_encoding(job)
    p = studio.state(job)["progress"]
    assert abs(p["duration"] - 30) < 0.2 and 0 < p["percent"] <= 100
    assert [r["rendition"] for r in p["renditions"]] == ["R360"] or len(p["renditions"]) == 2
    later = wait_for(lambda: studio.state(job)["progress"].get("percent", 0) > p["percent"] and studio.state(job)["progress"], "more progress")
    assert later["seconds"] > p["seconds"]


@pytest.mark.parametrize("body, says", [
    (b"", "empty"),
    (bytes(range(256)) * 400, "video"),
    ("truncated", ""),
], ids=["zero bytes", "no video", "truncated"])
def test_an_unusable_film_fails_at_once_with_a_reason(studio, world, body, says):
    if body == "truncated":
        body = film(3)[:-2000]
    world.start(roles="transcode", **FAST)
    job = studio.upload(body)
    title = studio.title_of(job)
    studio.rows("""INSERT INTO "AssetVersion" ("titleId", "rendition", "status", "url", "updatedAt")
        SELECT %s, 'R720', 'PROCESSING', 's3://x/' || source_key, now() FROM wanzami.transcode_job""", (title,))
    s = studio.wait(job, "FAILED")
    assert (s["state"], s["attempts"]) == ("failed", 1)
    assert says in s["error"].lower() and s["error"].endswith(".") and "\n" not in s["error"]
    assert [a[1] for a in studio.assets(title)] == ["FAILED"]
    studio.no_orphans()


def test_the_messages_of_a_damaged_film_are_counted_and_not_repeated(studio, world):
    """Each attempt logs every kind of message once, and says how many it has left out."""
    body = bytearray(film(10, "640x360", noise=True))
    dice = random.Random(7)
    begin, end = body.index(b"mdat") + 5000, len(body)
    if body.index(b"moov") > begin:  # the index stays whole
        end = body.index(b"moov") - 4
    for _ in range((end - begin) // 1500):
        body[dice.randrange(begin, end)] ^= 1 << dice.randrange(8)
    a = world.start(roles="transcode", **FAST)
    for _ in range(2):  # the counts begin anew with each film
        job = str(studio.upload(bytes(body)))
        s = wait_for(lambda: studio.state(job)["status"] != "PROCESSING" and studio.state(job), "the end of job %s" % job, 60)
        assert s["attempts"] == 1
        lines = wait_for(lambda: [line for line in a.log_lines() if line.get("job") == job] if any(
            line["msg"].startswith("transcode job") and line.get("job") == job and line["msg"] != "transcode job started" for line in a.log_lines())
            else None, "the last line of the job")
        said = [re.sub(r"0x[0-9a-f]+|-?\d+", "#", line["says"]) for line in lines if line["msg"] == "FFmpeg message"]
        assert 1 <= len(said) <= 20 and len(set(said)) == len(said), said
        (end_line,) = [line for line in lines if line["msg"].startswith("FFmpeg repeated messages")]
        assert end_line["left_out"] == end_line["messages"] - len(said) and end_line["left_out"] > 20


def test_a_missing_source_fails_at_once(studio, world):
    world.start(roles="transcode", **FAST)
    s = studio.wait(studio.upload(None), "FAILED")
    assert s["attempts"] == 1 and "upload it again" in s["error"]


def test_a_second_upload_replaces_the_first_when_it_is_ready(studio, world):
    world.start(roles="transcode", **FAST)
    title = studio.title()
    first = studio.upload(film(2, "1280x720"), title, ["R720", "R360"])
    studio.wait(first)
    old = studio.ready(title, "R720", "R360")
    second = studio.upload(long_film(), title, ["R720", "R360"])
    studio.wait_encoding(second)
    assert studio.ready(title, "R720", "R360") == old
    studio.wait(second)
    names = [a[0] for a in studio.assets(title)]
    new = studio.ready(title, *names)
    assert set(new).isdisjoint(old) and "R360" in names
    assert set(old) <= set(world.store.keys(world.bucket)), "a playback that has begun continues"
    studio.rows("UPDATE wanzami.object_trash SET delete_after = now()")
    studio.no_orphans()
    assert set(old).isdisjoint(world.store.keys(world.bucket))


def test_deleting_a_title_cancels_its_job_and_removes_its_objects(studio, world):
    a = world.start(roles="transcode", **FAST)
    job = studio.upload(long_film())
    studio.wait_encoding(job)
    studio.rows('DELETE FROM "Title"')
    wait_for(lambda: any(line["msg"] == "transcode job lease lost" for line in a.log_lines()), "the worker to log the loss of the lease")
    studio.wait(studio.upload(film(), renditions=["R360"]))
    studio.rows("UPDATE wanzami.object_trash SET delete_after = now() WHERE reason = 'deleted'")
    studio.no_orphans()


def test_a_newer_upload_cancels_a_running_one(studio, world):
    world.start(roles="transcode", **FAST)
    title = studio.title()
    older = studio.upload(long_film(), title)
    studio.wait_encoding(older)
    newer = studio.upload(film(), title)
    assert "newer upload" in studio.wait(older, "FAILED")["error"]
    studio.wait(newer)
    assert all("/%d/" % newer in k for k in studio.ready(title, *[a[0] for a in studio.assets(title)]))
    studio.no_orphans()


def test_sigterm_releases_the_job_and_another_process_completes_it(studio, world):
    a = world.start(roles="transcode", **FAST)
    job = studio.upload(long_film(), renditions=["R360"])
    studio.wait_encoding(job)
    assert a.stop() == 0
    s = studio.state(job)
    assert (s["status"], s["state"], s["attempts"]) == ("PROCESSING", "queued", 0)
    assert any(line["msg"] == "transcode job released" for line in a.log_lines())
    world.start(roles="transcode", **FAST)
    assert studio.wait(job)["attempts"] == 1
    studio.no_orphans()


@pytest.mark.errors("worker died")
def test_health_succeeds_during_encoding_and_after_a_worker_crash(studio, world):
    a = world.start(roles="transcode", **FAST)
    job = studio.upload(long_film(), renditions=["R360"])
    studio.wait_encoding(job)
    front, media = a.workers()
    assert a.healthy()
    os.kill(media, signal.SIGABRT)
    assert a.healthy()
    wait_for(lambda: len(a.workers()) == 2 and media not in a.workers(), "a new worker")
    assert a.workers()[0] == front
    assert studio.wait(job)["attempts"] == 2
    [line] = a.deaths()
    assert (line["level"], line["worker"], line["kind"], line["pid"], line["signal"], line["job"]) == ("error", 2, "transcode", media, "SIGABRT", job)
    assert "route" not in line and "status" not in line
    assert 'wanzami_worker_restarts_total 1\n' in a.get("/metrics").text
    studio.no_orphans()


def test_notes_on_a_film_are_told(studio, world):
    a = world.start(**FAST)
    token = Account(world, "SUPER_ADMIN").token
    with tempfile.TemporaryDirectory() as folder:
        with open(os.path.join(folder, "a.mp4"), "wb") as f:
            f.write(film())
        subprocess.run(["ffmpeg", "-v", "error", "-i", "a.mp4", "-i", "a.mp4", "-map", "0", "-map", "1:v", "-c", "copy", "b.mp4"], cwd=folder, check=True)
        with open(os.path.join(folder, "b.mp4"), "rb") as f:
            body = f.read()
    job, plain = studio.upload(body, renditions=["R360"]), studio.upload(film(), renditions=["R360"])
    studio.wait(job)
    studio.wait(plain)
    wanted = {str(job): ["Another video track was left out."], str(plain): []}
    assert dict(studio.rows("SELECT upload_job_id::text, notes FROM wanzami.transcode_job")) == wanted
    for path in ("/api/admin/uploads", "/console/api/overview"):
        assert {u["id"]: u["notes"] for u in a.get(path, token=token).json()["uploads"]} == wanted
    studio.rows("""UPDATE "UploadJob" SET "status" = 'FAILED'; UPDATE wanzami.transcode_job SET state = 'failed', run_after = now() + interval '1 day'""")
    studio.rows('SELECT wanzami.transcode_enqueue(%s, \'{R360}\')', (job,))
    assert studio.rows("SELECT notes FROM wanzami.transcode_job WHERE upload_job_id = %s AND state <> 'done'", (job,)) in ([([],)], [])


def test_a_film_that_claims_too_much_disturbs_nothing(studio, world):
    a = world.start(roles="transcode", **FAST)
    worker = media_worker(a)
    bomb, other = studio.upload(hostile.samples()), studio.upload(film(), renditions=["R360"])
    s = studio.wait(bomb, "FAILED")
    assert s["attempts"] == 1 and s["error"].startswith("The film needs too much memory: the limit for it is")
    studio.wait(other)
    assert a.workers()[-1] == worker and a.healthy()
    studio.no_orphans()


@pytest.mark.errors("worker died")
def test_a_film_that_crashes_every_worker_fails_after_three_attempts(studio, world):
    a = world.start(roles="transcode", **FAST)
    job = studio.upload(long_film(), renditions=["R360"])
    for attempt in (1, 2, 3):
        wait_for(lambda: studio.state(job)["state"] == "running" and studio.state(job)["attempts"] == attempt and len(a.workers()) == 2, "attempt %d" % attempt)
        os.kill(a.workers()[-1], signal.SIGKILL)
    s = studio.wait(job, "FAILED")
    assert s["attempts"] == 3 and s["error"].startswith("The transcode worker was killed (SIGKILL) while it processed this film (attempt 3 of 3).")
    (key,), = studio.rows("SELECT source_key FROM wanzami.transcode_job")
    [line] = wait_for(lambda: [line for line in a.log_lines() if line["msg"] == "transcode job failed"], "the line")
    assert (line["job"], line["file"], line["attempts"], line["why"]) == (str(job), key, 3, s["error"])
    assert a.metric("transcode_jobs_failed_total") == 1
    studio.no_orphans()


@pytest.mark.errors("worker died")
def test_a_worker_that_runs_out_of_memory_does_not_charge_the_film(studio, world):
    with memory_group(700) as group:
        a = world.start(roles="transcode", **FAST)
        job = studio.upload(long_film(), renditions=["R360"])
        studio.wait_encoding(job)
        worker = a.workers()[-1]
        for pid in [a.process.pid, *a.workers()]:
            group.enter(pid)
        group.starve(worker)
        s = wait_for(lambda: studio.state(job)["attempts"] == 2 and studio.state(job), "the second attempt")
        assert studio.rows("SELECT max_attempts FROM wanzami.transcode_job") == [(4,)]
        said = studio.rows("SELECT error FROM wanzami.transcode_job")[0][0]
        assert said.startswith("The transcode worker ran out of memory (limit 700 MB) and was killed by the kernel (SIGKILL) while it processed this film"), (s, said)
        [line] = a.deaths()
        assert (line["pid"], line["signal"], line["job"], line["cause"], line["memory_limit_mb"]) == (worker, "SIGKILL", job, "out of memory", 700)
        studio.wait(job)
        assert a.stop() == 0


def test_the_api_responds_while_a_worker_of_the_same_process_transcodes(studio, world):
    a = world.start(WORKERS=2, **FAST)
    wait_for(lambda: len(a.workers()) == 3, "three workers")
    job = studio.upload(film(3, "1280x720"))
    studio.wait(job)
    assert a.get("/api/titles").status_code == 200
    assert a.stop() == 0
