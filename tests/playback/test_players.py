"""Players for the web with a film of `wanzami transcode` in a folder of static files, on another origin than the page: start, seeks far ahead and
back, the other quality and back, the end. The film says in picture and sound what time it is (pages/watch.js)."""
import os
import re
import subprocess

import pytest

import players
from longfilm import FFMPEG, transcode

SECONDS = 90
HLS, DASH, PLAIN = "master.m3u8", "manifest.mpd", "R360.mp4"
CASES = [("chromium", "native", PLAIN), ("chromium", "hls", HLS), ("chromium", "dash", DASH), ("chromium", "shaka", HLS), ("chromium", "shaka", DASH),
         ("chromium", "video", HLS), ("chromium", "video", DASH), ("firefox", "native", PLAIN), ("firefox", "hls", HLS), ("firefox", "dash", DASH)]


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    """A folder with two renditions, R360 of 640 x 86 and R720 of 720 x 96: a film that is wide and low is encoded fast."""
    folder = str(tmp_path_factory.mktemp("film"))
    source, picture = folder + "/source.mkv", "color=s=16x9:r=25,geq=lum='if(mod(floor(N/pow(2,X)),2),200,50)':cb=128:cr=128,scale=720:96:flags=neighbor,setsar=1"
    subprocess.run([*FFMPEG, "-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", "aevalsrc='0.3*sin(2*PI*(400+100*floor(t/5))*t)':s=48000", "-t", str(SECONDS),
                    "-c:v", "libx264", "-preset", "ultrafast", "-qp", "10", "-pix_fmt", "yuv420p", "-c:a", "pcm_s16le", source], check=True, timeout=300)
    transcode(source, folder + "/out")
    return folder + "/out"


@pytest.fixture(scope="module")
def picture(tmp_path_factory):
    """A folder with two renditions whose sound, silence, is a small part of them."""
    folder = str(tmp_path_factory.mktemp("picture"))
    subprocess.run([*FFMPEG, "-f", "lavfi", "-i", "testsrc2=s=720x96:r=25,noise=alls=25:allf=t", "-f", "lavfi", "-i", "anullsrc=r=48000", "-t", "12", "-c:v", "libx264",
                    "-preset", "ultrafast", "-qp", "18", "-pix_fmt", "yuv420p", "-c:a", "flac", folder + "/source.mkv"], check=True, timeout=300)
    transcode(folder + "/source.mkv", folder + "/out")
    return folder + "/out"


def listed(folder):
    """Returns the byte ranges in the playlists: for each file, pairs of the first and last byte."""
    ranges = {}
    for name in os.listdir(folder):
        with open(os.path.join(folder, name), "rb") as f:
            text = f.read().decode() if name.endswith((".m3u8", ".mpd")) else ""
        file = ""
        for m in re.finditer(r'<BaseURL>([^<]+)|ange="(\d+)-(\d+)"|URI="([^"]+\.m[p4][4a])",BYTERANGE="(\d+)@(\d+)"|BYTERANGE:(\d+)@(\d+)\n(\S+)', text):
            base, first, last, uri, size, offset, size2, offset2, uri2 = m.groups()
            file = base or uri or uri2 or file
            if first:
                ranges.setdefault(file, set()).add((int(first), int(last)))
            elif not base:
                ranges.setdefault(file, set()).add((int(offset or offset2), int(offset or offset2) + int(size or size2) - 1))
    return ranges


@pytest.mark.parametrize("browser, player, playlist", CASES)
def test_a_player_plays(film, tmp_path, browser, player, playlist):
    seen, ranges = players.show(film, browser, player, playlist, str(tmp_path))
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
        asked, known = {name: set(wanted) for name, wanted in ranges.items() if name.endswith((".mp4", ".m4a"))}, listed(film)
        assert {name for name in asked if name.endswith(".mp4")} == {"R360.mp4", "R720.mp4"}
        sniffed = {None} if (player, playlist) == ("video", DASH) else set()  # docs/players.md
        assert {name: asked[name] - known[name] for name in asked if not asked[name] - sniffed <= known[name]} == {}, "only ranges of the playlists"
        assert "audio-1-128.m4a" in asked, "the sound comes from objects of its own"


TONES = {"eng": 400, "fra": 800, "eng description": 1200, "yor": 1600}


@pytest.fixture(scope="module")
def languages(tmp_path_factory):
    """A folder with a film in three languages and an audio description, each with a tone of its own."""
    folder = str(tmp_path_factory.mktemp("languages"))
    tones = [word for hertz in TONES.values() for word in ("-f", "lavfi", "-i", "sine=%d:r=48000" % hertz)]
    named = [word for n, name in enumerate(TONES) for word in ("-map", str(n + 1), "-metadata:s:a:%d" % n, "language=" + name[:3])]
    subprocess.run([*FFMPEG, "-f", "lavfi", "-i", "testsrc2=s=160x90:r=10", *tones, "-map", "0", *named, "-disposition:a:2", "visual_impaired", "-t", "100", "-c:v", "libx264",
                    "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "flac", folder + "/source.mkv"], check=True, timeout=300)
    transcode(folder + "/source.mkv", folder + "/out")
    return folder + "/out"


HLS_ROLES, DASH_ROLES = ("", "", "public.accessibility.describes-video", ""), ("main", "dub", "description", "dub")


@pytest.mark.parametrize("player, playlist, roles, more", [
    ("hls", HLS, HLS_ROLES, ["2"] * 4), ("dash", DASH, DASH_ROLES, None), ("shaka", HLS, HLS_ROLES, ["", "", "visually impaired", ""]),
    ("shaka", DASH, DASH_ROLES, ["", "", "visually impaired", ""])])
def test_viewers_choose_the_language(languages, tmp_path, player, playlist, roles, more):
    seen, _ = players.show(languages, "chromium", player, playlist, str(tmp_path), tones=",".join(map(str, TONES.values())))
    named = [("en", "en"), ("fr", "fr"), ("en", "en (audio description)"), ("yo", "yo")]
    assert seen["errors"] == [] and seen["sounds"] == [[*name, role, *(more[n:n + 1] if more else [])] for n, (name, role) in enumerate(zip(named, roles))], seen


@pytest.fixture(scope="module")
def wide(tmp_path_factory):
    """A folder with two renditions and 5.1, with the same tone in each channel."""
    folder = str(tmp_path_factory.mktemp("wide"))
    subprocess.run([*FFMPEG, "-f", "lavfi", "-i", "testsrc2=s=720x96:r=10", "-f", "lavfi", "-i", "aevalsrc=exprs=%s:c=5.1:s=48000" % "|".join(["0.2*sin(2*PI*500*t)"] * 6), "-t", "60",
                    "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "flac", "-metadata:s:a:0", "language=eng", folder + "/source.mkv"], check=True, timeout=300)
    transcode(folder + "/source.mkv", folder + "/out")
    return folder + "/out"


@pytest.mark.parametrize("player, playlist", [("hls", HLS), ("dash", DASH), ("shaka", HLS), ("shaka", DASH)])
def test_a_player_begins_with_stereo_and_changes_to_surround(wide, tmp_path, player, playlist):
    seen, ranges = players.show(wide, "chromium", player, playlist, str(tmp_path), surround=1)
    # On a slow machine hls.js may rise to the variant with 5.1 before the sound of the first is heard.
    assert seen["errors"] == [] and seen["sounds"][0] in ("audio-1-128.m4a", "audio-1-64.m4a"), seen
    asked, known = set(ranges["audio-1-surround.m4a"]), listed(wide)["audio-1-surround.m4a"]
    assert len(asked) > 2 and asked <= known


@pytest.mark.parametrize("player", ["dash", "shaka"])
def test_a_manifest_with_an_index_plays(picture, tmp_path, player):
    """Players skip the sound between the segments of the video."""
    with open(picture + "/" + DASH) as f:
        assert f.read().count("<SegmentBase") == 4  # two of the video, two of the sound
    seen, _ = players.show(picture, "chromium", player, DASH, str(tmp_path), seconds=1)
    assert seen["errors"] == [] and seen["width"] in (640, 720), seen
