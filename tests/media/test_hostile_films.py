"""Films that claim too much, files that are no films, and what is said about both."""
import json
import os
import random
import re
import subprocess

import pytest

import hostile
import services
from conftest import run
from test_media import SOUND, VIDEO, ffmpeg, make, refused, streams, transcode


def spent(film, out):
    """Runs wanzami transcode; its exit status, what it says, and its largest memory in MB."""
    p = subprocess.Popen([services.BINARY, "transcode", "--json", str(film), str(out)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                         stderr=subprocess.DEVNULL, text=True)
    text = p.stdout.read()
    _, status, usage = os.wait4(p.pid, 0)
    p.returncode = os.waitstatus_to_exitcode(status)
    return p.returncode, json.loads(text), usage.ru_maxrss / 1024


def said(film, out):
    """Returns the notes on a film."""
    r = run("transcode", str(film), str(out))
    assert r.returncode == 0, r.stderr
    return [line[6:] for line in r.stdout.splitlines() if line.startswith("note: ")]


@pytest.mark.parametrize("name", ["samples", "samples of 32 tracks", "a fragment", "many fragments", "edits of the whole", "edits behind the end"])
def test_a_film_that_claims_too_much_memory_is_refused(tmp_path, name):
    (tmp_path / "a.mp4").write_bytes(hostile.FILMS[name]())
    status, result, memory = spent(tmp_path / "a.mp4", tmp_path / "out")
    assert (status, result["error"]["reason"], result["error"]["retry"]) == (1, "too_large", False)
    tested = "asan" in services.BINARY or "memcheck" in services.BINARY  # their limits are a multiple
    assert "too much memory: the limit for it is %s" % ("10" if tested else "25") in result["error"]["text"]  # 256 MB, and a quarter of the file
    assert memory < 1000 or tested


@pytest.mark.parametrize("name", ["edits at the beginning", "edits in the middle"])
def test_a_film_that_shows_the_same_again_and_again_is_refused(tmp_path, name):
    """A million edits of one frame: eleven hours from 13 MB."""
    (tmp_path / "a.mp4").write_bytes(hostile.FILMS[name]())
    status, result, _ = spent(tmp_path / "a.mp4", tmp_path / "out")
    assert (status, result["error"]["reason"]) == (1, "too_large") and "again and again (edit list): the limit is" in result["error"]["text"]


def test_a_gap_of_hours_makes_no_film_of_hours(tmp_path):
    (tmp_path / "a.webm").write_bytes(hostile.silent_gap(72000))
    status, result, _ = spent(tmp_path / "a.webm", tmp_path / "out")
    if status == 0:
        assert result["duration"] < 60 and result["notes"]
    else:
        assert "too long for the size of its file: the limit for it is" in result["error"]["text"]


def test_more_than_64_tracks_are_fine(tmp_path):
    film = make(tmp_path / "a.mkv", "-c:v", "libx264", "-preset", "ultrafast", "-c:a", "aac", size="160x90", seconds=2)
    ffmpeg("-i", film, "-map", "0:v", *["-map", "0:a"] * 99, "-c", "copy", tmp_path / "many.mkv")
    transcode(tmp_path / "many.mkv", tmp_path / "out")
    assert set(streams(tmp_path / "out" / "R360.mp4")[0]) == {"video", "audio"}
    (tmp_path / "tracks.mp4").write_bytes(hostile.FILMS["tracks"]())
    refused(tmp_path / "tracks.mp4", tmp_path / "no", "too many tracks: the maximum is 1000")


def still(path, *args):
    ffmpeg("-f", "lavfi", "-i", "testsrc2=s=160x90:r=25", "-frames:v", "1", *args, path)
    return path


def test_a_picture_is_no_film(tmp_path):
    refused(still(tmp_path / "a.jpg"), tmp_path / "out", "picture (JPEG), not a film")
    refused(still(tmp_path / "a.png"), tmp_path / "out", "picture (PNG", "not a film")
    refused(still(tmp_path / "a.mp4", "-c:v", "libx264"), tmp_path / "out", "picture (H.264), not a film", "one frame only")
    refused(still(tmp_path / "a.mkv", "-c:v", "libx264"), tmp_path / "out", "picture (H.264), not a film", "one frame only")
    ffmpeg("-i", still(tmp_path / "b.png"), "-f", "lavfi", "-i", SOUND, "-t", "3", "-c:v", "mjpeg", "-c:a", "aac", "-frames:v", "1", tmp_path / "song.mkv")
    refused(tmp_path / "song.mkv", tmp_path / "out", "not a film", "one frame only")


def test_two_frames_are_a_film(tmp_path):
    ffmpeg("-f", "lavfi", "-i", "testsrc2=s=160x90:r=25", "-frames:v", "2", "-c:v", "libx264", tmp_path / "a.mp4")
    assert transcode(tmp_path / "a.mp4", tmp_path / "out") == ["R360"]
    ffmpeg("-f", "lavfi", "-i", "testsrc2=s=160x90:r=5", "-t", "2", tmp_path / "a.gif")
    assert transcode(tmp_path / "a.gif", tmp_path / "gif") == ["R360"]
    assert abs(float(streams(tmp_path / "gif" / "R360.mp4")[1]["duration"]) - 2) < 0.21


@pytest.mark.parametrize("container", ["mkv", "mp4"])
def test_a_cover_is_not_the_film(tmp_path, container):
    """A picture of its own as first and default track, larger than the film."""
    still(tmp_path / "c.jpg", "-s", "640x360")
    film = make(tmp_path / "f.mp4", "-c:v", "libx264", "-preset", "ultrafast", size="160x90", seconds=2, sound=False)
    ffmpeg("-i", tmp_path / "c.jpg", "-i", film, "-map", "0", "-map", "1", "-c", "copy", "-disposition:v:0", "default", "-disposition:v:1", "0",
           tmp_path / ("a." + container))
    notes = said(tmp_path / ("a." + container), tmp_path / "out")
    v, form = streams(tmp_path / "out" / "R360.mp4")
    assert (v["video"]["width"], v["video"]["height"]) == (160, 90) and abs(float(form["duration"]) - 2) < 0.05
    assert "Another video track was left out." in notes


def test_an_attached_cover_is_left_out_with_a_note(tmp_path):
    (tmp_path / "a.srt").write_text("1\n00:00:00,500 --> 00:00:01,500\nHello\n")
    film = make(tmp_path / "a.mp4", "-c:v", "libx264", "-preset", "ultrafast", "-c:a", "aac", size="160x90", seconds=2)
    ffmpeg("-i", film, "-i", still(tmp_path / "c.jpg"), "-i", tmp_path / "a.srt", "-map", "0", "-map", "1", "-map", "2", "-c:v", "copy", "-c:a", "copy",
           "-c:s", "mov_text", "-disposition:v:1", "attached_pic", tmp_path / "b.mp4")
    assert said(tmp_path / "b.mp4", tmp_path / "out") == ["The cover picture was left out."]
    ffmpeg("-i", still(tmp_path / "d.jpg"), "-f", "lavfi", "-i", SOUND, "-t", "2", "-map", "1", "-map", "0", "-c:v", "copy", "-disposition:v:0", "attached_pic",
           tmp_path / "song.m4a")
    refused(tmp_path / "song.m4a", tmp_path / "no", "sound and a cover picture", "no video track")
    ffmpeg("-i", tmp_path / "a.srt", tmp_path / "s.mkv")
    refused(tmp_path / "s.mkv", tmp_path / "no", "only subtitles", "no video track")


def test_tracks_of_data_attached_files_and_chapters_are_left_out_with_a_note(tmp_path):
    (tmp_path / "chapters").write_text(";FFMETADATA1\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=1000\ntitle=One\n")
    film = make(tmp_path / "a.mp4", "-c:v", "libx264", "-preset", "ultrafast", size="160x90", seconds=2, sound=False)
    ffmpeg("-i", film, "-c", "copy", "-timecode", "01:00:00:00", tmp_path / "b.mov")
    assert said(tmp_path / "b.mov", tmp_path / "out") == ["A data track was left out: timecode."]
    ffmpeg("-i", film, "-i", tmp_path / "chapters", "-map_metadata", "1", "-c", "copy", tmp_path / "c.mp4")
    assert said(tmp_path / "c.mp4", tmp_path / "out") == ["The chapter marks were left out."]
    ffmpeg("-i", film, "-c", "copy", "-attach", tmp_path / "chapters", "-metadata:s:t", "mimetype=font/ttf", tmp_path / "d.mkv")
    assert said(tmp_path / "d.mkv", tmp_path / "out") == ["The attached files, such as fonts, were left out."]


# Three bytes of ATSC A/53: a marker with the type, and a pair of CEA-608 or the beginning of a packet of CEA-708.
CAPTIONS = {"608": (b"\xfc\xc8\xe9", True), "608 in padding": (b"\xfc\x80\x80\xfc\xc8\xe9", True), "708": (b"\xff\x42\x22\xfe\x41\x42", True),
            "padding": (b"\xfc\x80\x80\xfd\x80\x80", False), "not valid": (b"\xf8\xc8\xe9", False), "programme data": (b"\xfd\xc8\xe9", False),
            "controls": (b"\xfc\x94\x2c", False), "empty 708": (b"\xff\x42\x20", False)}


@pytest.mark.parametrize("name", CAPTIONS)
def test_captions_in_the_video_are_left_out_with_a_note(tmp_path, name):
    data, told = CAPTIONS[name]
    ffmpeg("-f", "lavfi", "-i", VIDEO.format(size="160x90", rate=25), "-t", "2", "-c:v", "libx264", "-x264-params", "aud=1", tmp_path / "a.h264")
    message = b"\xb5\x00\x31GA94\x03" + bytes([0x40 | len(data) // 3]) + b"\xff" + data + b"\xff"
    sei = b"\0\0\0\1\x06\x04" + bytes([len(message)]) + message + b"\x80"
    units = re.split(b"(?=\0\0\0\1\x09)", (tmp_path / "a.h264").read_bytes())  # at access unit delimiters, which have six bytes
    (tmp_path / "b.h264").write_bytes(b"".join(u[:6] + sei + u[6:] if n == 5 else u for n, u in enumerate(units)))
    ffmpeg("-r", "25", "-i", tmp_path / "b.h264", "-c", "copy", tmp_path / "b.mp4")
    assert said(tmp_path / "b.mp4", tmp_path / "out") == (["The captions in the video (CEA-608 or CEA-708) were left out."] if told else [])


def test_an_encrypted_film_is_refused_by_that_name(tmp_path):
    ffmpeg("-f", "lavfi", "-i", VIDEO.format(size="160x90", rate=25), "-f", "lavfi", "-i", SOUND, "-t", "2", "-c:v", "libx264", "-c:a", "aac", "-encryption_scheme",
           "cenc-aes-ctr", "-encryption_key", "00112233445566778899aabbccddeeff", "-encryption_kid", "0" * 32, tmp_path / "a.mp4")
    refused(tmp_path / "a.mp4", tmp_path / "out", "encrypted (Common Encryption, CENC)", "without copy protection")
    (tmp_path / "b.m4v").write_bytes(hostile.renamed(hostile.plain(), b"drmi"))
    refused(tmp_path / "b.m4v", tmp_path / "out", "encrypted (Apple FairPlay)")


def scrambled(path, pids=(0x100, 0x101), start=0.0, marks=0xC0, size=188):
    """Scrambles the payload of transport stream packets, as conditional access does, from a part of the file on."""
    data, rng = bytearray(path.read_bytes()), random.Random(7)
    for at in range(size - 188, len(data), size):
        payload = at + (5 + data[at + 4] if data[at + 3] & 0x20 else 4)
        if (data[at + 1] & 0x1F) << 8 | data[at + 2] in pids and data[at + 3] & 0x10 and payload < at + 188 and at >= start * len(data):
            data[at + 3] |= marks
            data[payload:at + 188] = rng.randbytes(at + 188 - payload)
    path.write_bytes(data)
    return path


SCRAMBLED = {"all of it": {}, "only the picture": {"pids": (0x100,)}, "most of it": {"start": 0.3}, "with a key of its own kind": {"marks": 0x80}}


@pytest.mark.parametrize("coded", [["-c:v", "mpeg2video", "-b:v", "2M"], ["-c:v", "libx264", "-b:v", "2M"]])
@pytest.mark.parametrize("name", SCRAMBLED)
def test_a_scrambled_broadcast_is_encrypted_and_not_damaged(tmp_path, name, coded):
    make(tmp_path / "a.ts", *coded, "-c:a", "mp2", size="320x180", seconds=6)
    refused(scrambled(tmp_path / "a.ts", **SCRAMBLED[name]), tmp_path / "out", "encrypted (scrambled broadcast)", "without copy protection")


def test_a_broadcast_of_which_a_part_is_scrambled(tmp_path):
    make(tmp_path / "a.ts", "-c:v", "libx264", "-b:v", "2M", "-c:a", "mp2", size="320x180", seconds=8)
    notes = said(scrambled(tmp_path / "a.ts", start=0.7), tmp_path / "out")
    assert len(notes) == 1 and re.fullmatch(r"About (2\d|3\d) % of the film is encrypted \(scrambled broadcast\) and was left out\.", notes[0])


def test_a_scrambled_recording_in_packets_of_192_bytes(tmp_path):
    make(tmp_path / "a.m2ts", "-c:v", "libx264", "-c:a", "ac3", "-mpegts_m2ts_mode", "1", size="320x180", seconds=6)
    refused(scrambled(tmp_path / "a.m2ts", pids=(0x1011, 0x1100), size=192), tmp_path / "out", "encrypted (scrambled broadcast)")


def test_a_broadcast_of_which_only_the_sound_is_scrambled(tmp_path):
    make(tmp_path / "a.ts", "-c:v", "libx264", "-c:a", "mp2", size="160x90", seconds=6)
    refused(scrambled(tmp_path / "a.ts", pids=(0x101,)), tmp_path / "no", "The sound cannot be decoded: it is encrypted (scrambled broadcast).")
    r = run("transcode", str(tmp_path / "a.ts"), str(tmp_path / "out"), ALLOW_SILENT="1")
    assert r.returncode == 0 and "audio" not in streams(tmp_path / "out" / "R360.mp4")[0]
    assert "note: The film is silent, because its sound cannot be decoded: it is encrypted (scrambled broadcast)." in r.stdout


def test_a_damaged_broadcast_is_not_called_encrypted(tmp_path):
    make(tmp_path / "a.ts", "-c:v", "mpeg2video", "-c:a", "mp2", size="320x180", seconds=6)
    r = run("transcode", str(scrambled(tmp_path / "a.ts", marks=0)), str(tmp_path / "out"))
    assert r.returncode == 1 and "encrypted" not in r.stderr


def test_a_scrambled_dvd_is_refused_by_that_name(tmp_path):
    make(tmp_path / "a.vob", "-target", "pal-dvd", size="720x576", seconds=4)
    data = bytearray((tmp_path / "a.vob").read_bytes())
    assert transcode(tmp_path / "a.vob", tmp_path / "plain")
    for at in range(0, len(data) - 2047, 4096):  # every second sector
        if data[at + 14:at + 17] == b"\0\0\1" and data[at + 17] in (0xBD, 0xC0, 0xE0):
            data[at + 20] |= 0x10
            data[at + 128:at + 2048] = os.urandom(1920)
    (tmp_path / "a.vob").write_bytes(data)
    refused(tmp_path / "a.vob", tmp_path / "out", "encrypted (DVD, CSS)")


@pytest.mark.parametrize("code, name", [(b"aprn", "Apple ProRes RAW"), (b"vvc1", "H.266 (VVC)"), (b"braw", "Blackmagic RAW"), (b"qqqq", '"qqqq"')])
def test_a_codec_without_decoder_is_named(tmp_path, code, name):
    (tmp_path / "a.mov").write_bytes(hostile.renamed(hostile.plain(), code))
    refused(tmp_path / "a.mov", tmp_path / "out", "Unsupported video codec", name)


def test_json(tmp_path):
    film = make(tmp_path / "a.mp4", "-c:v", "libx264", "-preset", "ultrafast", "-c:a", "aac", size="160x90", seconds=2)
    r = run("transcode", "--json", film, str(tmp_path / "out"))
    found = json.loads(r.stdout)
    assert r.returncode == 0 and found["notes"] == [] and abs(found["duration"] - 2) < 0.05
    assert [(x["rendition"], x["width"], x["height"], x["fps_num"], x["fps_den"]) for x in found["renditions"]] == [("R360", 160, 90, 25, 1)]
    assert found["renditions"][0]["bytes"] == os.path.getsize(tmp_path / "out" / "R360.mp4")
    r = run("transcode", "--json", str(tmp_path / "nowhere"), str(tmp_path / "out"))
    found = json.loads(r.stdout)
    assert r.returncode == 1 and found["error"]["reason"] == "source" and found["error"]["retry"] and "cannot be read" in found["error"]["text"]
