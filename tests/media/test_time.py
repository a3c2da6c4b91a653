"""Times of films: what has jumping, missing or uneven timestamps, fields instead of frames, or an odd length, comes out as a film of the right length."""
import json
import math
import re
import subprocess

import pytest

from conftest import run

FAST = ["-c:v", "libx264", "-preset", "ultrafast"]
SMALL = "testsrc2=s=160x90:r="


def ffmpeg(*args):
    subprocess.run(["ffmpeg", "-v", "error", "-nostdin", "-y", *map(str, args)], check=True, timeout=120)


def picture(source, *more):
    return ["-f", "lavfi", "-i", source, *more]


def transcode(film, out, **env):
    r = run("transcode", str(film), str(out), **env)
    assert r.returncode == 0, r.stderr
    return str(out / "R360.mp4")


def video(path):
    """Rate, number of frames, start and duration of the video; start and duration of the sound, None without."""
    r = subprocess.run(["ffprobe", "-v", "error", "-count_frames", "-show_entries", "stream=codec_type,avg_frame_rate,nb_read_frames,start_time,duration",
                        "-of", "json", path], check=True, capture_output=True, text=True, timeout=60)
    found = {s["codec_type"]: s for s in json.loads(r.stdout)["streams"]}
    v, a = found["video"], found.get("audio")
    assert float(v["start_time"]) == 0 and (a is None or float(a["start_time"]) == 0)
    return v["avg_frame_rate"], int(v["nb_read_frames"]), float(v["duration"])


def likeness(path, reference):
    """Returns the structural similarity of two films, frame by frame; 1 is equal. The reference is untagged, that is BT.601."""
    r = subprocess.run(["ffmpeg", "-nostdin", "-i", str(reference), "-i", path, "-lavfi", "[0:v]scale=in_color_matrix=bt601:out_color_matrix=bt709,format=yuv420p[a];[1:v]format=yuv420p[b];[a][b]ssim", "-f",
                        "null", "-"], capture_output=True, text=True, timeout=60)
    return float(re.search(r"SSIM Y:([0-9.]+)", r.stderr)[1])


def together(path, at):
    """A flash and a beep that begin at the same time still do."""
    r = subprocess.run(["ffmpeg", "-nostdin", "-i", path, "-vf", "blackdetect=d=0.5", "-af", "silencedetect=d=0.5", "-f", "null", "-"], capture_output=True,
                       text=True, timeout=60)
    flashes = [float(x) for x in re.findall(r"black_end:([0-9.]+)", r.stderr)]
    beeps = [float(x) for x in re.findall(r"silence_end: ([0-9.]+)", r.stderr)]
    for t in at:
        assert min(abs(f - t) for f in flashes) <= 0.05 and min(abs(b - t) for b in beeps) <= 0.05, (flashes, beeps)
        assert min(abs(f - b) for f in flashes for b in beeps if abs(f - t) <= 0.05) <= 0.04


def flash(path, *args):
    """Four seconds with a flash and a beep from 2 s to 2.5 s."""
    ffmpeg(*picture("color=black:s=160x90:r=25"), *picture("sine=1000:r=48000"), "-t", 4, "-vf", "drawbox=c=white:t=fill:enable='between(t,2,2.499)'",
           "-af", "volume=0:enable='not(between(t,2,2.5))'", *FAST, "-c:a", "aac", *args, path)


@pytest.mark.parametrize("name, first, second", [("back", 10, 0), ("again", 0, 0), ("ahead", 0, 7200), ("from an hour on", 3600, 3600), ("wrap", 95440, 95440)])
@pytest.mark.parametrize("kind", ["ts", "mpg"])
def test_joined_recordings_are_whole(tmp_path, kind, name, first, second):
    if kind == "mpg" and name == "wrap":
        pytest.skip("FFmpeg writes no program stream whose clock wraps")
    coded = ["-c:v", "mpeg2video", "-c:a", "mp2"] if kind == "mpg" else []
    flash(tmp_path / "a", *coded, "-output_ts_offset", first, "-f", "mpegts" if kind == "ts" else "mpeg")
    flash(tmp_path / "b", *coded, "-output_ts_offset", second, "-f", "mpegts" if kind == "ts" else "mpeg")
    (tmp_path / "film").write_bytes((tmp_path / "a").read_bytes() + (tmp_path / "b").read_bytes())
    path = transcode(tmp_path / "film", tmp_path / "out")
    rate, frames, _ = video(path)
    assert rate == "25/1" and abs(frames - 200) <= 3
    together(path, [2])


def jump(path, pids, at, delta):
    """Adds `delta` seconds to the timestamps of the PES packets of some PIDs of a transport stream, from `at` seconds after the first on."""
    data, first = bytearray(path.read_bytes()), {}
    for packet in range(0, len(data), 188):
        pid = (data[packet + 1] & 0x1F) << 8 | data[packet + 2]
        pes = packet + (5 + data[packet + 4] if data[packet + 3] & 0x20 else 4)
        if pid not in pids or not data[packet + 1] & 0x40:
            continue
        assert data[pes:pes + 3] == b"\0\0\1"
        for place in [pes + 9, pes + 14][:{2: 1, 3: 2}.get(data[pes + 7] >> 6, 0)]:
            a, b, c, d, e = data[place:place + 5]
            t = (a >> 1 & 7) << 30 | b << 22 | c >> 1 << 15 | d << 7 | e >> 1
            first.setdefault(pid, t)
            if place == pes + 9:
                moved = t - first[pid] >= at * 90000
            t = (t + moved * int(delta * 90000)) % (1 << 33)
            data[place:place + 5] = bytes([a & 0xF0 | (t >> 30) << 1 | 1, t >> 22 & 255, (t >> 15 & 127) << 1 | 1, t >> 7 & 255, (t & 127) << 1 | 1])
    path.write_bytes(data)


@pytest.mark.parametrize("delta", [3600, 30, -0.5, -5])
@pytest.mark.parametrize("pids", [(0x100,), (0x101,), (0x100, 0x101)], ids=["picture", "sound", "both"])
def test_picture_and_sound_stay_together_if_one_of_them_jumps(tmp_path, pids, delta):
    beep = "gte(mod(t\\,2)\\,0.5)+lt(t\\,1)"
    ffmpeg(*picture("color=black:s=160x90:r=25"), *picture("sine=1000:r=48000"), "-t", 16, "-vf", "drawbox=c=white:t=fill:enable='not(%s)'" % beep, "-af",
           "volume=0:enable='%s'" % beep, *FAST, "-g", 25, "-c:a", "aac", tmp_path / "a.ts")
    jump(tmp_path / "a.ts", pids, 7, delta)
    path = transcode(tmp_path / "a.ts", tmp_path / "out")
    assert abs(video(path)[1] - 400) <= 2
    together(path, [2, 4, 6, 10, 12, 14])  # the sound of a second after the jump may be off


@pytest.mark.parametrize("name", ["a.mkv", "a.mp4", "a.ts"])
def test_a_clock_that_begins_late_is_no_time(tmp_path, name):
    flash(tmp_path / name, "-output_ts_offset", 3600)
    path = transcode(tmp_path / name, tmp_path / "out")
    assert abs(video(path)[1] - 100) <= 1
    together(path, [2])


def test_a_gap_of_hours_is_closed(tmp_path):
    ffmpeg(*picture(SMALL + "5:d=4"), "-vf", "setpts=PTS+gte(T\\,2)*72000/TB", "-vsync", "passthrough", "-c:v", "libvpx", "-f", "webm", "-live", 1,
           tmp_path / "a.webm")
    assert abs(video(transcode(tmp_path / "a.webm", tmp_path / "out"))[2] - 4) <= 0.2


@pytest.mark.parametrize("codec, rate", [("h264", 25), ("h264", 30), ("hevc", 25)])
def test_video_without_container_plays_at_its_rate(tmp_path, codec, rate):
    coder = ["-c:v", "libx264", "-bf", 2] if codec == "h264" else ["-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=none"]
    ffmpeg(*picture("%s%d" % (SMALL, rate)), "-t", 3, *coder, tmp_path / ("a." + codec))
    assert video(transcode(tmp_path / ("a." + codec), tmp_path / "out"))[:2] == ("%d/1" % rate, 3 * rate)


RATES = {
    "59.94": ("60000/1001", "a.mp4", "60000/1001"), "47.952": ("48000/1001", "a.mkv", "48000/1001"), "119.88": ("120000/1001", "a.mkv", "60000/1001"),
    "12.5": ("25/2", "a.mkv", "25/2"), "100": ("100", "a.mp4", "50/1"), "23.976 in milliseconds": ("24000/1001", "a.mkv", "24000/1001"),
    "29.97 in milliseconds": ("30000/1001", "a.flv", "30000/1001"), "H.264 in AVI": ("30", "a.avi", "30/1"),
}


@pytest.mark.parametrize("name", RATES)
def test_rates_are_kept_exactly(tmp_path, name):
    rate, file, want = RATES[name]
    more = ["-video_track_timescale", 120000] if file.endswith("mp4") else []
    if name == "119.88":
        more = ["-vf", "settb=1/120000,setpts=N*1001", "-vsync", "passthrough", "-enc_time_base", "1/120000"]
    ffmpeg(*picture(SMALL + rate + ":d=3"), *FAST, *more, tmp_path / file)
    assert video(transcode(tmp_path / file, tmp_path / "out"))[0] == want


def test_a_recording_that_rests_keeps_its_rate_of_motion(tmp_path):
    """A second of 30 frames, a still of 3 s, a second of 30 frames, a still of 4 s, a frame."""
    ffmpeg(*picture(SMALL + "30:d=9"), "-vf", "select='lt(t,1)+between(t,4,4.99)+gt(t,8.95)'", "-vsync", "vfr", *FAST, "-video_track_timescale", 1000, tmp_path / "a.mp4")
    path = transcode(tmp_path / "a.mp4", tmp_path / "out")
    rate, frames, _ = video(path)
    assert rate == "30/1" and abs(frames - 270) <= 1
    r = subprocess.run(["ffmpeg", "-nostdin", "-i", path, "-vf", "mpdecimate=max=0:hi=200:lo=100:frac=0.01,showinfo", "-f", "null", "-"], capture_output=True,
                       text=True, timeout=60)
    assert r.stderr.count(" n:") >= 59


def test_a_late_start_does_not_change_the_rate(tmp_path):
    ffmpeg(*picture(SMALL + "30"), "-t", 3, "-vf", "setpts=PTS+gt(N\\,0)*0.02/TB", "-vsync", "passthrough", *FAST, "-video_track_timescale", 16000, tmp_path / "a.mp4")
    assert video(transcode(tmp_path / "a.mp4", tmp_path / "out"))[0] == "30/1"


@pytest.mark.parametrize("frames, fragments", [(100, 2), (101, 2), (102, 2), (112, 2), (113, 3), (5, 1)])
def test_the_last_segment_is_not_short(tmp_path, frames, fragments):
    ffmpeg(*picture(SMALL + "25"), *picture("sine=440:r=48000"), "-t", frames / 25, *FAST, "-c:a", "aac", tmp_path / "a.mp4")
    path = transcode(tmp_path / "a.mp4", tmp_path / "out")
    assert video(path) == ("25/1", frames, frames / 25)
    lengths = [float(x) for x in re.findall("#EXTINF:([0-9.]+)", (tmp_path / "out" / "v-R360.m3u8").read_text())]
    assert len(lengths) == fragments and abs(sum(lengths) - frames / 25) < 0.001 and (len(lengths) == 1 or lengths[-1] >= 0.5)


def test_frames_of_an_unmarked_interlaced_film(tmp_path):
    ffmpeg(*picture("testsrc2=s=320x180:r=50"), "-t", 3, "-vf", "interlace=lowpass=0,setfield=prog", *FAST, "-flags", "-ilme", tmp_path / "a.mkv")
    ffmpeg(*picture("testsrc2=s=320x180:r=50"), "-t", 3, *FAST, "-qp", 5, tmp_path / "fields.mkv")
    ffmpeg("-i", tmp_path / "fields.mkv", "-vf", "select=not(mod(n\\,2)),setpts=N/25/TB", "-r", 25, *FAST, "-qp", 5, tmp_path / "frames.mkv")
    path = transcode(tmp_path / "a.mkv", tmp_path / "frame")
    assert video(path)[:2] == ("25/1", 75) and likeness(path, tmp_path / "frames.mkv") > 0.955
    path = transcode(tmp_path / "a.mkv", tmp_path / "field", DEINTERLACE="field")
    assert video(path)[:2] == ("50/1", 150) and likeness(path, tmp_path / "fields.mkv") > 0.94


def test_a_film_that_becomes_interlaced(tmp_path):
    """The second half is deinterlaced, the first is left as it is."""
    ffmpeg(*picture("testsrc2=s=320x180:r=25"), "-t", 3, "-c:v", "mpeg2video", "-q", 3, tmp_path / "a.ts")
    ffmpeg(*picture("testsrc2=s=320x180:r=50"), "-t", 3, "-vf", "interlace=lowpass=0", "-c:v", "mpeg2video", "-q", 3, "-flags", "+ilme+ildct", tmp_path / "b.ts")
    (tmp_path / "film.ts").write_bytes((tmp_path / "a.ts").read_bytes() + (tmp_path / "b.ts").read_bytes())
    path = transcode(tmp_path / "film.ts", tmp_path / "out")
    assert abs(video(path)[1] - 150) <= 2
    ffmpeg("-i", path, "-t", 2.8, "-c", "copy", tmp_path / "begin.mp4")
    ffmpeg(*picture("testsrc2=s=320x180:r=25"), "-t", 2.8, *FAST, "-qp", 5, tmp_path / "want.mkv")
    assert likeness(str(tmp_path / "begin.mp4"), tmp_path / "want.mkv") > 0.97


def stripes(path, rate, seconds, *more, speed=200):
    """Upright stripes that move sideways: in a progressive frame all lines are equal."""
    number, scale = rate.split("/")
    with open(str(path) + ".raw", "wb") as f:
        for n in range(seconds * int(number) // int(scale)):
            f.write(bytes(int(128 + 90 * math.sin((x + speed * n * int(scale) / int(number)) / 9)) for x in range(160)) * 120)
    ffmpeg("-f", "rawvideo", "-pix_fmt", "gray", "-s", "160x120", "-r", rate, "-i", str(path) + ".raw", *more, "-c:v", "mpeg2video", "-q:v", 2, path)


def combed(path):
    """The frames whose lines differ."""
    data = subprocess.run(["ffmpeg", "-v", "error", "-nostdin", "-i", path, "-f", "rawvideo", "-pix_fmt", "gray", "-"], check=True, capture_output=True, timeout=60).stdout
    found = []
    for n in range(len(data) // (160 * 120)):
        lines = [data[at:at + 160] for at in range(160 * (120 * n + 10), 160 * (120 * n + 110), 160)]
        if sum(abs(a - b) for up, low in zip(lines[::9], lines[1::9]) for a, b in zip(up, low)) > 160 * len(lines[1::9]) * 4:
            found.append(n)
    return found


FIELDS = {"interlaced": ("60000/1001", ["-vf", "interlace=lowpass=0", "-flags", "+ilme+ildct"]), "interlaced, not marked": ("60000/1001", ["-vf", "interlace=lowpass=0,setfield=prog"]),
          "telecine": ("24000/1001", ["-vf", "telecine=pattern=23", "-flags", "+ilme+ildct"]), "telecine, not marked": ("24000/1001", ["-vf", "telecine=pattern=23,setfield=prog"])}


@pytest.mark.parametrize("speed", [0, 200], ids=["a still", "motion"])
@pytest.mark.parametrize("name", FIELDS)
def test_no_frame_is_combed_after_a_progressive_beginning(tmp_path, name, speed):
    """The beginning is longer than what is probed for fields."""
    rate, more = FIELDS[name]
    stripes(tmp_path / "a.ts", "30000/1001", 8, speed=speed)
    stripes(tmp_path / "b.ts", rate, 4, *more)
    (tmp_path / "film.ts").write_bytes((tmp_path / "a.ts").read_bytes() + (tmp_path / "b.ts").read_bytes())
    path = transcode(tmp_path / "film.ts", tmp_path / "out")
    assert abs(video(path)[1] - 358) <= 4 and combed(path) == []


def test_telecine_is_undone(tmp_path):
    ffmpeg(*picture("testsrc2=s=320x180:r=24000/1001"), "-t", 5.005, "-vf", "telecine=pattern=23", *FAST, tmp_path / "a.mkv")
    ffmpeg(*picture("testsrc2=s=320x180:r=24000/1001"), "-t", 5.005, *FAST, "-qp", 5, tmp_path / "film.mkv")
    path = transcode(tmp_path / "a.mkv", tmp_path / "out")
    rate, frames, _ = video(path)
    assert rate == "24000/1001" and abs(frames - 120) <= 1 and likeness(path, tmp_path / "film.mkv") > 0.92


def test_a_long_subtitle_does_not_make_a_film_incomplete(tmp_path):
    (tmp_path / "s.srt").write_text("1\n00:00:01,000 --> 00:10:00,000\nHello\n")
    ffmpeg(*picture(SMALL + "25"), "-i", tmp_path / "s.srt", "-t", 3, *FAST, "-map", 0, tmp_path / "v.mkv")
    ffmpeg("-i", tmp_path / "v.mkv", "-i", tmp_path / "s.srt", "-map", 0, "-map", 1, "-c", "copy", tmp_path / "a.mkv")
    assert video(transcode(tmp_path / "a.mkv", tmp_path / "out"))[1] == 75


@pytest.mark.parametrize("name", ["a.mkv", "a.mp4"])
def test_a_film_is_incomplete_by_what_it_lacks(tmp_path, name):
    flash(tmp_path / name, "-output_ts_offset", 3600, "-movflags" if name == "a.mp4" else "-cluster_time_limit", "+faststart" if name == "a.mp4" else 500)
    whole = (tmp_path / name).read_bytes()
    (tmp_path / ("cut" + name)).write_bytes(whole[:len(whole) // 2])
    transcode(tmp_path / name, tmp_path / "out")
    r = run("transcode", str(tmp_path / ("cut" + name)), str(tmp_path / "cut"))
    assert r.returncode == 1 and "incomplete" in r.stderr
