"""The sound of films: which track it is, what becomes of formats that change, damage, and sound that does not last as long as the picture."""
import math
import os
import re
import struct
import subprocess

import pytest

import mp4
from conftest import run
from test_media import decodes, ffmpeg, probe, streams

PICTURE = ["-f", "lavfi", "-i", "testsrc2=s=160x90:r=25"]
H264 = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"]
RATE = 48000


def tone(hertz, more=""):
    return ["-f", "lavfi", "-i", "sine=%d:r=%d%s" % (hertz, RATE, more)]


def transcode(film, out, **env):
    """Transcodes a film to R360. Returns its notes as one text."""
    r = run("transcode", str(film), str(out), **env)
    assert r.returncode == 0, r.stderr
    assert decodes(out / "R360.mp4")
    return "\n".join(line[6:] for line in r.stdout.splitlines() if line.startswith("note: "))


def refused(film, out, *words, **env):
    r = run("transcode", str(film), str(out), **env)
    assert r.returncode == 1
    last = r.stderr.strip().split("\n")[-1]
    assert all(w in last for w in words), last


def sound(film, start=0.0, seconds=None):
    """The samples of left and right, as floats."""
    cut = ["-ss", str(start)] + (["-t", str(seconds)] if seconds else [])
    out = subprocess.run(["ffmpeg", "-v", "error", "-nostdin", "-i", str(film), *cut, "-vn", "-ac", "2", "-ar", str(RATE), "-f", "f32le", "-"],
                         check=True, capture_output=True, timeout=60).stdout
    values = struct.unpack("<%df" % (len(out) // 4), out)
    return values[0::2], values[1::2]


def level(samples):
    """RMS in dB of full scale."""
    power = sum(x * x for x in samples) / max(1, len(samples))
    return 10 * math.log10(power) if power > 1e-12 else -120


def pitch(samples):
    """The frequency of a tone by its zero crossings; None for silence."""
    if level(samples) < -60:
        return None
    crossings = sum(1 for a, b in zip(samples, samples[1:]) if a < 0 <= b)
    return crossings * RATE / len(samples)


def hears(film, left, right, start=0.5, seconds=1.0):
    """Checks the tones of both sides at a time."""
    for want, samples in zip((left, right), sound(film, start, seconds)):
        got = pitch(samples)
        assert got is None if want is None else got is not None and abs(got - want) < want / 50 + 2, (want, got, start)


def fragments_with_sound(film):
    """For each fragment of video whether it has a fragment of sound before it."""
    inner = mp4.Object(film).inner
    return [before.kind == "free" for before, box in zip(inner, inner[1:]) if box.kind == "moof"]


# Choice ---------------------------------------------------------------------------------------------------------------------------

def tracks(path, *args, seconds=2, count=3):
    """A film with tracks of 400, 800, 1200 Hz and so on."""
    ins = [word for n in range(count) for word in tone(400 * (n + 1))]
    maps = [word for n in range(count + 1) for word in ("-map", str(n))]
    ffmpeg(*PICTURE, *ins, *maps, "-t", seconds, *H264, *args, path)
    return path


CHOICES = {
    "the default one": (["-disposition:a:0", "0", "-disposition:a:1", "default", "-disposition:a:2", "0"], 800, 2),
    "the first one": (["-disposition:a", "0"], 400, 2),
    "most channels": (["-disposition:a", "0", "-ac:a:0", "1", "-ac:a:1", "1", "-ac:a:2", "2"], 1200, 2),
    "no commentary": (["-disposition:a:0", "default+comment", "-disposition:a:1", "0", "-disposition:a:2", "0"], 400 * 2, 1),
    "no commentary by title": (["-disposition:a", "0", "-metadata:s:a:0", "title=Director's Commentary"], 800, 1),
}


@pytest.mark.parametrize("name", CHOICES)
def test_the_best_track_is_chosen(tmp_path, name):
    args, hertz, left_out = CHOICES[name]
    tracks(tmp_path / "a.mkv", "-c:a", "ac3", *args)
    notes = transcode(tmp_path / "a.mkv", tmp_path / "out")
    hears(tmp_path / "out" / "R360.mp4", hertz, hertz)
    assert "left out" in notes and notes.count("ac3") == left_out  # a commentary is a track of its own


def renamed(path, codec, *which):
    """Gives the nth audio tracks of a QuickTime file a codec that nobody knows."""
    data = bytearray(path.read_bytes())
    places = [m.start() for m in re.finditer(b"stsd....\0\0\0\1....(?=sowt)", data, re.S)]
    for n in which:
        data[places[n] + 16:places[n] + 20] = codec
    path.write_bytes(data)
    return path


def test_a_track_without_decoder_is_left_out(tmp_path):
    film = tracks(tmp_path / "a.mov", "-c:a", "pcm_s16le", "-disposition:a:0", "default", "-metadata:s:a:0", "language=deu", "-metadata:s:a:1",
                  "language=eng", "-metadata:s:a:2", "language=deu")
    renamed(film, b"apac", 0)
    notes = transcode(film, tmp_path / "out")
    hears(tmp_path / "out" / "R360.mp4", 1200, 1200)  # the other one in the language of the default track
    assert "Audio track 1 was left out" in notes and "APAC" in notes
    hears(tmp_path / "out" / "audio-2-128.m4a", 800, 800)


def test_without_any_decoder_a_film_is_refused_unless_silence_is_allowed(tmp_path):
    film = tracks(tmp_path / "a.mov", "-c:a", "pcm_s16le", count=1)
    renamed(film, b"apac", 0)
    refused(film, tmp_path / "refused", "sound", "APAC")
    notes = transcode(film, tmp_path / "out", ALLOW_SILENT="1")
    assert "audio" not in streams(tmp_path / "out" / "R360.mp4")[0] and "silent" in notes and "APAC" in notes


def test_sound_of_which_nothing_can_be_decoded(tmp_path):
    ffmpeg(*PICTURE, *tone(440), "-t", "2", *H264, "-c:a", "ac3", tmp_path / "a.mkv")
    data = (tmp_path / "a.mkv").read_bytes()
    (tmp_path / "b.mkv").write_bytes(data.replace(b"\x0b\x77", b"\x00\x00"))  # the sync word of AC-3
    refused(tmp_path / "b.mkv", tmp_path / "refused", "sound cannot be decoded", "damaged")
    notes = transcode(tmp_path / "b.mkv", tmp_path / "out", ALLOW_SILENT="1")
    assert "audio" not in streams(tmp_path / "out" / "R360.mp4")[0] and "silent" in notes and "damaged" in notes


@pytest.mark.parametrize("broken", [1, 2, 5])
def test_another_track_takes_the_place_of_damaged_ones(tmp_path, broken):
    """Six tracks, of which the first ones, with more channels, cannot be decoded. Five are more than are tried."""
    maps = [o for n in range(6) for o in ("-map", "1" if n < broken else "2")]
    ffmpeg(*PICTURE, *tone(440), *tone(1000), "-t", "2", "-map", "0", *maps, *H264,
           *(o for n in range(6) for o in ("-c:a:%d" % n, "ac3" if n < broken else "mp2", "-ac:a:%d" % n, "2" if n < broken else "1")), tmp_path / "a.mkv")
    film = tmp_path / "b.mkv"
    ffmpeg("-i", tmp_path / "a.mkv", "-map", "0", "-c", "copy", *(o for n in range(broken) for o in ("-bsf:a:%d" % n, "noise=amount=1")), film)
    notes = transcode(film, tmp_path / "out", ALLOW_SILENT="1")
    found = streams(tmp_path / "out" / "R360.mp4")[0]
    if broken > 4:
        assert "audio" not in found and "silent" in notes
        return
    hears(tmp_path / "out" / "R360.mp4", 1000, 1000)
    assert notes.count("damaged") == broken and "Audio track %d was left out: nothing" % broken in notes


def test_sound_whose_first_minute_is_damaged(tmp_path):
    """More than what is read before the film is transcoded: the rest is heard."""
    ffmpeg(*PICTURE, *tone(440), "-t", "75", *H264, "-r", "25", "-c:a", "ac3", tmp_path / "a.mkv")
    at = [int(p["pos"]) for p in probe(tmp_path / "a.mkv", "-select_streams", "a", "-show_packets")["packets"] if float(p["pts_time"]) < 70]
    data = bytearray((tmp_path / "a.mkv").read_bytes())
    end = data.index(b"\x0b\x77", at[-1])
    data[:end] = data[:end].replace(b"\x0b\x77", b"\x00\x00")
    (tmp_path / "a.mkv").write_bytes(data)
    transcode(tmp_path / "a.mkv", tmp_path / "out")
    hears(tmp_path / "out" / "R360.mp4", None, None, start=30)
    hears(tmp_path / "out" / "R360.mp4", 440, 440, start=72)


CODECS = {
    "truehd": ("a.mkv", ["-c:a", "truehd", "-strict", "-2"]),
    "mlp": ("a.mkv", ["-c:a", "mlp", "-strict", "-2"]),
    "wavpack": ("a.mkv", ["-c:a", "wavpack"]),
    "tta": ("a.mkv", ["-c:a", "tta"]),
    "s302m": ("a.ts", ["-c:a", "s302m", "-strict", "-2"]),
    "pcm_f32be": ("a.mov", ["-c:a", "pcm_f32be"]),
    "pcm_s32be": ("a.mov", ["-c:a", "pcm_s32be"]),
    "adpcm_ms": ("a.avi", ["-c:a", "adpcm_ms"]),
    "adpcm_ima_wav": ("a.avi", ["-c:a", "adpcm_ima_wav"]),
    "adpcm_ima_qt": ("a.mov", ["-c:a", "adpcm_ima_qt"]),
    "g726": ("a.mkv", ["-c:a", "g726", "-ac", "1", "-ar", "8000"]),
    "g726 in AVI": ("a.avi", ["-c:a", "g726", "-ac", "1", "-ar", "8000"]),
    "g722 in AVI": ("a.avi", ["-c:a", "g722", "-ac", "1", "-ar", "16000"]),
    "speex in AVI": ("a.avi", ["-c:a", "libspeex", "-ac", "1", "-ar", "16000"]),
    "speex in Matroska": ("a.mkv", ["-c:a", "libspeex", "-ac", "1", "-ar", "32000"]),
    "narrow speex in AVI": ("a.avi", ["-c:a", "libspeex", "-ac", "1", "-ar", "8000"]),
    "nellymoser": ("a.flv", ["-c:a", "nellymoser", "-ac", "1", "-ar", "44100"]),
    "speex": ("a.flv", ["-c:a", "libspeex", "-ac", "1", "-ar", "16000"]),
}


@pytest.mark.parametrize("name", CODECS)
def test_codecs_of_editors_and_discs(tmp_path, name):
    file, args = CODECS[name]
    video = ["-c:v", "flv"] if file.endswith("flv") else ["-c:v", "mpeg4"] if file.endswith("avi") else H264
    ffmpeg(*PICTURE, *tone(440), "-t", "2", *video, "-ac", "2", *args, tmp_path / file)
    notes = transcode(tmp_path / file, tmp_path / "out")
    assert "ound" not in notes and "udio" not in notes
    hears(tmp_path / "out" / "R360.mp4", 440, 440)
    assert abs(float(probe(tmp_path / "out" / "R360.mp4", "-show_format")["format"]["duration"]) - 2) < 0.2


# Channels -------------------------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("kind, args, join", [
    ("mov", ["-c:a", "pcm_s16le", "-filter:a:0", "aformat=channel_layouts=FL", "-filter:a:1", "aformat=channel_layouts=FR"], True),
    ("mkv", ["-c:a", "aac", "-metadata:s:a:0", "title=Audio Right", "-metadata:s:a:1", "title=Audio Left"], "turned"),
    ("mkv", ["-c:a", "flac", "-metadata:s:a:0", "title=L", "-metadata:s:a:1", "title=R"], True),
    ("mxf", ["-c:v", "mpeg2video", "-c:a", "pcm_s16le"], True),
    ("mov", ["-c:a", "pcm_s16le", "-metadata:s:a:0", "title=Lavalier", "-metadata:s:a:1", "title=Boom"], False),
])
def test_mono_tracks_of_left_and_right(tmp_path, kind, args, join):
    film = tmp_path / ("a." + kind)
    tracks(film, *args, count=2)
    notes = transcode(film, tmp_path / "out")
    left, right = {True: (400, 800), "turned": (800, 400), False: (400, 400)}[join]
    hears(tmp_path / "out" / "R360.mp4", left, right)
    assert ("joined" in notes) == bool(join) and ("left out" in notes) != bool(join)
    if join:  # as loud as the tracks
        assert abs(level(sound(tmp_path / "out" / "R360.mp4", 0.5, 1)[0]) + 21.1) < 0.5


def test_mono_tracks_of_six_channels(tmp_path):
    names = ["Left", "Right", "Center", "LFE", "Left Surround", "Right Surround"]
    tracks(tmp_path / "a.mov", "-c:a", "pcm_s16le", *[w for n, name in enumerate(names) for w in ("-metadata:s:a:%d" % n, "handler_name=" + name)],
           count=6)
    transcode(tmp_path / "a.mov", tmp_path / "out")
    left, right = sound(tmp_path / "out" / "R360.mp4", 0.5, 1)
    for samples, gains in (left, (1, 0, .7071, 0, .7071, 0)), (right, (0, 1, .7071, 0, 0, .7071)):
        for hertz, gain in zip(range(400, 2800, 400), gains):
            pair = [sum(x * f(2 * math.pi * hertz * n / RATE) for n, x in enumerate(samples)) * 2 / len(samples) for f in (math.sin, math.cos)]
            assert abs(math.hypot(*pair) - gain / 8) < 0.01, hertz


def test_eight_mono_tracks_of_a_broadcaster(tmp_path):
    tracks(tmp_path / "a.mxf", "-c:v", "mpeg2video", "-c:a", "pcm_s16le", count=8)
    notes = transcode(tmp_path / "a.mxf", tmp_path / "out")
    hears(tmp_path / "out" / "R360.mp4", 400, 800)
    assert "Audio tracks were left out" in notes and "joined" in notes


@pytest.mark.parametrize("count, layout, codec", [(4, "ambisonic 1", ["libopus", "-mapping_family", "2"]), (13, "13 channels", ["pcm_s16le"])])
def test_channels_that_no_speaker_layout_fits(tmp_path, count, layout, codec):
    values = []
    for n in range(2 * RATE):
        values += [int(4096 * math.sin(2 * math.pi * hertz * n / RATE)) for hertz in (400, 800)] + [0] * (count - 2)
    (tmp_path / "raw").write_bytes(struct.pack("<%dh" % len(values), *values))
    ffmpeg(*PICTURE, "-f", "s16le", "-ar", RATE, "-ch_layout", layout, "-i", tmp_path / "raw", "-t", "2", *H264, "-c:a", *codec, tmp_path / "a.mkv")
    notes = transcode(tmp_path / "a.mkv", tmp_path / "out")
    hears(tmp_path / "out" / "R360.mp4", 400, 800)
    assert "first two channels" in notes


# Changes and damage ---------------------------------------------------------------------------------------------------------------

def glued(tmp_path, codec, name, first, second):
    """A film whose sound consists of two streams of 2 seconds, glued without a container between them. They differ as args say."""
    for n, (hertz, args) in enumerate([(400, first), (800, second)]):
        ffmpeg(*tone(hertz), "-t", "2", "-c:a", codec, *args, tmp_path / ("%d.%s" % (n, name)))
    whole = tmp_path / ("glued." + name)
    whole.write_bytes((tmp_path / ("0." + name)).read_bytes() + (tmp_path / ("1." + name)).read_bytes())
    ffmpeg(*PICTURE, "-i", whole, "-map", "0:v", "-map", "1:a", "-t", "4", *H264, "-c:a", "copy", tmp_path / "a.ts")
    return tmp_path / "a.ts"


@pytest.mark.parametrize("codec, name, first, second", [
    ("ac3", "ac3", ["-ac", "2"], ["-ac", "6"]),
    ("ac3", "ac3", ["-ac", "6"], ["-ac", "1"]),
    ("ac3", "ac3", ["-ac", "2"], ["-ac", "2", "-ar", "32000"]),
    ("aac", "aac", ["-ac", "1"], ["-ac", "6"]),
    ("mp2", "mp2", ["-ac", "2"], ["-ac", "1", "-ar", "44100"]),
])
def test_the_format_may_change(tmp_path, codec, name, first, second):
    transcode(glued(tmp_path, codec, name, first, second), tmp_path / "out")
    film = tmp_path / "out" / "R360.mp4"
    hears(film, 400, 400)
    hears(film, 800, 800, start=2.7)
    assert abs(float(streams(film)[0]["audio"]["duration"]) - 4) < 0.05


def float_film(tmp_path, damage):
    """A film of 2 seconds with 32-bit float samples, 4800 of which per side hold the given value."""
    values = []
    for n in range(2 * RATE):
        x = math.sin(2 * math.pi * 440 * n / RATE) / 8
        values += [damage, damage] if RATE // 2 <= n < RATE // 2 + 4800 and n % 2 else [x, x]
    (tmp_path / "raw").write_bytes(struct.pack("<%df" % len(values), *values))
    ffmpeg(*PICTURE, "-f", "f32le", "-ac", "2", "-ar", RATE, "-i", tmp_path / "raw", "-t", "2", *H264, "-c:a", "copy", tmp_path / "a.mkv")
    return tmp_path / "a.mkv"


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 1e30])
def test_samples_that_are_no_numbers(tmp_path, value):
    notes = transcode(float_film(tmp_path, value), tmp_path / "out")
    assert "4800 samples" in notes
    hears(tmp_path / "out" / "R360.mp4", 440, 440, start=1)
    left, _ = sound(tmp_path / "out" / "R360.mp4")
    assert max(map(abs, left)) < 0.3


@pytest.mark.parametrize("codec, kind", [("aac", "mp4")] + [(codec, "mkv") for codec in ("ac3", "mp3", "libopus", "flac", "vorbis", "truehd")])
def test_damaged_packets_become_silence(tmp_path, codec, kind):
    film = tmp_path / ("a." + kind)
    ffmpeg(*PICTURE, *tone(440), "-t", "6", *H264, "-c:a", codec, "-ac", "2", "-strict", "-2", film)
    packets = [(int(p["size"]), int(p["pos"])) for p in probe(film, "-select_streams", "a", "-show_packets")["packets"]]
    data = bytearray(film.read_bytes())
    for size, at in packets[len(packets) // 3:len(packets) * 2 // 3]:
        data[at + 8:at + size] = os.urandom(max(0, size - 8))
    film.write_bytes(data)
    transcode(film, tmp_path / "out")
    hears(tmp_path / "out" / "R360.mp4", 440, 440)
    hears(tmp_path / "out" / "R360.mp4", 440, 440, start=4.5)
    assert abs(float(streams(tmp_path / "out" / "R360.mp4")[0]["audio"]["duration"]) - 6) < 0.1


# Length ---------------------------------------------------------------------------------------------------------------------------

def beeps(film):
    """Times at which the sound begins, and at which the picture flashes."""
    r = subprocess.run(["ffmpeg", "-nostdin", "-i", str(film), "-vf", "blackdetect=d=0.4", "-af", "silencedetect=d=0.4:n=-40dB", "-f", "null", "-"],
                       capture_output=True, text=True, timeout=60)
    first = float(streams(film)[0]["video"]["start_time"])  # ffmpeg adds the greatest negative composition offset to all times of the video
    heard, seen = (re.findall(word + r"_end: ?([\d.]+)", r.stderr) for word in ("silence", "black"))
    return [float(x) for x in heard], [float(x) - first for x in seen]


def test_sound_that_ends_early(tmp_path):
    ffmpeg(*PICTURE, "-f", "lavfi", "-t", "3", "-i", "sine=440:r=48000", "-t", "30", *H264, "-r", "5", "-c:a", "aac", tmp_path / "a.mp4")
    notes = transcode(tmp_path / "a.mp4", tmp_path / "out")
    film = tmp_path / "out" / "R360.mp4"
    assert fragments_with_sound(film) == [True] * 9  # of 2, 2, then 4 seconds, and a rest of 2
    assert abs(float(streams(film)[0]["audio"]["duration"]) - 30) < 0.05 and "ends after 3.0 seconds" in notes
    hears(film, 440, 440, start=1.5)
    hears(film, None, None, start=20)


def test_sound_with_a_hole(tmp_path):
    """Packets are missing for 14 seconds. Sound and picture after it stay together."""
    ffmpeg("-f", "lavfi", "-i", "color=black:s=160x90:r=25", *tone(1000), "-t", "22", "-vf",
           "drawbox=c=white:t=fill:enable='between(t,20,20.5)'", "-af", "volume=0:enable='between(t,3,20)'", *H264, "-c:a", "ac3", tmp_path / "a.mkv")
    ffmpeg("-i", tmp_path / "a.mkv", "-c", "copy", "-bsf:a", "noise=drop='between(pts*tb,4,18)'", tmp_path / "b.mkv")
    transcode(tmp_path / "b.mkv", tmp_path / "out")
    film = tmp_path / "out" / "R360.mp4"
    assert fragments_with_sound(film) == [True] * 7
    heard, seen = beeps(film)
    assert abs(heard[-1] - 20) < 0.04 and abs(seen[0] - 20) < 0.041


@pytest.mark.parametrize("declared", [True, False])
def test_sound_that_begins_after_the_probe(tmp_path, declared):
    """The stream of sound is declared from the beginning without packets, or appears later."""
    flash = ["-f", "lavfi", "-i", "color=black:s=160x90:r=5", *tone(1000), "-t", "30", "-vf", "drawbox=c=white:t=fill:enable='gte(t,26)'", "-af",
             "volume=0:enable='lt(t,26)'", *H264, "-g", "5", "-c:a", "aac"]
    ffmpeg(*flash, tmp_path / "whole.mkv")
    if declared:
        ffmpeg("-i", tmp_path / "whole.mkv", "-c", "copy", "-bsf:a", "noise=drop='lt(pts*tb,25)'", tmp_path / "a.ts")
    else:
        ffmpeg("-i", tmp_path / "whole.mkv", "-t", "25", "-an", "-c", "copy", tmp_path / "0.ts")
        ffmpeg("-i", tmp_path / "whole.mkv", "-ss", "25", "-c", "copy", "-output_ts_offset", "25", tmp_path / "1.ts")
        (tmp_path / "a.ts").write_bytes((tmp_path / "0.ts").read_bytes() + (tmp_path / "1.ts").read_bytes())
    transcode(tmp_path / "a.ts", tmp_path / "out")
    film = tmp_path / "out" / "R360.mp4"
    assert all(fragments_with_sound(film)) and len(fragments_with_sound(film)) == 9
    heard, seen = beeps(film)
    assert abs(heard[-1] - seen[-1]) < 0.24 and abs(heard[-1] - 26) < 0.1


@pytest.mark.parametrize("damaged", [False, True])
def test_late_sound_of_which_nothing_can_be_decoded(tmp_path, damaged):
    """Sound that begins after 25 seconds: the first half of it is damaged, or all of it, which makes a film without sound."""
    ffmpeg("-f", "lavfi", "-i", "testsrc2=s=160x90:r=5", *tone(440), "-t", "40", *H264, "-c:a", "ac3", tmp_path / "whole.mkv")
    data = (tmp_path / "whole.mkv").read_bytes()
    end = len(data) if damaged else data.rindex(b"\x0b\x77", 0, len(data) * 4 // 5)
    (tmp_path / "damaged.mkv").write_bytes(data[:end].replace(b"\x0b\x77", b"\0\0") + data[end:])  # the sync word of AC-3
    ffmpeg("-i", tmp_path / "damaged.mkv", "-c", "copy", "-bsf:a", "noise=drop='lt(pts*tb,25)'", tmp_path / "a.ts")
    if not damaged:
        transcode(tmp_path / "a.ts", tmp_path / "out")
        hears(tmp_path / "out" / "R360.mp4", 440, 440, start=38)
        return
    refused(tmp_path / "a.ts", tmp_path / "refused", "sound cannot be decoded", "damaged")
    notes = transcode(tmp_path / "a.ts", tmp_path / "out", ALLOW_SILENT="1")
    assert "audio" not in streams(tmp_path / "out" / "R360.mp4")[0] and "silent" in notes and "damaged" in notes and "no sound" not in notes


def test_a_track_that_is_declared_and_empty(tmp_path):
    ffmpeg(*PICTURE, *tone(440), "-t", "2", *H264, "-c:a", "aac", tmp_path / "whole.mkv")
    ffmpeg("-i", tmp_path / "whole.mkv", "-c", "copy", "-bsf:a", "noise=drop=1", tmp_path / "a.ts")
    notes = transcode(tmp_path / "a.ts", tmp_path / "out")
    assert "audio" not in streams(tmp_path / "out" / "R360.mp4")[0] and "no sound was found" in notes
