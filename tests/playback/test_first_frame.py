"""A long film in Chromium and in Firefox over a slow connection: the number of bytes before the first frame and for a seek far ahead, beside the same
film as ffmpeg writes it with its index in front, and playback to the end. A film of a few seconds cannot show this, because a browser reads all of it
at once."""
import os
import subprocess
import urllib.parse

import pytest

from browsers import BROWSERS, Browser
from conftest import run
from rangeserver import RangeServer

HERE = os.path.dirname(os.path.abspath(__file__))
FILMS = "R360.mp4", "faststart.mp4"  # ours and the plain one
MINUTES = 45
RATE = 20_000_000 // 8  # bytes per second
TRIES = 3  # the minimum counts: a busy machine can only add bytes
MARGIN = 1_000_000  # bytes that may be in flight when a browser closes a connection


@pytest.fixture(scope="module")
def films(tmp_path_factory):
    """The film as `wanzami transcode` writes it and as ffmpeg remuxes that. Noise in the picture makes it large; silence is encoded fast."""
    folder = tmp_path_factory.mktemp("films")
    ffmpeg = ["ffmpeg", "-v", "error", "-nostdin"]
    subprocess.run([*ffmpeg, "-f", "lavfi", "-i", "testsrc=size=160x90:rate=5,noise=alls=30:allf=t", "-f", "lavfi", "-i", "aevalsrc=lt(t\\,1)*sin(t*2764)/4:s=48000",
                    "-t", "60", "-c:v", "libx264", "-preset", "ultrafast", "-qp", "20", "-c:a", "flac", folder / "minute.mkv"], check=True, timeout=300)
    subprocess.run([*ffmpeg, "-stream_loop", str(MINUTES - 1), "-i", folder / "minute.mkv", "-c", "copy", folder / "source.mkv"], check=True, timeout=300)
    r = run("transcode", str(folder / "source.mkv"), str(folder))
    assert r.returncode == 0, r.stderr
    os.remove(folder / "source.mkv")
    subprocess.run([*ffmpeg, "-i", folder / "R360.mp4", "-c", "copy", "-movflags", "+faststart", folder / "faststart.mp4"], check=True, timeout=300)
    assert os.path.getsize(folder / "R360.mp4") > 20_000_000
    return {**{film: str(folder / film) for film in FILMS}, "page.html": HERE + "/page.html"}


@pytest.fixture(scope="module", params=BROWSERS)
def report(request, films, tmp_path_factory):
    """What page.html reports in a browser."""
    server = RangeServer(films, RATE)
    query = urllib.parse.urlencode({"film": FILMS, "tries": TRIES}, doseq=True)
    browser = Browser(request.param, server.url + "/page.html?" + query, tmp_path_factory.mktemp("browser"))
    try:
        return browser.report(server)
    finally:
        browser.close()
        server.close()


def least(report, what, number):
    """Returns the smallest number of all tries, of our film and of the plain one."""
    assert "error" not in report, report
    return [min(one[number] for one in report[what][film]) for film in FILMS]


def test_the_first_frame_needs_little_of_a_long_film(report):
    ours, plain = least(report, "first", "bytes")
    assert ours <= max(1.5 * plain, MARGIN), report


def test_a_far_seek_needs_what_it_needs_in_a_plain_file(report):
    ours, plain = least(report, "seeks", "bytes")
    assert ours <= max(1.5 * plain, MARGIN), report
    ours, plain = least(report, "seeks", "requests")
    assert ours <= plain + 1, report


def test_a_long_film_plays_to_its_end(report):
    assert "error" not in report, report
    seconds, (ours, plain) = MINUTES * 60, [report["watched"][film] for film in FILMS]
    seen = ours["seen"]
    assert seen["duration"] == pytest.approx(seconds, abs=0.2) and seen["end"] == pytest.approx(seconds, abs=0.2)
    assert seen["start"] < 60 and seen["middle"] >= seconds / 2 and 4 <= seen["back"] < 60, seen
    assert ours["bytes"] <= 1.5 * plain["bytes"] + MARGIN and ours["requests"] <= plain["requests"] + 3, report
