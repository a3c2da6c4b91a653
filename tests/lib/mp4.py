"""Reads MP4 files: their boxes, the samples by the tables in moov, and the samples by the fragments."""
import collections
import mmap
import struct

Box = collections.namedtuple("Box", "kind at body end")  # places in the file: of the box, of what follows its header, behind it

# Place and size in bytes; time of decoding in units of the track; 1 for a sync sample; time of presentation after the edit list.
Sample = collections.namedtuple("Sample", "place size time sync shown")

Track = collections.namedtuple("Track", "id handler timescale entry samples")


def boxes(data, at=0, end=None):
    """Returns the boxes between two places. They have to fill the space."""
    end, found = len(data) if end is None else end, []
    while at < end:
        size, kind = struct.unpack_from(">I4s", data, at)
        body = at + 8
        if size == 1:
            size, = struct.unpack_from(">Q", data, body)
            body += 8
        assert size >= body - at and at + size <= end, (kind, at, size, end)
        found.append(Box(kind.decode("ascii"), at, body, at + size))
        at += size
    return found


def child(data, box, *path):
    """Returns the box at a path below another, None if there is none."""
    for kind in path:
        box = next((b for b in boxes(data, box.body, box.end) if b.kind == kind), None)
        if box is None:
            return None
    return box


def words(data, at, count, form="I"):
    return struct.unpack_from(">%d%s" % (count, form), data, at)


def runs(data, box, signed=False):
    """Returns the values of a table of counts and values."""
    count, = words(data, box.body + 4, 1)
    values = []
    for n in range(count):
        times, value = struct.unpack_from(">Ii" if signed else ">II", data, box.body + 8 + 8 * n)
        values += [value] * times
    return values


def offsets(data, stbl):
    """Returns the places of the chunks."""
    narrow, wide = child(data, stbl, "stco"), child(data, stbl, "co64")
    assert (narrow is None) != (wide is None)
    box = narrow or wide
    return words(data, box.body + 8, words(data, box.body + 4, 1)[0], "I" if narrow else "Q")


def places(data, stbl, sizes):
    """Returns the place of each sample by the tables of chunks."""
    chunks, stsc = offsets(data, stbl), child(data, stbl, "stsc")
    entries = [words(data, stsc.body + 8 + 12 * n, 3) for n in range(words(data, stsc.body + 4, 1)[0])]
    assert entries[0][0] == 1 and all(a[0] < b[0] and a[1] != b[1] for a, b in zip(entries, entries[1:])) and all(e[2] == 1 for e in entries)
    found = []
    for n, (first, count, _) in enumerate(entries):
        last = entries[n + 1][0] if n + 1 < len(entries) else len(chunks) + 1
        for chunk in chunks[first - 1:last - 1]:
            for _ in range(count):
                found.append(chunk)
                chunk += sizes[len(found) - 1]
    assert len(found) == len(sizes)
    return found


def header(data, trak):
    """Returns id, handler, time scale and sample entry of a track."""
    tkhd, mdhd, mdia = child(data, trak, "tkhd"), child(data, trak, "mdia", "mdhd"), child(data, trak, "mdia")
    scale, = words(data, mdhd.body + (20 if data[mdhd.body] else 12), 1)
    stsd = child(data, mdia, "minf", "stbl", "stsd")
    handler = child(data, mdia, "hdlr")
    return words(data, tkhd.body + (20 if data[tkhd.body] else 12), 1)[0], data[handler.body + 8:handler.body + 12].decode(), scale, bytes(data[stsd.body + 8:stsd.end])


def edit(data, trak):
    """Returns the time of the media at which the only edit of a track begins."""
    elst = child(data, trak, "edts", "elst")
    if elst is None:
        return 0
    assert words(data, elst.body + 4, 1) == (1,)
    return struct.unpack_from(">q", data, elst.body + 16)[0] if data[elst.body] else struct.unpack_from(">i", data, elst.body + 12)[0]


def regular(data, moov):
    """Returns the tracks of a regular file, with their samples by the tables."""
    found = []
    assert child(data, moov, "mvex") is None
    for trak in (b for b in boxes(data, moov.body, moov.end) if b.kind == "trak"):
        stbl, start = child(data, trak, "mdia", "minf", "stbl"), edit(data, trak)
        stsz, ctts, stss = child(data, stbl, "stsz"), child(data, stbl, "ctts"), child(data, stbl, "stss")
        fixed, count = words(data, stsz.body + 4, 2)
        assert fixed == 0
        sizes, durations = words(data, stsz.body + 12, count), runs(data, child(data, stbl, "stts"))
        late = runs(data, ctts) if ctts else [0] * count
        syncs = set(words(data, stss.body + 8, words(data, stss.body + 4, 1)[0])) if stss else range(1, count + 1)
        assert len(durations) == len(late) == count
        samples, time = [], 0
        for n, place in enumerate(places(data, stbl, sizes)):
            samples.append(Sample(place, sizes[n], time, n + 1 in syncs, time + late[n] - start))
            time += durations[n]
        found.append(Track(*header(data, trak), samples))
    return found


def fragment(data, moof):
    """Returns the track of a fragment and its samples. Each sample lies in the mdat that follows."""
    traf, = [b for b in boxes(data, moof.body, moof.end) if b.kind == "traf"]
    tfhd, tfdt, trun = (child(data, traf, kind) for kind in ("tfhd", "tfdt", "trun"))
    track, duration, default = words(data, tfhd.body + 4, 3)
    assert words(data, tfhd.body, 1) == (0x020028,) and data[tfdt.body] == 1
    time, = words(data, tfdt.body + 4, 1, "Q")
    kind, count, place = struct.unpack_from(">IIi", data, trun.body)
    flags, at, place, samples = kind & 0xffffff, trun.body + 12, moof.at + place, []
    assert flags & ~0xe05 == 0 and flags & 0x201 == 0x201
    first = default
    if flags & 4:
        first, = words(data, at, 1)
        at += 4
    for n in range(count):
        size, = words(data, at, 1)
        at += 4
        mark, shown = default if n else first, 0
        if flags & 0x400:
            mark, = words(data, at, 1)
            at += 4
        if flags & 0x800:
            shown, = struct.unpack_from(">i" if kind >> 24 else ">I", data, at)
            at += 4
        samples.append(Sample(place, size, time, not mark & 0x10000, time + shown))
        place, time = place + size, time + duration
    assert at == trun.end
    return track, samples


class Object:
    """An object of a rendition. `top` and `inner` are the boxes of the file and of what is in its mdat."""

    def __init__(self, path):
        with open(path, "rb") as f:
            self.data = mmap.mmap(f.fileno(), 0, access=mmap.ACCESS_READ)
        self.top = boxes(self.data)
        self.moov, = [b for b in self.top if b.kind == "moov"]
        self.mdat, = [b for b in self.top if b.kind == "mdat"]
        assert self.mdat.body - self.mdat.at == 16
        self.inner = boxes(self.data, self.mdat.body, self.mdat.end)
        self.tracks = regular(self.data, self.moov)
        self.inits, self.index, self.fragments = [], None, collections.defaultdict(list)
        rest = iter(self.inner)
        for box in rest:
            self.take(box, rest)

    def take(self, box, rest):
        if box.kind == "ftyp":
            moov = next(rest)
            assert moov.kind == "moov"
            self.inits.append((box, moov))
        elif box.kind == "sidx":
            assert self.index is None and not self.fragments
            self.index = box
        elif box.kind == "free":
            self.keep(*boxes(self.data, box.body, box.end), audio=True)
        else:
            self.keep(box, next(rest), audio=False)

    def keep(self, moof, mdat, audio):
        """Keeps a fragment: (moof, mdat, samples) under the id of its track."""
        assert (moof.kind, mdat.kind) == ("moof", "mdat")
        track, samples = fragment(self.data, moof)
        assert (track == 2) == audio
        assert samples[0].place == mdat.body and samples[-1].place + samples[-1].size == mdat.end
        self.fragments[track].append((moof, mdat, samples))

    def track(self, number):
        """Returns a track as an own file: its init segment and its fragments."""
        ftyp, moov = self.inits[number - 1]
        return self.data[ftyp.at:moov.end] + b"".join(self.data[moof.at:mdat.end] for moof, mdat, _ in self.fragments[number])

    def references(self):
        """Returns the entries of the index: place of the first byte, place behind the last one, duration."""
        assert self.data[self.index.body] == 1
        first, = words(self.data, self.index.body + 20, 1, "Q")
        count = words(self.data, self.index.body + 28, 1)[0]
        at, found = self.index.end + first, []
        for n in range(count):
            size, duration, mark = words(self.data, self.index.body + 32 + 12 * n, 3)
            assert size >> 31 == 0 and mark == 0x90000000
            found.append((at, at + size, duration))
            at += size
        return found


class AudioObject:
    """A CMAF track file: init segment, index, unused reserve, fragments. `fragments` is as in Object; `unused` is the size of the reserve."""

    def __init__(self, path):
        with open(path, "rb") as f:
            self.data = f.read()
        ftyp, moov, *rest = boxes(self.data)
        assert (ftyp.kind, moov.kind) == ("ftyp", "moov")
        self.init, self.index, self.unused, self.fragments = (ftyp.at, moov.end), None, 0, []
        if rest[0].kind == "sidx":
            self.index = rest.pop(0)
        if rest[0].kind == "free":
            self.unused = rest[0].end - rest.pop(0).at
        for moof, mdat in zip(rest[::2], rest[1::2], strict=True):
            assert (moof.kind, mdat.kind) == ("moof", "mdat")
            track, samples = fragment(self.data, moof)
            assert track == 1 and samples[0].place == mdat.body and samples[-1].place + samples[-1].size == mdat.end
            self.fragments.append((moof, mdat, samples))

    references = Object.references
