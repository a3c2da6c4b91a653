"""A long film in Chromium and in Firefox over a slow connection: the number of bytes before the first frame, and playback with seeks to the end.
A film of a few seconds cannot show this, because a browser reads all of it at once."""
import os
import shutil
import subprocess
import urllib.parse

import pytest

from conftest import run
from rangeserver import RangeServer
from services import wait_for

HERE = os.path.dirname(os.path.abspath(__file__))
SECONDS = 15 * 60
RATE = 20_000_000 // 8  # bytes per second
TRIES = 5  # the minimum counts: a busy machine can only add bytes

BROWSERS = {
    "chromium": lambda folder: ["chromium", "--headless", "--no-first-run", "--user-data-dir=" + folder, "--autoplay-policy=no-user-gesture-required",
                                *(["--no-sandbox"] if os.getuid() == 0 else [])],
    "firefox": lambda folder: ["firefox-esr", "--headless", "--no-remote", "--profile", folder],
}


@pytest.fixture(scope="module")
def films(tmp_path_factory):
    """A film of 15 minutes as `wanzami transcode` writes it, and the same film remuxed with its index in front. Noise in the audio makes it large."""
    folder = tmp_path_factory.mktemp("films")
    ffmpeg = ["ffmpeg", "-v", "error", "-nostdin"]
    subprocess.run([*ffmpeg, "-f", "lavfi", "-i", "testsrc=size=160x90:rate=5", "-f", "lavfi", "-i", "anoisesrc=r=48000:a=0.3", "-t", str(SECONDS),
                    "-c:v", "libx264", "-preset", "ultrafast", "-c:a", "pcm_s16le", folder / "source.mkv"], check=True, timeout=300)
    r = run("transcode", str(folder / "source.mkv"), str(folder))
    assert r.returncode == 0, r.stderr
    subprocess.run([*ffmpeg, "-i", folder / "R360.mp4", "-c", "copy", "-movflags", "+faststart", folder / "faststart.mp4"], check=True, timeout=300)
    assert os.path.getsize(folder / "R360.mp4") > 10_000_000
    return {"R360.mp4": str(folder / "R360.mp4"), "faststart.mp4": str(folder / "faststart.mp4"), "page.html": HERE + "/page.html"}


@pytest.fixture
def server(films):
    started = RangeServer(films, RATE)
    yield started
    started.close()


@pytest.fixture(params=BROWSERS)
def show(request, tmp_path):
    """Returns a function that opens a URL in a browser."""
    started = []

    def opened(url):
        home = tmp_path / "home"
        home.mkdir()
        with open(tmp_path / "browser.log", "wb") as log:
            started.append(subprocess.Popen([*BROWSERS[request.param](str(home)), url], env={**os.environ, "HOME": str(home)}, stdin=subprocess.DEVNULL,
                                            stdout=log, stderr=log, start_new_session=True))
        return started[0]

    yield opened
    for p in started:
        subprocess.run(["kill", "-TERM", "--", "-%d" % p.pid], check=False)
        p.wait()
    shutil.rmtree(tmp_path / "home", ignore_errors=True)


def test_the_first_frame_needs_little_of_a_long_film(server, show, tmp_path):
    browser = show(server.url + "/page.html?" + urllib.parse.urlencode({"film": ["R360.mp4", "faststart.mp4"], "tries": TRIES}, doseq=True))

    def ended():
        assert browser.poll() is None, (tmp_path / "browser.log").read_text(errors="replace")[-2000:]
        while not server.reports.empty():
            report = server.reports.get()
            if report["step"] == "end":
                return report
        return None

    report = wait_for(ended, "the browser to play the film to its end", 180)
    assert "error" not in report, report
    ours, other = min(report["bytes"]["R360.mp4"]), min(report["bytes"]["faststart.mp4"])
    assert ours <= max(1.5 * other, 1_000_000), report
    seen = report["seen"]
    assert seen["duration"] == pytest.approx(SECONDS, abs=0.2) and seen["end"] == pytest.approx(SECONDS, abs=0.2)
    assert seen["start"] < 60 and seen["middle"] >= SECONDS / 2 and 4 <= seen["back"] < 60, seen
