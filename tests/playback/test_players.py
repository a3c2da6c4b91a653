"""Players for the web with a film of `wanzami transcode` in a folder of static files, on another origin than the page: start, seeks far ahead and
back, the other quality and back, the end. The film says in picture and sound what time it is (players/watch.js)."""
import os
import re
import subprocess
import urllib.parse

import pytest

from browsers import Browser
from conftest import run
from rangeserver import RangeServer
from services import npm_install

HERE = os.path.dirname(os.path.abspath(__file__))
SECONDS = 90
SCRIPTS = ["hls.js/dist/hls.min.js", "dashjs/dist/modern/umd/dash.all.min.js", "shaka-player/dist/shaka-player.compiled.js", "video.js/dist/video.min.js"]
HLS, DASH, PLAIN = "master.m3u8", "manifest.mpd", "R360.mp4"
CASES = [("chromium", "native", PLAIN), ("chromium", "hls", HLS), ("chromium", "dash", DASH), ("chromium", "shaka", HLS), ("chromium", "shaka", DASH),
         ("chromium", "video", HLS), ("chromium", "video", DASH), ("firefox", "native", PLAIN), ("firefox", "hls", HLS), ("firefox", "dash", DASH)]


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    """A folder with two renditions, R360 of 640 x 86 and R720 of 720 x 96: a film that is wide and low is encoded fast."""
    folder = tmp_path_factory.mktemp("film")
    picture = "color=s=16x9:r=25,geq=lum='if(mod(floor(N/pow(2,X)),2),200,50)':cb=128:cr=128,scale=720:96:flags=neighbor,setsar=1"
    sound = "aevalsrc='0.3*sin(2*PI*(400+100*floor(t/5))*t)':s=48000"
    subprocess.run(["ffmpeg", "-v", "error", "-nostdin", "-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", sound, "-t", str(SECONDS), "-c:v", "libx264",
                    "-preset", "ultrafast", "-qp", "10", "-pix_fmt", "yuv420p", "-c:a", "pcm_s16le", folder / "source.mkv"], check=True, timeout=300)
    r = run("transcode", str(folder / "source.mkv"), str(folder / "out"))
    assert r.returncode == 0, r.stderr
    return str(folder / "out")


@pytest.fixture(scope="module")
def pages():
    """The pages of the players and their scripts (package-lock.json)."""
    npm_install(HERE)
    scripts = [HERE + "/node_modules/" + script for script in SCRIPTS]
    return {os.path.basename(path): path for path in scripts + [HERE + "/players/" + name for name in os.listdir(HERE + "/players")]}


def listed(folder):
    """Returns the byte ranges in the playlists: for each file, pairs of the first and last byte."""
    ranges = {}
    for name in os.listdir(folder):
        with open(os.path.join(folder, name), "rb") as f:
            text = f.read().decode() if not name.endswith(".mp4") else ""
        file = ""
        for m in re.finditer(r'<BaseURL>([^<]+)|ange="(\d+)-(\d+)"|URI="([^"]+\.mp4)",BYTERANGE="(\d+)@(\d+)"|BYTERANGE:(\d+)@(\d+)\n(\S+)', text):
            base, first, last, uri, size, offset, size2, offset2, uri2 = m.groups()
            file = base or uri or uri2 or file
            if first:
                ranges.setdefault(file, set()).add((int(first), int(last)))
            elif not base:
                ranges.setdefault(file, set()).add((int(offset or offset2), int(offset or offset2) + int(size or size2) - 1))
    return ranges


@pytest.mark.parametrize("browser, player, playlist", CASES)
def test_a_player_plays(film, pages, tmp_path, browser, player, playlist):
    page, media = RangeServer(pages), RangeServer({name: os.path.join(film, name) for name in os.listdir(film)})
    shown = Browser(browser, "%s/%s.html?%s" % (page.url, player, urllib.parse.urlencode({"film": media.url + "/" + playlist})), str(tmp_path))
    try:
        seen = shown.report(page)
    finally:
        shown.close()
        page.close()
        media.close()
    assert seen["errors"] == [], seen
    steps = {step["name"]: step for step in seen["steps"]}
    for name, begin in {"begin": 0, "ahead": 71, "back": 31, "up": 51, "down": 11}.items():
        if playlist == PLAIN and name in ("up", "down"):
            continue
        assert begin - 0.1 < steps[name]["from"] < begin + 10 and steps[name]["time"] > begin + 0.9, steps[name]  # a busy machine may be late
        # Firefox draws the frame before the one whose time it tells.
        assert min(abs(off) for off in steps[name]["off"]) <= (browser == "firefox"), steps[name]
    assert seen["duration"] == pytest.approx(SECONDS, abs=0.05) and seen["end"] == pytest.approx(SECONDS, abs=0.05)
    if playlist != PLAIN:
        assert seen["levels"] == [640, 720] and steps["up"]["width"] == 720 and steps["down"]["width"] == 640
        asked, known = {name: set(ranges) for name, ranges in media.ranges.items() if name.endswith(".mp4")}, listed(film)
        assert asked.keys() == {"R360.mp4", "R720.mp4"} and all(asked[name] <= known[name] for name in asked), asked
