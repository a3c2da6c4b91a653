"""The film pipeline on local files: what goes in is made by Debian's ffmpeg, what comes out is looked at by it."""
import json
import os
import re
import subprocess

import pytest

from conftest import run

VIDEO = "testsrc2=s={size}:r={rate}"
SOUND = "sine=440:r=44100"


def ffmpeg(*args):
    subprocess.run(["ffmpeg", "-v", "error", "-nostdin", "-y", *map(str, args)], check=True, timeout=120)


def make(path, *args, size="640x360", rate=25, seconds=5, sound=True):
    """A film of a test picture and a tone, encoded as args say."""
    ins = ["-f", "lavfi", "-i", VIDEO.format(size=size, rate=rate)] + (["-f", "lavfi", "-i", SOUND] if sound else [])
    ffmpeg(*ins, "-t", seconds, *args, path)
    return str(path)


def probe(path, *what):
    out = subprocess.run(["ffprobe", "-v", "error", "-of", "json", *what, str(path)], check=True, capture_output=True, text=True, timeout=60)
    return json.loads(out.stdout)


def streams(path):
    found = probe(path, "-show_streams", "-show_format")
    return {s["codec_type"]: s for s in found["streams"]}, found["format"]


def keys(path):
    """The times of the key frames."""
    found = probe(path, "-select_streams", "v", "-skip_frame", "nokey", "-show_entries", "frame=pts_time")
    return [float(f["pts_time"]) for f in found["frames"]]


def decodes(path, *more):
    r = subprocess.run(["ffmpeg", "-v", "error", "-nostdin", "-xerror", *more, "-i", str(path), "-f", "null", "-"], capture_output=True, text=True, timeout=60)
    return r.returncode == 0 and r.stderr == ""


def transcode(film, out):
    r = run("transcode", str(film), str(out))
    assert r.returncode == 0, r.stderr
    return sorted(n[:-4] for n in os.listdir(out) if n.endswith(".mp4"))


def refused(film, out, *words):
    r = run("transcode", str(film), str(out))
    assert r.returncode == 1 and r.stdout == ""
    last = r.stderr.strip().split("\n")[-1]
    assert all(w in last for w in words), last
    assert not os.path.exists(out) or os.listdir(out) == []


def check(folder, rung, seconds, sound=True):
    """What every rendition has to be."""
    path = "%s/%s.mp4" % (folder, rung)
    s, form = streams(path)
    v = s["video"]
    assert (v["codec_name"], v["profile"], v["pix_fmt"], v["sample_aspect_ratio"]) == ("h264", "High", "yuv420p", "1:1")
    assert v["width"] % 2 == 0 and v["height"] % 2 == 0
    assert abs(float(form["duration"]) - seconds) < 0.2 and abs(float(v["start_time"])) < 0.001
    if sound:
        a = s["audio"]
        assert (a["codec_name"], a["profile"], a["sample_rate"], a["channels"]) == ("aac", "LC", "48000", 2)
        assert abs(float(a["start_time"])) < 0.03 and abs(float(a["duration"]) - seconds) < 0.2
    else:
        assert "audio" not in s
    assert decodes(path)
    return v, keys(path)


FORMATS = {
    "mp4-h264": ("a.mp4", ["-c:v", "libx264", "-pix_fmt", "yuv420p", "-c:a", "aac"]),
    "mkv-hevc-10bit": ("a.mkv", ["-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=none", "-pix_fmt", "yuv420p10le", "-c:a", "ac3"]),
    "webm-vp9-opus": ("a.webm", ["-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-c:a", "libopus"]),
    "ts-mpeg2": ("a.ts", ["-c:v", "mpeg2video", "-b:v", "3M", "-c:a", "mp2"]),
    "mov-prores-422": ("a.mov", ["-c:v", "prores_ks", "-profile:v", "0", "-c:a", "pcm_s16le"]),
    "avi-mpeg4": ("a.avi", ["-c:v", "mpeg4", "-b:v", "2M", "-c:a", "libmp3lame"]),
    "asf-wmv": ("a.wmv", ["-c:v", "wmv2", "-b:v", "2M", "-c:a", "wmav2"]),
    "mkv-h264-444": ("a.mkv", ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv444p", "-c:a", "flac"]),
}


@pytest.mark.parametrize("name", FORMATS)
def test_containers_and_codecs(tmp_path, name):
    file, args = FORMATS[name]
    film = make(tmp_path / file, *args)
    assert transcode(film, tmp_path / "out") == ["R360"]
    v, times = check(tmp_path / "out", "R360", 5)
    assert (v["width"], v["height"], v["avg_frame_rate"]) == (640, 360, "25/1")
    assert times == [0, 2, 4]


def test_every_rendition_stands_on_the_same_grid(tmp_path):
    film = make(tmp_path / "a.mp4", "-c:v", "libx264", "-preset", "ultrafast", "-c:a", "aac", size="1280x720", rate="30000/1001", seconds=7)
    assert transcode(film, tmp_path / "out") == ["R360", "R720"]
    (small, times), (large, others) = check(tmp_path / "out", "R360", 7), check(tmp_path / "out", "R720", 7)
    assert (small["width"], small["height"], large["width"], large["height"]) == (640, 360, 1280, 720)
    assert times == others and len(times) == 4
    assert all(0 <= t - 2 * n < 0.034 for n, t in enumerate(times))


def test_hls_plays(tmp_path):
    film = make(tmp_path / "a.mp4", "-c:v", "libx264", "-preset", "ultrafast", "-c:a", "aac", size="1280x720")
    transcode(film, tmp_path / "out")
    assert decodes(tmp_path / "out" / "master.m3u8") and decodes(tmp_path / "out" / "v-R360.m3u8") and decodes(tmp_path / "out" / "a-und.m3u8")
    durations = re.findall(r"#EXTINF:([\d.]+)", (tmp_path / "out" / "a-und.m3u8").read_text())
    assert abs(sum(map(float, durations)) - 5) < 0.05
    with open(tmp_path / "out" / "master.m3u8") as f:
        text = f.read()
    assert text.count("#EXT-X-STREAM-INF") == 2 and 'CODECS="avc1.64' in text and "RESOLUTION=1280x720" in text


@pytest.mark.parametrize("turn, size", [(90, (360, 640)), (180, (640, 360)), (270, (360, 640))])
def test_turned_films_become_upright(tmp_path, turn, size):
    make(tmp_path / "flat.mp4", "-c:v", "libx264", "-preset", "ultrafast", "-c:a", "aac", seconds=3)
    ffmpeg("-i", tmp_path / "flat.mp4", "-c", "copy", "-metadata:s:v:0", "rotate=%d" % turn, tmp_path / "a.mp4")
    transcode(tmp_path / "a.mp4", tmp_path / "out")
    v, _ = check(tmp_path / "out", "R360", 3)
    assert (v["width"], v["height"]) == size and not v.get("side_data_list")
    # The same as what ffmpeg makes of it when it turns it.
    ffmpeg("-i", tmp_path / "a.mp4", "-frames:v", "1", "-s", "%dx%d" % size, tmp_path / "want.png")
    ffmpeg("-i", tmp_path / "out" / "R360.mp4", "-frames:v", "1", tmp_path / "got.png")
    r = subprocess.run(["ffmpeg", "-nostdin", "-i", str(tmp_path / "want.png"), "-i", str(tmp_path / "got.png"), "-lavfi", "psnr", "-f", "null", "-"],
                       capture_output=True, text=True, timeout=60)
    assert float(r.stderr.split("average:")[1].split()[0].replace("inf", "99")) > 25


def test_a_silent_film(tmp_path):
    film = make(tmp_path / "a.mp4", "-c:v", "libx264", "-preset", "ultrafast", sound=False)
    transcode(film, tmp_path / "out")
    check(tmp_path / "out", "R360", 5, sound=False)


def test_frames_at_uneven_times_come_out_even(tmp_path):
    film = make(tmp_path / "a.mkv", "-vf", "select='not(mod(n,3))+lt(t,2)'", "-vsync", "vfr", "-c:v", "libx264", "-preset", "ultrafast", "-c:a", "aac", seconds=6)
    transcode(film, tmp_path / "out")
    v, times = check(tmp_path / "out", "R360", 6)
    assert v["avg_frame_rate"] == v["r_frame_rate"]
    assert all(0 <= t - 2 * n < 0.1 for n, t in enumerate(times)) and len(times) == 3


def test_odd_sizes_and_wide_pixels(tmp_path):
    film = make(tmp_path / "odd.mkv", "-c:v", "libx264", "-preset", "ultrafast", "-vf", "scale=701:397,setsar=1", "-pix_fmt", "yuv444p", "-c:a", "aac", seconds=2)
    assert (streams(film)[0]["video"]["width"], streams(film)[0]["video"]["height"]) == (701, 397)
    transcode(film, tmp_path / "odd")
    v, _ = check(tmp_path / "odd", "R720", 2)
    assert (v["width"], v["height"]) == (700, 396)
    film = make(tmp_path / "pal.mpg", "-vf", "setsar=64/45", "-c:v", "mpeg2video", "-b:v", "4M", "-c:a", "mp2", size="720x576", seconds=2)
    transcode(film, tmp_path / "pal")
    v, _ = check(tmp_path / "pal", "R720", 2)
    assert (v["width"], v["height"]) == (1024, 576)


def test_wide_pixels_fill_the_frame(tmp_path):
    film = make(tmp_path / "a.mpg", "-vf", "setsar=64/45", "-c:v", "mpeg2video", "-b:v", "4M", size="720x576", seconds=1, sound=False)
    transcode(film, tmp_path / "out")
    r = subprocess.run(["ffmpeg", "-v", "error", "-nostdin", "-i", str(tmp_path / "out" / "R360.mp4"), "-frames:v", "1", "-vf", "format=rgb24", "-f", "rawvideo", "-"],
                       capture_output=True, check=True, timeout=60)
    left, right = r.stdout[3 * (640 * 200 + 5):][:3], r.stdout[3 * (640 * 200 + 634):][:3]
    assert left[0] > 200 and left[1] < 60 and right[0] < 60 and right[2] > 200, "red and cyan columns of the test picture, not black bars"


def test_interlaced_films_become_progressive(tmp_path):
    film = make(tmp_path / "a.mkv", "-vf", "interlace", "-flags", "+ilme+ildct", "-c:v", "libx264", "-x264opts", "tff=1", "-preset", "ultrafast", "-c:a", "aac",
                rate=50, seconds=3)
    transcode(film, tmp_path / "out")
    v, _ = check(tmp_path / "out", "R360", 3)
    assert v.get("field_order", "progressive") == "progressive"


@pytest.mark.parametrize("curve", ["smpte2084", "arib-std-b67"])
def test_hdr_becomes_sdr(tmp_path, curve):
    film = make(tmp_path / "a.mkv", "-c:v", "libx265", "-preset", "ultrafast", "-pix_fmt", "yuv420p10le", "-x265-params",
                "log-level=none:colorprim=bt2020:transfer=%s:colormatrix=bt2020nc" % curve, "-color_primaries", "bt2020", "-color_trc", curve,
                "-colorspace", "bt2020nc", "-c:a", "aac", seconds=2)
    transcode(film, tmp_path / "out")
    v, _ = check(tmp_path / "out", "R360", 2)
    assert (v["color_transfer"], v["color_primaries"], v["color_space"]) == ("bt709", "bt709", "bt709")


def test_sound_of_six_channels_and_sound_that_begins_late(tmp_path):
    make(tmp_path / "six.mkv", "-af", "pan=5.1|c0=c0|c1=c0|c2=c0|c3=c0|c4=c0|c5=c0", "-c:v", "libx264", "-preset", "ultrafast", "-c:a", "ac3", seconds=3)
    transcode(tmp_path / "six.mkv", tmp_path / "six")
    check(tmp_path / "six", "R360", 3)
    ffmpeg("-f", "lavfi", "-i", VIDEO.format(size="640x360", rate=25), "-itsoffset", "2", "-f", "lavfi", "-i", SOUND, "-t", "5", "-c:v", "libx264",
           "-preset", "ultrafast", "-c:a", "aac", tmp_path / "late.mp4")
    transcode(tmp_path / "late.mp4", tmp_path / "late")
    assert decodes(tmp_path / "late" / "R360.mp4")
    r = subprocess.run(["ffmpeg", "-nostdin", "-i", str(tmp_path / "late" / "R360.mp4"), "-af", "silencedetect=d=1", "-f", "null", "-"], capture_output=True,
                       text=True, timeout=60)
    assert abs(float(r.stderr.split("silence_end: ")[1].split()[0]) - 2) < 0.1


def test_picture_and_sound_stay_together(tmp_path):
    """A flash and a beep at 3 s are still at 3 s."""
    ffmpeg("-f", "lavfi", "-i", "color=black:s=640x360:r=25", "-f", "lavfi", "-i", "sine=1000:r=48000", "-t", "5", "-vf",
           "drawbox=c=white:t=fill:enable='between(t,3,3.5)'", "-af", "volume=0:enable='lt(t,3)'", "-c:v", "libx264", "-c:a", "aac", tmp_path / "a.mp4")
    transcode(tmp_path / "a.mp4", tmp_path / "out")
    r = subprocess.run(["ffmpeg", "-nostdin", "-i", str(tmp_path / "out" / "R360.mp4"), "-vf", "blackdetect=d=1", "-af", "silencedetect=d=1", "-f", "null", "-"],
                       capture_output=True, text=True, timeout=60)
    assert abs(float(r.stderr.split("black_end:")[1].split()[0]) - 3) < 0.041
    assert abs(float(r.stderr.split("silence_end: ")[1].split()[0]) - 3) < 0.041


def test_what_is_no_film_is_refused_with_a_reason(tmp_path):
    (tmp_path / "empty.mp4").write_bytes(b"")
    refused(tmp_path / "empty.mp4", tmp_path / "out", "empty")
    (tmp_path / "noise.mp4").write_bytes(os.urandom(300000))
    refused(tmp_path / "noise.mp4", tmp_path / "out", "not a video")
    (tmp_path / "text.mkv").write_text("once upon a time\n" * 1000)
    refused(tmp_path / "text.mkv", tmp_path / "out", "video")
    ffmpeg("-f", "lavfi", "-i", SOUND, "-t", "3", tmp_path / "song.m4a")
    refused(tmp_path / "song.m4a", tmp_path / "out", "no video track")
    refused(tmp_path / "nowhere.mp4", tmp_path / "out", "cannot be read")
    refused(tmp_path, tmp_path / "out", "cannot be read")


def test_a_film_that_was_cut_off_is_refused(tmp_path):
    film = make(tmp_path / "a.mp4", "-c:v", "libx264", "-preset", "ultrafast", "-c:a", "aac", seconds=10)
    whole = open(film, "rb").read()
    (tmp_path / "end.mp4").write_bytes(whole[:len(whole) // 2])
    refused(tmp_path / "end.mp4", tmp_path / "out", "incomplete", "index")
    film = make(tmp_path / "fast.mp4", "-c:v", "libx264", "-preset", "ultrafast", "-c:a", "aac", "-movflags", "+faststart", seconds=10)
    whole = open(film, "rb").read()
    (tmp_path / "middle.mp4").write_bytes(whole[:len(whole) // 2])
    refused(tmp_path / "middle.mp4", tmp_path / "out", "incomplete", "seconds")


def test_sound_may_go_on_when_the_picture_has_ended(tmp_path):
    ffmpeg("-f", "lavfi", "-t", "3", "-i", VIDEO.format(size="640x360", rate=25), "-f", "lavfi", "-t", "10", "-i", SOUND, "-c:v", "libx264", "-preset", "ultrafast",
           "-c:a", "aac", tmp_path / "a.mp4")
    transcode(tmp_path / "a.mp4", tmp_path / "out")
    assert decodes(tmp_path / "out" / "R360.mp4")
    assert abs(float(streams(tmp_path / "out" / "R360.mp4")[0]["audio"]["duration"]) - 10) < 0.2


def test_damage_in_the_middle_does_not_end_a_film(tmp_path):
    film = make(tmp_path / "a.ts", "-c:v", "libx264", "-preset", "ultrafast", "-c:a", "aac", seconds=8)
    data = bytearray(open(film, "rb").read())
    data[len(data) // 2:len(data) // 2 + 20000] = os.urandom(20000)
    (tmp_path / "b.ts").write_bytes(data)
    transcode(tmp_path / "b.ts", tmp_path / "out")
    assert decodes(tmp_path / "out" / "R360.mp4")


def test_a_wrong_extension_does_not_matter(tmp_path):
    film = make(tmp_path / "a.mp4", "-c:v", "libx264", "-preset", "ultrafast", "-c:a", "aac", seconds=2)
    os.rename(film, tmp_path / "a.txt")
    transcode(tmp_path / "a.txt", tmp_path / "out")
    check(tmp_path / "out", "R360", 2)
