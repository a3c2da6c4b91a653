"""Small files that claim much: MP4 boxes by hand, as no encoder writes them."""
import functools
import os
import struct
import subprocess
import tempfile


def box(kind, *parts):
    body = b"".join(parts)
    return struct.pack(">I4s", 8 + len(body), kind) + body


def full(kind, *parts, flags=0):
    return box(kind, struct.pack(">I", flags), *parts)


def words(*numbers):
    return struct.pack(">%dI" % len(numbers), *numbers)


MATRIX = words(0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)


def track(number, samples, sizes=None, times=None, kind=b"vide", code=b"mp4v"):
    """A track of `samples` samples of one byte; its tables take a few bytes whatever it claims."""
    entry = box(code, bytes(6), struct.pack(">H", 1), bytes(16), struct.pack(">HH", 64, 64), words(0x480000, 0x480000, 0), struct.pack(">H", 1), bytes(32),
                struct.pack(">Hh", 24, -1)) if kind == b"vide" else box(code, bytes(6), struct.pack(">H", 1))
    table = box(b"stbl", full(b"stsd", words(1), entry), times or full(b"stts", words(1, samples, 1)), full(b"stsc", words(1, 1, samples, 1)),
                sizes or full(b"stsz", words(1, samples)), full(b"stco", words(1, 48)))
    info = box(b"minf", full(b"vmhd", bytes(8), flags=1), box(b"dinf", full(b"dref", words(1), full(b"url ", flags=1))), table)
    return box(b"trak", full(b"tkhd", words(0, 0, number, 0, 1000, 0, 0, 0, 0), MATRIX, words(64 << 16, 64 << 16), flags=3),
               box(b"mdia", full(b"mdhd", words(0, 0, 1000, 1000, 0x55c40000)), full(b"hdlr", words(0), kind, bytes(13)), info))


def mp4(*tracks, more=b"", tail=b""):
    return (box(b"ftyp", b"isom", words(0), b"isom") + box(b"mdat", bytes(1000)) +
            box(b"moov", full(b"mvhd", words(0, 0, 1000, 1000, 0x10000), struct.pack(">H", 256), bytes(10), MATRIX, bytes(24), words(99)), *tracks, more) + tail)


def samples(tracks=8, count=20_000_000):
    return mp4(*[track(n + 1, count) for n in range(tracks)])


def fragments(samples, count):
    """Track runs without a table: each claims `samples` samples in 16 bytes."""
    runs = [box(b"moof", full(b"mfhd", words(n + 1)), box(b"traf", full(b"tfhd", words(1, 1, 1), flags=0x18), full(b"trun", words(samples)))) for n in range(count)]
    return mp4(track(1, 0, sizes=full(b"stsz", words(0, 0))), more=box(b"mvex", full(b"trex", words(1, 1, 1, 1, 0))), tail=b"".join(runs))


def boxes(data):
    found, at = [], 0
    while at < len(data):
        size, kind = struct.unpack(">I4s", data[at:at + 8])
        found.append((kind, data[at + 8:at + size]))
        at += size
    return found


def changed(data, path, change):
    """The file with change(content) in place of the content of the first box of that path, such as b"moov", b"trak"."""
    out, done = b"", False
    for kind, body in boxes(data):
        if kind == path[0] and not done:
            body, done = change(body) if len(path) == 1 else changed(body, path[1:], change), True
        out += box(kind, body)
    assert done, path
    return out


@functools.lru_cache(None)
def plain(seconds=4, size="64x64", rate=25):
    """A film whose index stands at its end, so that it can grow."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "a.mp4")
        subprocess.run(["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc2=s=%s:r=%d" % (size, rate), "-t", str(seconds), "-c:v", "libx264", "-preset",
                        "ultrafast", "-pix_fmt", "yuv420p", "-g", str(rate), path], check=True)
        with open(path, "rb") as f:
            return f.read()


def edited(entries):
    """A film of 40 s with an edit list of pairs: duration in units of the film (1 ms), and place in units of the track."""
    listed = box(b"edts", full(b"elst", words(len(entries)), b"".join(struct.pack(">IiI", duration, place, 0x10000) for duration, place in entries)))

    def change(body):
        kids = [(k, b) for k, b in boxes(body) if k != b"edts"]
        return b"".join(box(k, b) + (listed if k == b"tkhd" else b"") for k, b in kids)
    return changed(plain(40), (b"moov", b"trak"), change)


def renamed(film, code):
    """A film whose video has another code in its sample description."""
    def change(body):
        return body[:12] + code + body[16:]
    return changed(film, (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd"), change)


def silent_gap(seconds):
    """A WebM of two pictures with hours between them: clusters at any time, no duration."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "a.webm")
        subprocess.run(["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc2=s=64x64:r=5:d=4", "-c:v", "libvpx", "-g", "5", "-live", "1",
                        "-cluster_time_limit", "1000", "-f", "webm", path], check=True)
        with open(path, "rb") as f:
            data = f.read()
    # The timestamp of a cluster: E7 and its length. The last clusters move.
    at, out, n = 0, bytearray(), 0
    while (found := data.find(b"\x1f\x43\xb6\x75", at)) != -1:
        stamp = data.index(b"\xe7", found)
        length = data[stamp + 1] & 0x7f
        time = int.from_bytes(data[stamp + 2:stamp + 2 + length], "big") + (seconds * 1000 if n >= 2 else 0)
        out += data[at:stamp] + b"\xe7\x88" + time.to_bytes(8, "big")
        at, n = stamp + 2 + length, n + 1
    assert n >= 4
    return bytes(out + data[at:])


FILMS = {
    "samples": samples,
    "samples of 32 tracks": lambda: samples(32),
    "a fragment": lambda: fragments(20_000_000, 10),
    "many fragments": lambda: fragments(1_000_000, 200),
    "edits at the beginning": lambda: edited([(1, 0)] * 1_000_000),
    "edits in the middle": lambda: edited([(40, 256000)] * 1_000_000),
    "edits of the whole": lambda: edited([(40000, 0)] * 1_000_000),
    "edits behind the end": lambda: edited([(1, 100_000_000)] * 1_000_000),
    "tracks": lambda: mp4(*[track(n + 1, 10) for n in range(3000)]),
    "a gap of 20 hours": lambda: silent_gap(72000),
}
