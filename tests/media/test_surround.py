"""5.1 of films that have it: which tracks get it, and what is in each of its channels."""
import math
import struct
import subprocess

import pytest

from mp4 import AudioObject
from test_audio_tracks import made, packets
from test_media import ffmpeg
from test_object import check_audio_object
from test_sound import H264, PICTURE, RATE, level, pitch, sound

PLACES = ["FL", "FR", "FC", "LFE", "BL", "BR"]
TONES = [300, 600, 900, 60, 1200, 1500]
LEVEL = -13.5  # of a tone of 0.3


def tones(layout, hertz, amplitude=0.3):
    exprs = "|".join("%g*sin(2*PI*%d*t)" % (amplitude, h) for h in hertz)
    return ["-f", "lavfi", "-i", "aevalsrc=exprs=%s:c=%s:s=%d" % (exprs, layout, RATE)]


def channels(path, start, seconds=1.0):
    out = subprocess.run(["ffmpeg", "-v", "error", "-nostdin", "-ss", str(start), "-t", str(seconds), "-i", str(path), "-f", "f32le", "-"], check=True,
                         capture_output=True, timeout=120).stdout
    values = struct.unpack("<%df" % (len(out) // 4), out)
    return [values[n::6] for n in range(6)]


def hears(path, hertz, start=3.0, loud=LEVEL, seconds=1.0):
    """Asserts the tone of each channel; None is silence. A list of levels has one for each."""
    louds = loud if isinstance(loud, list) else [loud] * 6
    for place, wanted, db, samples in zip(PLACES, hertz, louds, channels(path, start, seconds)):
        found = pitch(samples)
        assert (found is None) == (wanted is None) and (wanted is None or (abs(found - wanted) <= 5 and abs(level(samples) - db) < 1)), (place, found, level(samples))


def test_the_oddest_film(tmp_path):
    """5.1, 5.1 that begins late, stereo, 7.1 as loud as can be, channels without stated places, 5.1 that becomes stereo, and quadrophony."""
    for name, part in ("wide", tones("5.1(side)", TONES)), ("narrow", tones("stereo", [400, 800])):
        ffmpeg(*part, "-t", "3", "-c:a", "ac3", "-b:a", "384k", tmp_path / (name + ".ac3"))
    (tmp_path / "both.ac3").write_bytes((tmp_path / "wide.ac3").read_bytes() + (tmp_path / "narrow.ac3").read_bytes())
    ins = [tones("5.1(side)", TONES), ["-itsoffset", "2", *tones("5.1", TONES)], tones("stereo", TONES[:2]), tones("7.1", [*TONES, 1200, 1500], 0.99), tones("5.1", TONES),
           ["-i", str(tmp_path / "both.ac3")], tones("4.0", TONES[:4])]
    args = [a for part in ins for a in part]
    for n, (language, codec) in enumerate([("eng", "ac3"), ("fra", "aac"), ("ger", "ac3"), ("spa", "flac"), ("ita", "pcm_s16le"), ("por", "copy"), ("yor", "flac")]):
        args += ["-map", str(n + 1), "-metadata:s:a:%d" % n, "language=" + language, "-c:a:%d" % n, codec]
    ffmpeg(*PICTURE, *args, "-map", "0", "-t", "6", *H264, tmp_path / "a.mkv")
    audios, notes, _ = made(tmp_path / "a.mkv", tmp_path / "out")
    assert notes == ""
    assert [(o["language"], o["channels"]) for name, o in audios.items() if not name.endswith("-64")] == [
        ("en", 2), ("en", 6), ("fr", 2), ("fr", 6), ("de", 2), ("es", 2), ("es", 6), ("it", 2), ("it", 6), ("pt", 2), ("pt", 6), ("yo", 2)]
    wide = {o["language"]: tmp_path / "out" / (name + ".m4a") for name, o in audios.items() if o["channels"] == 6}
    assert {p.name for p in wide.values()} == {"audio-%d-surround.m4a" % n for n in (1, 2, 4, 5, 6)}
    assert len({packets(tmp_path / "out" / (name + ".m4a")) for name in audios}) == 1
    for path in wide.values():
        check_audio_object(AudioObject(str(path)))
    assert 330_000 < audios["audio-1-surround"]["average"] < 420_000
    for language in "en", "fr", "it":
        hears(wide[language], TONES)
    hears(wide["fr"], [None] * 6, start=0.5)
    # Two tones of full scale that the mixer adds: the channels behind do not clip, those in front keep their level.
    hears(wide["es"], TONES, loud=-3.1)
    assert all(max(map(abs, samples)) < 1.06 for samples in channels(wide["es"], 3))
    hears(wide["pt"], TONES, start=1)
    hears(wide["pt"], [400, 800, None, None, None, None], start=4)


MONO = {"Left": 300, "Right": 600, "Center": 900, "LFE": 60, "Left Surround": 1200, "Right Surround": 1500}


@pytest.mark.parametrize("names, beside", [
    (list(MONO), LEVEL), (["Right Surround", "LFE", "Center", "Left", "Left Surround", "Right"], LEVEL), ([*MONO, "Left Rear", "Rsr"], -3.1), ([n for n in MONO if n != "LFE"], None),
    (["LFE", "Left", "Right", "Left Surround", "Right Surround", "Left Rear", "Rsr"], None)], ids=["in order", "shuffled", "seven", "no LFE", "no centre"])
def test_mono_tracks_of_each_channel(tmp_path, names, beside):
    """One track for each channel, as in masters of broadcasters; of seven, what is behind and beside the listener is added without clipping."""
    loud = 0.99 if len(names) == 8 else 0.3
    hertz = {**MONO, "Left Rear": MONO["Left Surround"], "Rsr": MONO["Right Surround"]}
    parts = [["-f", "lavfi", "-i", "sine=f=%d:r=%d,aformat=sample_fmts=dbl,volume=%g" % (hertz[n], RATE, 8 * loud)] for n in names]
    labels = [a for n, name in enumerate(names) for a in ("-map", "%d:a" % (n + 1), "-metadata:s:a:%d" % n, "handler_name=" + name)]
    ffmpeg(*PICTURE, *sum(parts, []), "-map", "0:v", *labels, "-t", "4", *H264, "-c:a", "pcm_s24le", tmp_path / "a.mov")
    audios, notes, _ = made(tmp_path / "a.mov", tmp_path / "out")
    assert [o["channels"] for name, o in audios.items() if not name.endswith("-64")] == ([2] if beside is None else [2, 6])
    assert "one sound in " + ("stereo." if beside is None else "stereo and 5.1.") in notes and "left out" not in notes
    if beside is None:
        return
    wide = tmp_path / "out" / "audio-1-surround.m4a"
    check_audio_object(AudioObject(str(wide)))
    hears(wide, TONES, start=2.0, loud=[20 * math.log10(loud) - 3] * 4 + [beside] * 2)
    assert all(max(map(abs, samples)) < 1.06 for samples in channels(wide, 2))
    left, right = sound(tmp_path / "out" / "R360.mp4", 2, 1)
    assert level(left) > -20 and level(right) > -20


def test_a_gap_of_more_than_a_minute(tmp_path):
    """The first frame behind the gap, half a second long, is in the stereo and in the 5.1."""
    ffmpeg("-t", "6", "-f", "lavfi", "-i", "testsrc2=s=160x90:r=5", "-t", "6", *tones("5.1", TONES), "-vf", "setpts=PTS+gte(T\\,3)*70/TB",
           "-af", "asetnsamples=24000,asetpts=PTS+gte(T\\,3)*70/TB", "-vsync", "passthrough", *H264, "-c:a", "pcm_s16le", tmp_path / "a.mkv")
    audios, notes, _ = made(tmp_path / "a.mkv", tmp_path / "out")
    assert [o["channels"] for name, o in audios.items() if not name.endswith("-64")] == [2, 6] and notes == ""
    wide = tmp_path / "out" / "audio-1-surround.m4a"
    for start in 2.5, 73.1, 73.6:
        assert all(level(samples) > -20 for samples in sound(tmp_path / "out" / "R360.mp4", start, 0.3)), start
        hears(wide, TONES, start=start, seconds=0.3)
    hears(wide, [None] * 6, start=40)


def test_surround_in_playlists(tmp_path):
    """Each group has all tracks: stereo stands in for a track without 5.1. The smallest of several renditions is listed without it."""
    ffmpeg("-f", "lavfi", "-i", "testsrc2=s=1280x720:r=5", *tones("stereo", [400, 800]), *tones("5.1", TONES), "-map", "0", "-map", "1", "-map", "2", "-t", "3", *H264, "-c:a", "ac3",
           "-metadata:s:a:0", "language=eng", "-metadata:s:a:1", "language=fra", "-disposition:a:0", "default", tmp_path / "a.mkv")
    audios, _, told = made(tmp_path / "a.mkv", tmp_path / "out")
    assert [(o["language"], o["channels"]) for o in audios.values()] == [("en", 2), ("en", 2), ("fr", 2), ("fr", 2), ("fr", 6)]
    master = (tmp_path / "out" / "master.m3u8").read_text().splitlines()
    groups = [line.split("GROUP-ID=")[1] for line in master if "TYPE=AUDIO" in line]
    assert [g for g in groups if "surround" in g] == [
        '"audio-surround",NAME="en",LANGUAGE="en",DEFAULT=YES,AUTOSELECT=YES,CHANNELS="2",URI="a-en.m3u8"',
        '"audio-surround",NAME="fr",LANGUAGE="fr",DEFAULT=NO,AUTOSELECT=YES,CHANNELS="6",URI="a-fr-surround.m3u8"']
    variants = [(a.split("AUDIO=")[1].strip('"'), b, int(a.split("AVERAGE-BANDWIDTH=")[1].split(",")[0])) for a, b in zip(master, master[1:]) if "STREAM-INF" in a and not b.startswith("#")]
    assert [v[:2] for v in variants] == [("audio", "v-R720.m3u8"), ("audio-surround", "v-R720.m3u8"), ("audio-64", "v-R360.m3u8")]
    averages = {name: o["average"] for name, o in audios.items()}
    assert variants[1][2] - variants[0][2] == averages["audio-2-surround"] - max(averages["audio-1-128"], averages["audio-2-128"])
    assert (tmp_path / "out" / "a-fr-surround.m3u8").read_text().count("audio-2-surround.m4a") == 3
