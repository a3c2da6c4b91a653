"""A film of two hours and more than 4 GiB: what only its length shows. tests/tools/renditions.c repeats a short rendition, and filler, most of which
is holes of the file, makes its key frames large."""
import gzip
import json
import os
import re
import subprocess

import pytest

import mp4
from test_media import ffmpeg
from test_object import BEHIND, FRONT, PICTURE, check_index, check_object, check_told, chunks, renditions  # noqa: F401

LAP, LAPS, FILLER = 64, 113, 1_200_000  # seconds, repetitions, bytes of each key frame
SECONDS, RATE = LAP * LAPS, 25


@pytest.fixture(scope="module")
def film(renditions, tmp_path_factory):  # noqa: F811
    """The folder of the film, its object and what is known of it."""
    folder = tmp_path_factory.mktemp("film")
    ffmpeg("-f", "lavfi", "-i", PICTURE + str(RATE), "-f", "lavfi", "-i", "aevalsrc=lt(t\\,1)*sin(t*2764)/4:s=48000", "-t", LAP, "-c:v", "libx264", "-preset", "ultrafast",
           "-c:a", "flac", folder / "source.mkv")
    renditions("film", folder / "source.mkv", folder / "lap")
    told = renditions("loop", folder / "lap" / "R360.mp4", folder, LAPS, FILLER)
    yield folder, mp4.Object(folder / "R360.mp4"), told
    os.unlink(folder / "R360.mp4")


def test_the_tables_of_two_hours(film):
    """The tables show the same samples as the fragments, also beyond 4 GiB, and are small."""
    _, o, told = film
    assert [b.kind for b in o.top] == FRONT != BEHIND and len(o.data) > 1 << 32
    assert all(mp4.child(o.data, chunks(o, n), "co64") is not None for n in (1, 2))
    assert [len(t.samples) for t in o.tracks] == [SECONDS * RATE, SECONDS * 48000 // 1024] and o.tracks[0].samples[-1].place > 1 << 32
    assert o.moov.end - o.moov.at < 512 * SECONDS  # bytes for each second
    check_object(o)
    check_index(o)
    check_told(o, told)


def frames(*args, data=None):
    """Returns the checksums of three frames."""
    r = subprocess.run(["ffmpeg", "-v", "error", *map(str, args), "-an", "-frames:v", "3", "-f", "framemd5", "-"], input=data, capture_output=True, timeout=120)
    assert r.returncode == 0 and r.stderr == b"", r.stderr
    return re.findall(rb"[0-9a-f]{32}$", r.stdout, re.M)


def test_a_far_seek_shows_the_right_frames(film):
    folder, o, told = film
    at = 5400
    right = frames("-ss", at % LAP, "-i", folder / "lap" / "R360.mp4")
    assert len(set(right)) == 3 and frames("-ss", at, "-i", folder / "R360.mp4") == right
    init, segments = told["video"]["init"], told["video"]["segments"]
    place, size, _, _ = segments[len(segments) * at // SECONDS]
    assert frames("-i", "pipe:", data=o.data[init[0]:sum(init)] + o.data[place:place + size]) == right


def test_the_playlists_of_two_hours(film):
    folder, _, told = film
    for name, kind in (("v-R360", "video"), ("a-und", "audio"), ("i-R360", "video")):
        text, stream = (folder / (name + ".m3u8")).read_text(), told[kind]
        listed = re.findall(r"#EXTINF:([\d.]+),\n#EXT-X-BYTERANGE:(\d+)@(\d+)\n", text)
        assert [(int(size), int(place)) for _, size, place in listed] == [(iframe if name[0] == "i" else size, place) for place, size, _, iframe in stream["segments"]]
        late = worst = 0
        for (seconds, _, _), (_, _, duration, _) in zip(listed, stream["segments"]):
            late += float(seconds) - duration / stream["timescale"]
            worst = max(worst, abs(late))
        assert worst < 0.0006, "a sum of durations is off by more than its rounding"
        assert len(gzip.compress(text.encode())) < 14 * len(listed), name
    assert json.loads(subprocess.run(["ffprobe", "-v", "error", "-show_format", "-of", "json", folder / "R360.mp4"], check=True, capture_output=True, timeout=60).stdout)[
        "format"]["duration"] == "%d.000000" % SECONDS
