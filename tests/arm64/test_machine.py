"""The appliance for 64-bit ARM in an emulated machine, in its sandbox: a film from upload to playback, without a refused system call."""
import json
import subprocess

import pytest

import services
from editor import Api
from films import film
from machine import MEDIA, PATIENCE, Machine
from services import SECRETS, run, wait_for

ROLES = "api,transcode,cron"
pytestmark = pytest.mark.skipif(not services.EMULATOR, reason="run with --binary out/wanzami-arm64 where that has to be emulated")


@pytest.fixture
def machine(world, tmp_path):
    """The world with machines in place of processes; without mail, because the name of its server is unknown in the machine."""
    started = []

    def start(**env):
        env = {k: v for k, v in env.items() if not k.startswith("SMTP_")}
        started.append(Machine(str(tmp_path), services.BINARY, WORKERS=2, **env))
        return started[-1]

    world._appliance = start
    yield world
    for m in started:
        m.close()
    complaints = "".join(line for m in started for line in m.complaints())
    assert not complaints, complaints


def test_a_film_is_uploaded_transcoded_and_played(machine, tmp_path):
    api = Api(machine, MEDIA, ROLES)
    sandboxed = api.a.ask("grep -h Seccomp: /proc/[0-9]*/status | sort | uniq -c; echo every process", r"(?s)(\d+) Seccomp:\s+2\b.*every process")
    assert int(sandboxed[1]) == 3  # two API workers, one transcode worker
    body = film(seconds=2, size="160x90", rate=12)
    made = api.init(bytesTotal=len(body))
    api.complete(made, api.put(made, body))
    wait_for(lambda: "PROCESSING" not in api.job(made)[0], "the end of the job", PATIENCE)
    assert api.job(made)[:2] == ("COMPLETED", None)
    (rendition, status, url), = api.assets()
    assert (rendition, status) == ("R360", "READY")
    path = tmp_path / "seen.mp4"
    path.write_bytes(api.read(url.split("/", 3)[3]).content)
    found = json.loads(subprocess.run(["ffprobe", "-v", "error", "-count_frames", "-show_streams", "-of", "json", str(path)],
                                      capture_output=True, check=True).stdout)
    video, sound = sorted(found["streams"], key=lambda s: s["codec_type"], reverse=True)
    assert (video["codec_name"], video["width"], video["height"], video["nb_read_frames"]) == ("h264", 160, 90, "24")
    assert sound["codec_name"] == "aac"
    assert api.a.get("/health/ready").status_code == 200
    assert api.a.stop() == 0
    assert [line["msg"] for line in api.a.log_lines() if line["msg"].startswith("restarting")] == []
    assert api.a.log_lines()[-1]["msg"] == "drained"


def test_without_seccomp_the_appliance_does_not_start():
    """User-mode emulation has no seccomp, like a kernel without it."""
    r = run(**SECRETS, DATABASE_URL="postgresql://nobody@127.0.0.1:1/nothing")
    assert (r.returncode, r.stdout) == (1, "")
    assert r.stderr == "wanzami: this kernel, or what emulates it, has no seccomp; a worker does not run without its sandbox\n"
