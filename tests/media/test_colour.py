"""Colours and shapes of films: patches of known colours, coded in every way, have to come out as the same colours in BT.709."""
import os
import struct
import subprocess

import pytest

from conftest import run

PATCHES = [(255, 255, 255), (128, 128, 128), (200, 30, 30), (30, 180, 30), (30, 30, 200), (220, 220, 40), (40, 200, 200), (224, 172, 140)]
TAGS = ["color_range=tv", "color_space=bt709", "color_transfer=bt709", "color_primaries=bt709"]
X264 = ["-c:v", "libx264", "-preset", "ultrafast", "-qp", "4"]
X265 = ["-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=none:crf=4", "-pix_fmt", "yuv444p10le"]
FFV1 = ["-c:v", "ffv1"]


def ffmpeg(*args):
    return subprocess.run(["ffmpeg", "-v", "error", "-nostdin", "-y", *map(str, args)], check=True, capture_output=True, timeout=120).stdout


def chart(patches, width, height):
    """A frame of four patches above four, in three bytes for each pixel."""
    rows = [b"".join(bytes(c) * (width // 4) for c in patches[i:i + 4]) for i in (0, 4)]
    return rows[0] * (height // 2) + rows[1] * (height // 2)


def make(path, *args, patches=PATCHES, size=(160, 96), frames=5, before=()):
    raw = str(path) + ".raw"
    with open(raw, "wb") as f:
        f.write(chart(patches, *size) * frames)
    ffmpeg("-f", "rawvideo", "-pix_fmt", "rgb24", *before, "-s", "%dx%d" % size, "-r", "5", "-i", raw, *args, path)
    return path


def transcode(film, out):
    r = run("transcode", str(film), str(out))
    assert r.returncode == 0, r.stderr
    return sorted(n[:-4] for n in os.listdir(out) if n.endswith(".mp4"))


def probe(path, *entries):
    r = subprocess.run(["ffprobe", "-v", "error", "-select_streams", "v", "-show_entries", "stream=" + ",".join(entries), "-of", "default=nk=0:nw=1", str(path)],
                       check=True, capture_output=True, text=True, timeout=60)
    return r.stdout.split()


def size(path):
    return tuple(int(v.split("=")[1]) for v in probe(path, "width", "height"))


def pixels(path, at=None):
    """A frame of a rendition as R, G and B, by the tags that every rendition has."""
    w, h = size(path)
    data = ffmpeg(*([] if at is None else ["-ss", at]), "-i", path, "-frames:v", "1", "-vf",
                  "scale=in_color_matrix=bt709:in_range=tv:flags=accurate_rnd+full_chroma_int,format=rgb24", "-f", "rawvideo", "-")
    return lambda x, y: tuple(data[3 * (int(y * h) * w + int(x * w)) + i] for i in range(3))


def seen(path):
    pixel = pixels(path)
    return [pixel(0.125 + 0.25 * (i % 4), 0.25 + 0.5 * (i // 4)) for i in range(8)]


def near(got, wanted, most):
    worst = max(abs(a - b) for g, w in zip(got, wanted) for a, b in zip(g, w))
    assert worst <= most, "%d off: %s, wanted %s" % (worst, got, wanted)


def tagged(path, tmp_path):
    """The tags are in the stream and in the box colr."""
    ffmpeg("-i", path, "-c", "copy", "-f", "h264", tmp_path / "stream.h264")
    assert probe(tmp_path / "stream.h264", "color_range", "color_space", "color_transfer", "color_primaries") == TAGS
    with open(path, "rb") as f:
        assert b"colrnclx" + struct.pack(">HHHB", 1, 1, 1, 0) in f.read()


def matrix(name):
    return ["-vf", "scale=out_color_matrix=%s:out_range=tv:flags=accurate_rnd+full_chroma_int+bicubic,format=yuv444p" % name]


# R'G'B' to linear light, in which a display with gamma 2.4 shows it; 1 is 203 cd/m2.
LIGHT = "format=gbrp,setparams=colorspace=gbr:color_trc=bt709:color_primaries=bt709:range=pc,zscale=t=linear:npl=203,format=gbrpf32le"


def linear(*to):
    """Converts in linear light, as zimg does."""
    return ["-vf", LIGHT + ",zscale=" + ":".join(to) + ",format=yuv444p10le"]


def tags(space, transfer="bt709", primaries="bt709", full=False):
    return ["-colorspace", space, "-color_trc", transfer, "-color_primaries", primaries, "-color_range", "pc" if full else "tv"]


# How the patches are coded. The name of the file, the arguments of ffmpeg.
CODED = {
    "untagged SD": ("a.mkv", matrix("bt601") + X264),
    "tagged BT.601": ("a.mp4", matrix("bt601") + X264 + tags("smpte170m", "smpte170m", "smpte170m")),
    "tagged PAL": ("a.mp4", matrix("bt601") + X264 + tags("bt470bg", "gamma28", "bt470bg")),
    "tagged BT.709 in SD": ("a.mp4", matrix("bt709") + X264 + tags("bt709")),
    "FCC": ("a.mp4", matrix("fcc") + X264 + tags("fcc")),
    "SMPTE 240M": ("a.mp4", matrix("smpte240m") + X264 + tags("smpte240m", "smpte240m", "smpte240m")),
    "reserved matrix": ("a.mp4", matrix("bt601") + X264 + tags("bt709") + ["-bsf:v", "h264_metadata=matrix_coefficients=3"]),
    "reserved everything": ("a.mp4", matrix("bt601") + X264 + tags("bt709") +
                            ["-bsf:v", "h264_metadata=matrix_coefficients=3:colour_primaries=3:transfer_characteristics=3"]),
    "RGB of H.264": ("a.mp4", ["-c:v", "libx264rgb", "-preset", "ultrafast", "-qp", "4"]),
    "RGB of FFV1": ("a.mkv", ["-pix_fmt", "gbrp"] + FFV1),
    "packed RGB": ("a.mov", ["-c:v", "qtrle"]),
    "full range": ("a.mp4", ["-vf", "scale=out_color_matrix=bt709:out_range=pc:flags=accurate_rnd+full_chroma_int,format=yuv444p"] + X264 + tags("bt709", full=True)),
    "JPEG": ("a.avi", ["-pix_fmt", "yuvj444p", "-c:v", "mjpeg", "-q:v", "1"]),
    "BT.2020 SDR": ("a.mp4", linear("t=2020_10", "p=2020", "m=2020_ncl", "r=limited") + X265 + tags("bt2020nc", "bt2020-10", "bt2020")),
    "BT.2020, matrix untagged": ("a.mkv", linear("t=2020_10", "p=2020", "m=2020_ncl", "r=limited") + FFV1 + tags("unknown", "bt2020-10", "bt2020")),
    "Display P3": ("a.mp4", linear("t=bt709", "p=smpte432", "m=709", "r=limited") + X265 + tags("bt709", "bt709", "smpte432")),
    "10 bit": ("a.mkv", ["-vf", "scale=out_color_matrix=bt601:out_range=tv:flags=accurate_rnd+full_chroma_int,format=yuv422p10le"] + FFV1 + tags("smpte170m")),
}


@pytest.mark.parametrize("name", CODED)
def test_the_same_colours_however_they_are_coded(tmp_path, name):
    file, args = CODED[name]
    make(tmp_path / file, *args)
    assert transcode(tmp_path / file, tmp_path / "out") == ["R360"]
    near(seen(tmp_path / "out" / "R360.mp4"), PATCHES, 3)
    tagged(tmp_path / "out" / "R360.mp4", tmp_path)


def test_untagged_hd_is_bt709_in_every_rendition(tmp_path):
    make(tmp_path / "a.mp4", *matrix("bt709"), *X264, size=(1056, 594), frames=3)
    assert transcode(tmp_path / "a.mp4", tmp_path / "out") == ["R360", "R720"]
    for rung in "R360", "R720":
        near(seen(tmp_path / "out" / (rung + ".mp4")), PATCHES, 3)
        tagged(tmp_path / "out" / (rung + ".mp4"), tmp_path)


@pytest.mark.parametrize("shape, more, assumed", [("640x360", [], None), ("720x576", [], None), ("1280x720", [], None), ("1280x536", [], "BT.601"),
                                                  ("1138x640", [], "BT.709"), ("1280x536", ["-color_primaries", "smpte170m"], None),
                                                  ("1280x536", ["-colorspace", "bt709"], None)])
def test_an_assumption_about_colours_is_told_if_programs_differ(tmp_path, shape, more, assumed):
    ffmpeg("-f", "lavfi", "-i", "color=red:s=%s:r=5" % shape, "-frames:v", "2", *X264, *more, tmp_path / "a.mp4")
    r = run("transcode", str(tmp_path / "a.mp4"), str(tmp_path / "out"))
    notes = [line for line in r.stdout.splitlines() if line.startswith("note: ")]
    assert r.returncode == 0 and len(notes) == (assumed is not None)
    assert assumed is None or shape.replace("x", " x ") + " pixels: %s was assumed" % assumed in notes[0]


def test_ycgco(tmp_path):
    coded = []
    for r, g, b in PATCHES:
        y, cg, co = r / 4 + g / 2 + b / 4, -r / 4 + g / 2 - b / 4, r / 2 - b / 2
        coded.append([round(16 + y * 219 / 255), round(128 + cg * 224 / 255), round(128 + co * 224 / 255)])
    # The bytes of the chart are taken for planes of one pixel: a packed format without conversion.
    w, h = 160, 96
    frame = chart(coded, w, h)
    with open(tmp_path / "planes.raw", "wb") as f:
        f.write((frame[0::3] + frame[1::3] + frame[2::3]) * 5)
    ffmpeg("-f", "rawvideo", "-pix_fmt", "yuv444p", "-s", "160x96", "-r", "5", "-i", tmp_path / "planes.raw", *X264, *tags("ycgco"), tmp_path / "a.mp4")
    transcode(tmp_path / "a.mp4", tmp_path / "out")
    near(seen(tmp_path / "out" / "R360.mp4"), PATCHES, 3)
    tagged(tmp_path / "out" / "R360.mp4", tmp_path)


# How the patches are coded, the tags of the film, and all tags by their names in setparams.
PQ, HLG = "smpte2084", "arib-std-b67"
HDR = {
    "PQ": ("t=smpte2084:p=2020:m=2020_ncl:r=limited:npl=203", tags("bt2020nc", PQ, "bt2020"), ("bt2020nc", PQ)),
    "PQ, only the transfer tagged": ("t=smpte2084:p=2020:m=2020_ncl:r=limited:npl=203", tags("unknown", PQ, "unknown"), ("bt2020nc", PQ)),
    "HLG": ("t=arib-std-b67:p=2020:m=2020_ncl:r=limited:npl=203", tags("bt2020nc", HLG, "bt2020"), ("bt2020nc", HLG)),
    "ICtCp": ("t=smpte2084:p=2020:m=ictcp:r=limited:npl=203", tags("ictcp", PQ, "bt2020"), ("ictcp", PQ)),
}


@pytest.mark.parametrize("name", HDR)
def test_hdr_keeps_middle_greys_and_whites(tmp_path, name):
    """As zimg and FFmpeg's tone mapping make it, with 203 cd/m2 as white."""
    convert, tag, (space, curve) = HDR[name]
    make(tmp_path / "a.mkv", *linear(convert), *FFV1, *tag)
    transcode(tmp_path / "a.mkv", tmp_path / "out")
    got = seen(tmp_path / "out" / "R360.mp4")
    data = ffmpeg("-i", tmp_path / "a.mkv", "-frames:v", "1", "-vf", "setparams=colorspace=%s:color_trc=%s:color_primaries=bt2020:range=tv,"
                  "zscale=t=linear:p=bt709:m=gbr:npl=203,format=gbrpf32le,tonemap=mobius:desat=0:peak=%s,zscale=t=bt709:m=gbr:r=full,format=gbrp" %
                  (space, curve, "4.926" if curve == HLG else "49.26"), "-pix_fmt", "rgb24", "-f", "rawvideo", "-")
    want = [tuple(data[3 * ((24 + 48 * (i // 4)) * 160 + 20 + 40 * (i % 4)) + k] for k in range(3)) for i in range(8)]
    assert abs(want[0][0] - 213) <= 6 and abs(want[1][0] - 128) <= 2
    near(got, want, 6)
    tagged(tmp_path / "out" / "R360.mp4", tmp_path)


def test_constant_luminance(tmp_path):
    """BT.2020 with constant luminance, by the definition: the camera's transfer function over each of Y, R and B."""
    def camera(v):
        return 4.5 * v if v < 0.0181 else 1.0993 * v ** 0.45 - 0.0993

    to2020 = ((0.6274, 0.3293, 0.0433), (0.0691, 0.9195, 0.0114), (0.0164, 0.0880, 0.8956))
    planes = [[], [], []]
    for patch in PATCHES:
        light = [sum(m * (c / 255) ** 2.4 for m, c in zip(row, patch)) for row in to2020]
        signal = [max(0, v) ** (1 / 2.4) for v in light]  # what a display with gamma 2.4 shows
        scene = [v / 4.5 if v < 0.0814 else ((v + 0.0993) / 1.0993) ** (1 / 0.45) for v in signal]
        y = camera(0.2627 * scene[0] + 0.6780 * scene[1] + 0.0593 * scene[2])
        cb, cr = signal[2] - y, signal[0] - y
        planes[0].append(round(64 + 876 * y))
        planes[1].append(round(512 + 896 * cb / (1.9404 if cb < 0 else 1.5816)))
        planes[2].append(round(512 + 896 * cr / (1.7184 if cr < 0 else 0.9936)))
    frame = b""
    for p in planes:
        for i in (0, 4):
            frame += b"".join(struct.pack("<H", v) * 40 for v in p[i:i + 4]) * 48
    (tmp_path / "a.raw").write_bytes(frame * 5)
    ffmpeg("-f", "rawvideo", "-pix_fmt", "yuv444p10le", "-s", "160x96", "-r", "5", "-i", tmp_path / "a.raw", *X265, *tags("bt2020c", "bt2020-10", "bt2020"),
           tmp_path / "a.mp4")
    transcode(tmp_path / "a.mp4", tmp_path / "out")
    near(seen(tmp_path / "out" / "R360.mp4"), PATCHES, 3)


def boxed(path, kind, box):
    """Adds a box to the sample entry of the video track. The moov box is the last one, so that no offset of a sample changes."""
    data = bytearray(open(path, "rb").read())
    end = data.index(kind, data.index(b"stsd")) - 4
    end += struct.unpack(">I", data[end:end + 4])[0]
    for name in b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd", kind:
        at = data.index(name, data.index(b"moov")) - 4
        data[at:at + 4] = struct.pack(">I", struct.unpack(">I", data[at:at + 4])[0] + len(box))
    data[end:end] = box
    path.write_bytes(data)


def dolby(profile, compatibility):
    record = bytes([1, 0, profile << 1, 3 << 3 | 5, compatibility << 4]) + bytes(19)
    return struct.pack(">I4s", 8 + len(record), b"dvcC" if profile <= 7 else b"dvvC") + record


def test_dolby_vision_without_base_layer_is_refused_by_name(tmp_path):
    make(tmp_path / "a.mp4", *X265, "-tag:v", "hvc1")
    data = (tmp_path / "a.mp4").read_bytes()
    boxed(tmp_path / "a.mp4", b"hvc1", dolby(5, 0))
    r = run("transcode", str(tmp_path / "a.mp4"), str(tmp_path / "out"))
    assert r.returncode == 1 and "Dolby Vision profile 5" in r.stderr
    (tmp_path / "b.mp4").write_bytes(data)
    boxed(tmp_path / "b.mp4", b"hvc1", dolby(8, 2))
    assert transcode(tmp_path / "b.mp4", tmp_path / "out") == ["R360"]


def rpu(full_range, profile):
    """Returns Dolby Vision metadata (RPU) of one frame as a NAL unit: no reshaping, no display management."""
    bits = ""

    def put(value, n):
        nonlocal bits
        bits += format(value, "0%db" % n)

    def golomb(value):
        put(value + 1, 2 * (value + 1).bit_length() - 1)

    for value, n in (2, 6), (18, 11), (profile, 4), (0, 4), (1, 1), (0, 1), (0, 2):  # type, format, profile, level, sequence information, fixed point
        put(value, n)
    golomb(23)  # bits of a coefficient
    put(1, 2)
    put(full_range, 1)
    for depth in 2, 2, 4:
        golomb(depth)
    put(0b0000010, 7)  # no residual
    put(0, 1)
    golomb(0)
    golomb(0)
    golomb(0)
    for _ in range(3):
        golomb(0)
        put(0, 10)
        put(1023, 10)
    golomb(0)
    golomb(0)
    for _ in range(3):
        golomb(0)
        golomb(0)
        put(0, 1)
        golomb(0)
        put(0, 23)
        golomb(1)
        put(0, 23)
    bits += "0" * (-len(bits) % 8)
    body = int(bits, 2).to_bytes(len(bits) // 8, "big")
    crc = 0xffffffff
    for byte in body:
        crc ^= byte << 24
        for _ in range(8):
            crc = (crc << 1 ^ (0x04c11db7 if crc >> 31 else 0)) & 0xffffffff
    payload, zeros = bytearray(), 0
    for byte in b"\x19" + body + struct.pack(">I", crc) + b"\x80":
        if zeros == 2 and byte <= 3:
            payload.append(3)
            zeros = 0
        payload.append(byte)
        zeros = zeros + 1 if byte == 0 else 0
    return b"\0\0\0\1\x7c\1" + payload


@pytest.mark.parametrize("container", ["hevc", "mp4", "mkv"])
def test_dolby_vision_that_only_its_frames_show(tmp_path, container):
    """Streams without container, and files whose writer has dropped the configuration record."""
    ffmpeg("-f", "lavfi", "-i", "testsrc2=s=160x90:r=25", "-t", "1", *X265, "-pix_fmt", "yuv420p10le", "-x265-params", "log-level=0:bframes=0:slices=1", tmp_path / "a.hevc")
    units = (tmp_path / "a.hevc").read_bytes().split(b"\0\0\1")[1:]
    for name, full, profile in ("5", 1, 0), ("8", 0, 1):
        data = b""
        for unit in units:
            data += b"\0\0\1" + unit.rstrip(b"\0") + (rpu(full, profile) if unit[0] >> 1 < 32 else b"")
        film = tmp_path / (name + ".hevc")
        film.write_bytes(data)
        if container != "hevc":
            ffmpeg("-framerate", "25", "-i", film, "-c", "copy", *(["-strict", "-2"] if container == "mkv" else []), tmp_path / (name + "." + container))
            film = tmp_path / (name + "." + container)
        r = run("transcode", str(film), str(tmp_path / ("out" + name)))
        if name == "5":
            assert r.returncode == 1 and "Dolby Vision profile 5" in r.stderr
        else:
            assert r.returncode == 0 and "The video is Dolby Vision; its base layer was used" in r.stdout, r.stderr


def test_crop_metadata(tmp_path):
    """The clean aperture of the film is the two patches in the middle of each row."""
    make(tmp_path / "a.mov", *matrix("bt601"), *X264, *tags("smpte170m"))
    boxed(tmp_path / "a.mov", b"avc1", struct.pack(">I4s8I", 40, b"clap", 80, 1, 96, 1, 0, 1, 0, 1))
    transcode(tmp_path / "a.mov", tmp_path / "out")
    assert size(tmp_path / "out" / "R360.mp4") == (80, 96)
    pixel = pixels(tmp_path / "out" / "R360.mp4")
    near([pixel(0.25, 0.25), pixel(0.75, 0.25), pixel(0.25, 0.75), pixel(0.75, 0.75)], [PATCHES[1], PATCHES[2], PATCHES[5], PATCHES[6]], 3)


ALPHA = {"qtrle": ("a.mov", ["-pix_fmt", "argb", "-c:v", "qtrle"]), "ProRes 4444": ("a.mov", ["-pix_fmt", "yuva444p10le", "-c:v", "prores_ks", "-profile:v", "4444"]),
         "PNG": ("a.mkv", ["-pix_fmt", "rgba", "-c:v", "png"]), "FFV1": ("a.mkv", ["-pix_fmt", "yuva420p", *FFV1])}


@pytest.mark.parametrize("name", ALPHA)
def test_alpha_is_composed_over_black(tmp_path, name):
    file, args = ALPHA[name]
    make(tmp_path / file, "-vf", "format=rgba,geq=r=r(X\\,Y):g=g(X\\,Y):b=b(X\\,Y):a=if(lt(Y\\,H/2)\\,127\\,255)", *args)
    transcode(tmp_path / file, tmp_path / "out")
    near(seen(tmp_path / "out" / "R360.mp4"), [tuple(c * 127 // 255 for c in p) for p in PATCHES[:4]] + PATCHES[4:], 4)


def glue(out, *films):
    out.write_bytes(b"".join(f.read_bytes() for f in films))
    return out


def plain(path, colour, size, *more):
    ffmpeg("-f", "lavfi", "-i", "color=%s:s=%s:r=5" % (colour, size), "-t", "4", *more, path)
    return path


def test_a_portrait_film_after_a_landscape_one_is_letterboxed(tmp_path):
    a = plain(tmp_path / "a.ts", "red", "160x90", *X264)
    b = plain(tmp_path / "b.ts", "white", "90x160", *X264, "-output_ts_offset", "4")
    transcode(glue(tmp_path / "c.ts", a, b), tmp_path / "out")
    assert size(tmp_path / "out" / "R360.mp4") == (160, 90)
    pixel = pixels(tmp_path / "out" / "R360.mp4", 1)
    near([pixel(0.02, 0.5), pixel(0.98, 0.5)], [(254, 0, 0)] * 2, 8)
    pixel = pixels(tmp_path / "out" / "R360.mp4", 6)
    near([pixel(x, y) for x in (0.1, 0.3, 0.7, 0.9) for y in (0.05, 0.95)], [(0, 0, 0)] * 8, 3)
    near([pixel(x, y) for x in (0.4, 0.6) for y in (0.05, 0.95)], [(255, 255, 255)] * 4, 3)


def test_an_aspect_ratio_that_changes_is_letterboxed(tmp_path):
    """A broadcast that goes from 16:9 to 4:3 in frames of the same size."""
    mpeg = ["-c:v", "mpeg2video", "-q:v", "2", "-r", "25"]
    a = plain(tmp_path / "a.ts", "red", "352x288", "-vf", "setdar=16/9", *mpeg)
    b = plain(tmp_path / "b.ts", "white", "352x288", "-vf", "setdar=4/3", *mpeg, "-output_ts_offset", "4")
    transcode(glue(tmp_path / "c.ts", a, b), tmp_path / "out")
    assert size(tmp_path / "out" / "R360.mp4") == (512, 288)
    pixel = pixels(tmp_path / "out" / "R360.mp4", 6)
    near([pixel(0.05, 0.5), pixel(0.95, 0.5), pixel(0.2, 0.5), pixel(0.8, 0.5)], [(0, 0, 0)] * 2 + [(255, 255, 255)] * 2, 3)


@pytest.mark.parametrize("shape, rungs", [("1280x536", {"R360": (640, 268), "R720": (1280, 536)}), ("536x1280", {"R360": (268, 640), "R720": (536, 1280)})])
def test_wide_and_tall_films_have_the_rungs_of_their_box(tmp_path, shape, rungs):
    plain(tmp_path / "a.mp4", "red", shape, *X264, "-t", "1")
    assert transcode(tmp_path / "a.mp4", tmp_path / "out") == sorted(rungs)
    for rung, wanted in rungs.items():
        assert size(tmp_path / "out" / (rung + ".mp4")) == wanted
        assert int(probe(tmp_path / "out" / (rung + ".mp4"), "level")[0].split("=")[1]) <= 42
