"""The object of a rendition: a regular MP4 file whose mdat holds the same samples as CMAF fragments."""
import itertools
import json
import os
import struct
import subprocess

import pytest

import mp4
from conftest import build, run
from test_media import ffmpeg, probe

PICTURE = "testsrc2=s=160x90:r="
FAST = ["-c:v", "libx264", "-preset", "ultrafast"]


@pytest.fixture(scope="session")
def renditions():
    """renditions(what, …) runs tests/tools/renditions.c; returns what it prints."""
    tool = build("tools/renditions")

    def start(*args):
        r = subprocess.run([tool, *map(str, args)], capture_output=True, text=True, timeout=300)
        assert r.returncode == 0, r.stdout + r.stderr
        return json.loads(r.stdout)
    return start


def packets(path):
    """Returns the packets of video and of audio as ffprobe reads them, and asserts that nothing is wrong."""
    r = subprocess.run(["ffprobe", "-v", "warning", "-show_entries", "packet=codec_type,pts_time,dts_time,size,pos,flags", "-of", "json", path], check=True,
                       capture_output=True, text=True, timeout=60)
    assert r.stderr == ""
    found = json.loads(r.stdout)["packets"]
    return [[p for p in found if p["codec_type"] == kind] for kind in ("video", "audio")]


def decoded(path):
    """Returns the number of frames that ffmpeg decodes without a warning."""
    r = subprocess.run(["ffmpeg", "-v", "warning", "-nostdin", "-xerror", "-i", path, "-map", "0:v?", "-map", "0:a?", "-f", "null", "-"],
                       capture_output=True, text=True, timeout=60)
    assert r.returncode == 0 and r.stderr == ""
    r = subprocess.run(["ffprobe", "-v", "warning", "-count_frames", "-show_entries", "stream=nb_read_frames,nb_frames", "-of", "json", path], check=True,
                       capture_output=True, text=True, timeout=60)
    assert r.stderr == ""
    return [int(s["nb_read_frames"]) for s in json.loads(r.stdout)["streams"]]


def check_units(data, samples):
    """Each sample of video is a series of NAL units, and a sync sample has an IDR picture."""
    for s in samples:
        at, kinds = s.place, set()
        while at < s.place + s.size:
            size, = struct.unpack_from(">I", data, at)
            kinds.add(data[at + 4] & 31)
            at += 4 + size
        assert at == s.place + s.size
        assert (5 in kinds) == s.sync and (1 in kinds) != s.sync and not kinds & {7, 8, 9}


def check_object(o):
    """The tables and the fragments show the same samples, and the two tracks begin together."""
    assert [t.handler for t in o.tracks] == ["vide", "soun"][:len(o.tracks)] and [t.id for t in o.tracks] == [1, 2][:len(o.tracks)]
    for track, (ftyp, moov) in zip(o.tracks, o.inits):
        parts = o.fragments[track.id]
        assert [s for _, _, samples in parts for s in samples] == track.samples
        trak, = [b for b in mp4.boxes(o.data, moov.body, moov.end) if b.kind == "trak"]
        assert mp4.header(o.data, trak) == track[:4] and mp4.child(o.data, trak, "edts") is None and mp4.child(o.data, moov, "mvex", "trex") is not None
        assert mp4.words(o.data, mp4.child(o.data, moov, "mvex", "mehd").body + 4, 1, "Q") == (len(track.samples) * track.samples[-1].time // max(1, len(track.samples) - 1),)
        assert track.samples[0].time == track.samples[0].shown == 0
        shown = sorted(s.shown for s in track.samples)
        tick = shown[1] if len(shown) > 1 else 0
        assert shown == [n * tick for n in range(len(shown))] == [s.time for s in track.samples]
        assert all(samples[0].sync and samples[0].shown == samples[0].time for _, _, samples in parts)
        assert len(mp4.offsets(o.data, chunks(o, track.id))) == len(parts)
    check_units(o.data, o.tracks[0].samples)
    assert sum(b.kind == "free" for b in o.inner) == len(o.fragments[2])


def chunks(o, number):
    """Returns the box of the sample tables of a track."""
    trak = [b for b in mp4.boxes(o.data, o.moov.body, o.moov.end) if b.kind == "trak"][number - 1]
    return mp4.child(o.data, trak, "mdia", "minf", "stbl")


def check_index(o):
    """The entries of the index begin with a fragment of video each and reach to the next one."""
    parts = o.fragments[1]
    begins = [moof.at for moof, _, _ in parts] + [o.mdat.end]
    tick = o.tracks[0].samples[1].time if len(o.tracks[0].samples) > 1 else None
    found = o.references()
    assert [(a, b) for a, b, _ in found] == list(zip(begins, begins[1:]))
    assert tick is None or [d for _, _, d in found] == [len(samples) * tick for _, _, samples in parts]


def check_told(o, told):
    """What the database and the playlists learn is what is in the object."""
    assert told["size"] == len(o.data)
    whole, time = 0, 0
    for track, stream in zip(o.tracks, (told["video"], told["audio"])):
        (ftyp, moov), parts = o.inits[track.id - 1], o.fragments[track.id]
        assert stream["init"] == [ftyp.at, moov.end - ftyp.at] and stream["timescale"] == track.timescale
        tick = track.samples[1].time if len(track.samples) > 1 else stream["segments"][0][2]
        assert stream["segments"] == [[moof.at, mdat.end - moof.at, len(s) * tick, 0 if track.id == 2 else s[0].place + s[0].size - moof.at]
                                      for moof, mdat, s in parts]
        rates = [size * 8 * track.timescale / duration for _, size, duration, _ in stream["segments"]]
        bytes_, seconds = sum(s[1] for s in stream["segments"]), len(track.samples) * tick / track.timescale
        assert stream["peak"] == int(max(rates)) and stream["average"] == pytest.approx(bytes_ * 8 / seconds, abs=1)
        whole, time = whole + bytes_, time or seconds
    assert told["duration"] == pytest.approx(time, abs=1e-6) and told["average"] == pytest.approx((whole + 8 * len(o.fragments[2])) * 8 / time, abs=1)
    assert told["video"]["index"] == ([o.index.at, o.index.end - o.index.at] if o.index else [0, 0]) and told["audio"]["index"] == [0, 0]
    entry = o.tracks[0].entry
    at = entry.index(b"avcC") + 5
    assert told["video"]["codecs"] == "avc1." + entry[at:at + 3].hex()
    assert told["codecs"] == told["video"]["codecs"] + (",mp4a.40.2" if len(o.tracks) > 1 else "")
    assert len(o.tracks) > 1 or told["audio"]["segments"] == []


def check_reading(o, path, folder, rate):
    """ffprobe and ffmpeg read the file and each track of it without a warning: the same packets, at the right times."""
    counts = [len(t.samples) for t in o.tracks]
    assert decoded(path) == counts
    for track, found in zip(o.tracks, packets(path)):
        assert [(int(p["pos"]), int(p["size"]), "K" in p["flags"]) for p in found] == [s[:2] + (s.sync,) for s in track.samples]
        step = 1024 / 48000 if track.id == 2 else 1 / rate
        assert sorted(float(p["pts_time"]) for p in found) == pytest.approx([n * step for n in range(len(found))], abs=2e-6)
        own = folder / ("track%d.mp4" % track.id)
        own.write_bytes(o.track(track.id))
        assert decoded(str(own)) == [len(found)]
        again = packets(str(own))[track.id - 1]
        assert [int(p["size"]) for p in again] == [s.size for s in track.samples]
        assert [float(p["dts_time"]) for p in again] == pytest.approx([n * step for n in range(len(found))], abs=2e-6)


# Frames per second, seconds, sound, fragments.
FILMS = {
    "with sound": (25, 9.25, True, 4),
    "30000/1001 frames a second": (30000 / 1001, 7, True, 3),
    "60 frames a second": (60, 5, True, 3),
    "silent": (24, 6, False, 3),
    "few frames a second, without reordering": (4, 7, True, 3),
    "a rest that belongs to the segment before": (25, 4.04, True, 2),
    "a rest that belongs to two GOPs": (25, 8.4, True, 3),
    "a GOP and a rest that is long enough": (25, 10.5, True, 4),
    "a few frames": (25, 0.12, True, 1),
}


@pytest.mark.parametrize("name", FILMS)
def test_tables_and_fragments_agree(tmp_path, renditions, name):
    rate, seconds, sound, fragments = FILMS[name]
    ffmpeg("-f", "lavfi", "-i", PICTURE + ("30000/1001" if rate % 1 else str(rate)), *(["-f", "lavfi", "-i", "sine=440:r=44100"] if sound else []), "-t", seconds, *FAST,
           *(["-c:a", "aac"] if sound else []), tmp_path / "a.mkv")
    told, = renditions("film", tmp_path / "a.mkv", tmp_path / "out")
    path = str(tmp_path / "out" / "R360.mp4")
    o = mp4.Object(path)
    assert [b.kind for b in o.top] == ["ftyp", "moov", "mdat"]  # a short film needs no reserve
    assert len(o.tracks) == 1 + sound and len(o.fragments[1]) == fragments and len(o.fragments[2]) == (fragments if sound else 0)
    assert (mp4.child(o.data, chunks(o, 1), "ctts") is None) == (rate < 15)
    check_object(o)
    check_index(o)
    check_told(o, told)
    check_reading(o, path, tmp_path, rate)


def check_parts(told, size):
    """Each byte comes once; part 1 comes last; only the part with the highest number may be short."""
    parts = told["parts"]
    assert [p[0] for p in parts] == [*range(2, len(parts) + 1), 1] and [p[3] for p in parts] == [False] * (len(parts) - 1) + [True]
    at = 0
    for number, offset, length, _ in sorted(parts):
        assert offset == at and (length >= 5 << 20 or number == len(parts))
        at += length
    assert at == size


# Frames per second, frames, bytes of each, seconds in the header, sound, boxes of the file, whether there is an index.
FRONT, BEHIND = ["ftyp", "moov", "free", "mdat"], ["ftyp", "free", "mdat", "moov"]
LAYOUTS = {
    "a reserve": ((25, 1), 10000, 2000, 400, True, FRONT, True),
    "a film that is longer than its header states": ((25, 1), 10000, 2000, 350, True, FRONT, True),
    "a film that outgrows its reserve": ((25, 1), 10000, 2000, 200, True, BEHIND, True),
    "a film that outgrows the reserve even of its index": ((1, 1), 5000, 4000, 1, False, BEHIND, False),
    "no duration": ((25, 1), 10000, 2000, 0, True, FRONT, True),
    "an impossible duration": ((25, 1), 10000, 2000, 1e9, False, FRONT, True),
    "a wrong duration of a film within one part": ((25, 1), 3000, 2000, 1, True, ["ftyp", "moov", "mdat"], True),
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_the_front_fits_the_film(tmp_path, renditions, name):
    rate, frames, size, claim, sound, order, index = LAYOUTS[name]
    path = str(tmp_path / "a.mp4")
    told = renditions("object", path, *rate, frames, size, claim, int(sound))
    o = mp4.Object(path)
    assert [b.kind for b in o.top] == order and (o.index is not None) == index
    check_object(o)
    check_told(o, told)
    check_parts(told, len(o.data))
    if index:
        check_index(o)


def claims(path, seconds):
    """Changes what the header of a Matroska file says about the duration. 0 removes it."""
    with open(path, "r+b") as f:
        head = f.read(4096)
        at = head.index(b"\x44\x89\x88")  # Duration, 8 bytes, in milliseconds
        f.seek(at)
        f.write(b"\x44\x89\x88" + struct.pack(">d", seconds * 1000) if seconds else b"\xec\x89" + bytes(9))  # or Void
    assert float(probe(path, "-show_format")["format"].get("duration", 0)) == seconds


@pytest.mark.parametrize("seconds, order", [(720, FRONT), (0, FRONT), (1, BEHIND)])
def test_a_long_film_plays_whatever_its_header_states(tmp_path, renditions, seconds, order):
    """Twelve minutes whose sound alone is more than a part."""
    ffmpeg("-f", "lavfi", "-i", PICTURE + "5", "-f", "lavfi", "-i", "anoisesrc=r=48000:a=0.3", "-t", 720, *FAST, "-c:a", "pcm_s16le", tmp_path / "a.mkv")
    claims(tmp_path / "a.mkv", seconds)
    told, = renditions("film", tmp_path / "a.mkv", tmp_path / "out")
    path = str(tmp_path / "out" / "R360.mp4")
    o = mp4.Object(path)
    assert [b.kind for b in o.top] == order
    check_object(o)
    check_index(o)
    check_told(o, told)
    assert decoded(path) == [3600, 33750]


def check_audio_object(o, told=None):
    """The fragments follow each other without gap, the index has them all, and `told` is what the database learns."""
    samples = [s for _, _, part in o.fragments for s in part]
    assert [s.time for s in samples] == [n * 1024 for n in range(len(samples))] and all(s.sync and s.shown == s.time for s in samples)
    assert [a[1].end for a in o.fragments[:-1]] == [b[0].at for b in o.fragments[1:]] and o.fragments[-1][1].end == len(o.data)
    if o.index:
        assert o.references() == [(moof.at, mdat.end, len(part) * 1024) for moof, mdat, part in o.fragments]
    if told:
        assert told["size"] == len(o.data) and told["audio"]["init"] == [0, o.init[1]] and told["audio"]["timescale"] == 48000
        assert told["audio"]["index"] == ([o.index.at, o.index.end - o.index.at] if o.index else [0, 0])
        assert told["audio"]["segments"] == [[moof.at, mdat.end - moof.at, len(part) * 1024, 0] for moof, mdat, part in o.fragments]


@pytest.mark.parametrize("name", [name for name in FILMS if FILMS[name][2]])
def test_audio_objects_have_the_sound_of_the_renditions(tmp_path, name):
    """That with 128 kbit/s has the same packets. Its segments begin with those of the video, not a few packets before (rendition.c)."""
    rate, seconds, _, fragments = FILMS[name]
    ffmpeg("-f", "lavfi", "-i", PICTURE + ("30000/1001" if rate % 1 else str(rate)), "-f", "lavfi", "-i", "anoisesrc=r=44100:a=0.3", "-t", seconds, *FAST, "-c:a", "aac",
           "-metadata:s:a:0", "language=ger", tmp_path / "a.mkv")
    told = json.loads(run("transcode", "--json", str(tmp_path / "a.mkv"), str(tmp_path / "out")).stdout)["audios"]
    muxed = mp4.Object(str(tmp_path / "out" / "R360.mp4"))
    for kbits, known in zip((128, 64), told, strict=True):
        path = str(tmp_path / "out" / ("audio-1-%d.m4a" % kbits))
        o = mp4.AudioObject(path)
        check_audio_object(o)
        parts = muxed.fragments[2]
        assert o.unused == 0 and len(o.fragments) == len(parts) == fragments
        ends, muxed_ends = (list(itertools.accumulate(len(p) for _, _, p in found)) for found in (o.fragments, parts))
        assert ends[-1] == muxed_ends[-1] and all(0 < end - before <= 2 + 3 / rate * 48000 / 1024 for end, before in zip(ends[:-1], muxed_ends[:-1]))
        assert (b"".join(o.data[mdat.body:mdat.end] for _, mdat, _ in o.fragments)
                == b"".join(muxed.data[mdat.body:mdat.end] for _, mdat, _ in parts)) == (kbits == 128)
        assert decoded(path) == [len(muxed.tracks[1].samples)]
        assert {k: v for k, v in known.items() if k != "average"} == {"name": "audio-1-%d" % kbits, "language": "de", "label": "", "purpose": "main", "channels": 2,
                                                                            "bytes": len(o.data)}
        assert seconds < 3 or known["average"] == pytest.approx(kbits * 1000, rel=0.1)


# Seconds, threads, object that fails (0: the rendition; -1: the film is canceled at the second time that it asks), reason. 200 s of sound are more than two parts.
STOPS = [(6, 4, 0, "sink"), (6, 1, 2, "sink"), (200, 2, 1, "sink"), (200, 4, -1, "canceled")]


@pytest.mark.parametrize("seconds, threads, object, reason", STOPS)
def test_a_film_ends_when_an_object_fails_or_it_is_canceled(tmp_path, renditions, seconds, threads, object, reason):
    """Whoever waits for the encoder that has stopped stops, too: the thread that reads, those of the audio, and that of the rendition."""
    ffmpeg("-f", "lavfi", "-i", PICTURE + "5", "-f", "lavfi", "-i", "anoisesrc=r=48000:a=0.3", "-t", seconds, *FAST, "-c:a", "pcm_s16le", tmp_path / "a.mkv")
    found, text = renditions("stop", tmp_path / "a.mkv", threads, object)
    assert found == reason
    assert ("rendition" in text) == (object == 0) and ("A part of the audio" in text) == (object > 0), text


# Frames per second, frames, bytes of a packet, seconds in the header, whether there is a reserve and an index.
AUDIO_LAYOUTS = {
    "within one part": ((25, 1), 3000, 372, 1, False, True),
    "a reserve": ((25, 1), 12000, 372, 480, True, True),
    "longer than its header states": ((30000, 1001), 18000, 372, 590, True, True),
    "a film that outgrows its reserve": ((24, 1), 12000, 372, 1, True, False),
    "no duration": ((25, 1), 12000, 372, 0, True, True),
    "a rest that belongs to the segment before": ((25, 1), 12000 + 12, 372, 480, True, True),
    "a rest that is a segment": ((25, 1), 12000 + 13, 372, 480, True, True),
}


@pytest.mark.parametrize("name", AUDIO_LAYOUTS)
def test_the_front_of_an_audio_object_fits_the_film(tmp_path, renditions, name):
    (num, den), frames, size, claim, reserved, index = AUDIO_LAYOUTS[name]
    told = renditions("sound", tmp_path / "a.m4a", num, den, frames, size, claim)
    o = mp4.AudioObject(str(tmp_path / "a.m4a"))
    assert (o.unused > 0, o.index is not None) == (reserved, index)
    check_audio_object(o, told)
    check_parts(told, len(o.data))
    begins = [part[0].time / 1024 for _, _, part in o.fragments]
    assert begins == [-(-round(48000 * n * den / num) // 1024) for n in grid(frames, num, den)]


def grid(frames, num, den):
    """Returns the frames at which segments begin: after 2, 2, then each 4 seconds, the last one at least half a second before the end."""
    begins = [-(-seconds * num // den) for seconds in [0, 2, *range(4, 4 * frames, 4)]]
    return [n for n in begins if n == 0 or (frames - n) * 2 * den >= num]


# Seconds, frames per second, seconds in the header, most bytes of moov.
LONG = {
    "12 hours": (43200, 30, 43200, 16_000_000),
    "10 hours of 60 frames": (36000, 60, 36000, 16_000_000),
    "12 hours of 60 frames, not stated": (43200, 60, 0, 28_000_000),
}


@pytest.mark.parametrize("name", LONG)
def test_the_tables_of_a_long_film_stay_small(tmp_path, renditions, name):
    """The size of moov, and the memory to make it: frames are no longer reordered when their offsets would make it too large."""
    seconds, rate, claim, most = LONG[name]
    path = str(tmp_path / "a.mp4")
    told = renditions("object", path, rate, 1, seconds * rate, 8, claim, 1)
    with open(path, "rb") as f:
        at, sizes = 0, {}
        while at < told["size"]:
            f.seek(at)
            size, kind, wide = struct.unpack(">I4sQ", f.read(16))
            sizes[kind.decode()] = wide if size == 1 else size
            at += sizes[kind.decode()]
    os.unlink(path)
    assert list(sizes) == (FRONT if claim else BEHIND) and 4 * seconds * rate < sizes["moov"] <= most
    assert 0 < told["memory"] < 200 << 10 or "musl" not in build("tools/renditions")


@pytest.mark.parametrize("hours, rate, doubled", [(9, 60, 50), (11, 30, 25)])
def test_a_very_long_film_has_no_more_than_30_frames_a_second(tmp_path, renditions, hours, rate, doubled):
    ffmpeg("-f", "lavfi", "-i", PICTURE + "60", "-t", 2, *FAST, tmp_path / "a.mkv")
    ffmpeg("-f", "lavfi", "-i", PICTURE.replace("90", "96") + "50", "-t", 2, "-vf", "interlace", "-flags", "+ilme+ildct", "-x264opts", "tff=1", *FAST, tmp_path / "b.mkv")
    for name, want in ("a.mkv", [rate, rate]), ("b.mkv", [25, doubled]):
        claims(tmp_path / name, hours * 3600)
        (tmp_path / name).write_bytes((tmp_path / name).read_bytes().replace(b"DURATION", b"REMOVED!"))  # the tags of the tracks
        assert renditions("rate", tmp_path / name) == want
