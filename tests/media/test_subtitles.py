"""Tracks of subtitles in films, which become WebVTT: what goes in is made by Debian's ffmpeg, what comes out is compared cue by cue."""
import json
import os
import struct

import pytest

from conftest import run
from test_media import ffmpeg

PICTURE = ["-f", "lavfi", "-i", "testsrc2=s=160x120:r=25:d=8"]
SRT = """1
00:00:01,000 --> 00:00:02,500
<i>One</i> & <b>two</b>

2
00:00:03,040 --> 00:00:04,000
{\\an8}<font color="red">Three</font>
caf\u00e9 <3
"""
SRT_CUES = [("00:00:01.000", "00:00:02.500", "<i>One</i> &amp; <b>two</b>"), ("00:00:03.040", "00:00:04.000", "Three\ncaf\u00e9 &lt;3")]
ASS = """[Script Info]
ScriptType: v4.00+

[V4+ Styles]
Format: Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, OutlineColour, BackColour, Bold, Italic, Underline, StrikeOut, ScaleX, ScaleY, Spacing, Angle, \
BorderStyle, Outline, Shadow, Alignment, MarginL, MarginR, MarginV, Encoding
Style: Default,Arial,20,&H00FFFFFF,&H000000FF,&H00000000,&H00000000,0,0,0,0,100,100,0,0,1,1,0,2,10,10,10,1
Style: Thoughts,Arial,20,&H00FFFFFF,&H000000FF,&H00000000,&H00000000,0,-1,0,0,100,100,0,0,1,1,0,2,10,10,10,1

[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
Dialogue: 0,0:00:03.00,0:00:04.00,Thoughts,,0,0,0,,A thought, {\\i0}said{\\i} aloud
Dialogue: 0,0:00:01.00,0:00:02.50,Default,,0,0,0,,{\\pos(10,20)\\b1}One{\\b0}\\Nand {\\fnArial\\u1}two{\\r} <three>
Dialogue: 1,0:00:01.00,0:00:02.50,Default,,0,0,0,,{\\blur3\\b1}One{\\b0}\\Nand {\\u1}two{\\r} <three>
Dialogue: 0,0:00:05.00,0:00:06.00,Default,,0,0,0,,{\\p1}m 0 0 l 10 0 10 10{\\p0}
Dialogue: 0,0:00:06.00,0:00:06.10,Default,,0,0,0,,{\\pos(1,1)}Moving
Dialogue: 0,0:00:06.10,0:00:06.20,Default,,0,0,0,,{\\pos(2,1)}Moving
"""
ASS_CUES = [("00:00:01.000", "00:00:02.500", "<b>One</b>\nand <u>two</u> &lt;three&gt;"), ("00:00:03.000", "00:00:04.000", "<i>A thought,</i> said <i>aloud</i>"),
            ("00:00:06.000", "00:00:06.200", "Moving")]


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "a.srt").write_text(SRT)
    (tmp_path / "a.ass").write_text(ASS)
    return tmp_path


def film(path, *args, subtitles=(), offset=0):
    """A film of 8 seconds with these files of subtitles; the arguments say how they are stored."""
    ffmpeg(*PICTURE, *[word for name in subtitles for word in ("-i", name)], *[word for i in range(len(subtitles) + 1) for word in ("-map", i)],
           "-c:v", "libx264", "-preset", "ultrafast", "-output_ts_offset", offset, *args, path)
    return path


def transcode(path, out):
    r = run("transcode", "--json", str(path), str(out))
    assert r.returncode == 0, r.stdout + r.stderr
    return json.loads(r.stdout)


def cues(out, number):
    """Returns the cues of a text as (start, end, text)."""
    text = (out / ("text-%d.vtt" % number)).read_text()
    head, *blocks = text.split("\n\n")
    assert head == "WEBVTT" and text.endswith("\n")
    return [(*block.split("\n", 1)[0].split(" --> "), block.split("\n", 1)[1].rstrip("\n")) for block in blocks]


def text(language, label="", kind="subtitles", default=False, forced=False):
    return {"language": language, "label": label, "kind": kind, "default": default, "forced": forced}


def described(result):
    return [{key: value for key, value in found.items() if key not in ("cues", "bytes")} for found in result["texts"]]


def test_subrip_and_substation_alpha_in_matroska(folder):
    path = film(folder / "f.mkv", "-c:s:0", "srt", "-c:s:1", "ass", "-metadata:s:s:0", "language=ger", "-metadata:s:s:0", "title=Deutsch (SDH)",
                "-metadata:s:s:1", "language=fre", "-metadata:s:s:1", "title=Fran\u00e7ais", "-disposition:s:0", "default", "-disposition:s:1", "forced",
                subtitles=(folder / "a.srt", folder / "a.ass"))
    result = transcode(path, folder / "out")
    assert described(result) == [text("de", "Deutsch (SDH)", "captions", default=True), text("fr", "Fran\u00e7ais", forced=True)]
    assert cues(folder / "out", 1) == SRT_CUES and cues(folder / "out", 2) == ASS_CUES
    assert [(found["cues"], found["bytes"]) for found in result["texts"]] == [
        (2, os.path.getsize(folder / "out/text-1.vtt")), (3, os.path.getsize(folder / "out/text-2.vtt"))]
    manifest = (folder / "out/manifest.mpd").read_text()
    assert [manifest.count("<BaseURL>text-%d.vtt</BaseURL>" % n) for n in (1, 2, 3)] == [1, 1, 0] and manifest.count('value="caption"') == 1
    assert not [note for note in result["notes"] if "ubtitle" in note]


@pytest.mark.parametrize("name, codec", [("f.mp4", "mov_text"), ("f.mov", "mov_text"), ("f.mkv", "webvtt"), ("f.mkv", "ass"), ("f.mkv", "text")])
def test_every_text_format_has_the_same_cues(folder, name, codec):
    (folder / "a.srt").write_text(SRT.replace(" <3", ""))  # ffmpeg does not escape it in WebVTT
    result = transcode(film(folder / name, "-c:s", codec, "-metadata:s:s:0", "language=eng", subtitles=(folder / "a.srt",)), folder / "out")
    assert [found["language"] for found in result["texts"]] == ["en"]
    found = cues(folder / "out", 1)
    assert [cue[:2] for cue in found] == [cue[:2] for cue in SRT_CUES]
    assert [cue[2].replace("<b>", "").replace("</b>", "").replace("<i>", "").replace("</i>", "") for cue in found] == [
        "One &amp; two", "Three\ncaf\u00e9"], "ffmpeg drops some styles"


@pytest.mark.parametrize("name, codec", [("f.mkv", "srt"), ("f.mp4", "mov_text")])
def test_times_are_on_the_clock_of_the_film(folder, name, codec):
    """Time 0 is the beginning of the picture, whatever the timestamps of the file are."""
    transcode(film(folder / name, "-c:s", codec, subtitles=(folder / "a.srt",), offset=100), folder / "out")
    assert [cue[:2] for cue in cues(folder / "out", 1)] == [cue[:2] for cue in SRT_CUES]


def test_subtitles_that_are_silent_for_long_do_not_move_the_clock(folder):
    """A jump of the timestamps is a new recording; a cue after a long pause is none."""
    (folder / "b.srt").write_text("1\n00:00:00,500 --> 00:00:01,000\nFirst\n\n2\n01:00:00,000 --> 01:00:01,000\nLong after the end\n")
    result = transcode(film(folder / "f.mkv", "-c:s", "srt", subtitles=(folder / "b.srt",)), folder / "out")
    assert abs(result["duration"] - 8) < 0.1
    assert cues(folder / "out", 1)[0] == ("00:00:00.500", "00:00:01.000", "First")
    assert not [note for note in result["notes"] if "jump" in note]


def test_text_that_is_not_utf8(folder):
    (folder / "b.srt").write_bytes(SRT.encode("windows-1252"))
    transcode(film(folder / "f.mkv", "-c:s", "copy", subtitles=(folder / "b.srt",)), folder / "out")
    assert cues(folder / "out", 1) == SRT_CUES


def test_a_track_over_the_limits_is_left_out_and_noted(folder):
    (folder / "b.srt").write_text("".join("%d\n00:00:0%d,%03d --> 00:00:0%d,%03d\nText %d\n\n" % (
        i, i // 4000, i // 4 % 1000, i // 4000, i // 4 % 1000 + 1 if i // 4 % 1000 < 999 else 999, i) for i in range(24000)))
    result = transcode(film(folder / "f.mkv", "-c:s", "copy", subtitles=(folder / "b.srt", folder / "a.srt")), folder / "out")
    assert "The subtitles of track 2 (und) were left out: they have more than 20000 cues or 2 MB." in result["notes"]
    assert described(result) == [text("und")] and cues(folder / "out", 1) == SRT_CUES


def test_a_track_without_text_is_no_track(folder):
    (folder / "b.srt").write_text("1\n00:00:01,000 --> 00:00:02,000\n<i> </i>\n")
    result = transcode(film(folder / "f.mkv", "-c:s", "copy", subtitles=(folder / "b.srt",)), folder / "out")
    assert result["texts"] == [] and not os.path.exists(folder / "out/text-1.vtt")


def pgs(path):
    """Writes subtitles of Blu-ray discs: a white square of 8 x 8 pixels from 1 s to 2 s."""
    def segment(seconds, kind, data):
        return b"PG" + struct.pack(">IIBH", seconds * 90000, 0, kind, len(data)) + data

    def composition(number, objects):
        return struct.pack(">HHBHBBBB", 160, 120, 0x10, number, 0x80 if objects else 0, 0, 0, objects) + (struct.pack(">HBBHH", 0, 0, 0, 8, 8) if objects else b"")
    row = b"\x00\x88\x01\x00\x00"
    picture = struct.pack(">HBB", 0, 0, 0xc0) + (len(row) * 8 + 4).to_bytes(3, "big") + struct.pack(">HH", 8, 8) + row * 8
    window = struct.pack(">BBHHHH", 1, 0, 8, 8, 8, 8)
    palette = bytes((0, 0, 1, 235, 128, 128, 255))
    path.write_bytes(segment(1, 0x16, composition(0, 1)) + segment(1, 0x17, window) + segment(1, 0x14, palette) + segment(1, 0x15, picture) + segment(1, 0x80, b"") +
                     segment(2, 0x16, composition(1, 0)) + segment(2, 0x17, window) + segment(2, 0x80, b""))
    return path


@pytest.mark.parametrize("name, codec, says", [("f.mkv", "copy", "PGS of Blu-ray discs"), ("f.ts", "dvbsub", "DVB"), ("f.mkv", "dvdsub", "VobSub of DVDs")])
def test_pictures_are_named_as_not_convertible(folder, name, codec, says):
    path = film(folder / name, "-c:s", codec, "-metadata:s:s:0", "language=eng", subtitles=(pgs(folder / "a.sup"),))
    result = transcode(path, folder / "out")
    assert "Subtitles that are pictures cannot be converted to text and were left out: %s (en)." % says in result["notes"]
    assert result["texts"] == []
