"""The film pipeline against Debian's ffmpeg on the same clip (30 s, 1080p), with the same x264 settings: time and memory."""
import os
import subprocess
import time

import services
from report import in_turn, line

RUNGS = [(1920, 1080, 6500), (1280, 720, 3500), (640, 360, 1000)]


def encode(label, width, rate):
    return ["-map", label, "-map", "0:a", "-c:v", "libx264", "-preset", "veryfast", "-crf", "23", "-profile:v", "high", "-pix_fmt", "yuv420p",
            "-maxrate", "%dk" % rate, "-bufsize", "%dk" % (2 * rate), "-g", "50", "-keyint_min", "50", "-sc_threshold", "0",
            "-c:a", "aac", "-b:a", "128k", "-ac", "2", "-ar", "48000", "-movflags", "+faststart", "%d.mp4" % width]


def timed(commands, folder):
    """Returns the seconds of all commands in sequence, and the largest memory of one in MB."""
    began, most = time.monotonic(), 0
    for c in commands:
        p = subprocess.Popen(c, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(p.pid, 0)
        if status != 0:
            raise SystemExit("%s failed" % c[0])
        most = max(most, usage.ru_maxrss / 1024)
    return time.monotonic() - began, most


def measure(folder):
    base = ["ffmpeg", "-v", "error", "-y"]
    # Noise makes the clip about as hard to encode as a film.
    subprocess.run(base + ["-f", "lavfi", "-i", "testsrc2=s=1920x1080:r=25", "-f", "lavfi", "-i", "sine=440:r=48000",
                           "-t", "30", "-vf", "noise=alls=6:allf=t,format=yuv420p", "-c:v", "libx264", "-preset", "veryfast", "-crf", "20", "-c:a", "aac",
                           "-shortest", "clip.mp4"], cwd=folder, check=True)
    three = [base + ["-i", "clip.mp4"] + ["-vf", "scale=%d:%d:flags=bicubic" % (w, h)] + encode("0:v", w, rate) for w, h, rate in RUNGS]
    split = "[0:v]split=3[a][b][c];" + ";".join("[%s]scale=%d:%d:flags=bicubic[v%s]" % (n, w, h, n) for n, (w, h, _) in zip("abc", RUNGS))
    one = base + ["-i", "clip.mp4", "-filter_complex", split]
    for n, (w, h, rate) in zip("abc", RUNGS):
        one += encode("[v%s]" % n, w, rate)
    ours = [services.BINARY, "transcode", "clip.mp4", "out"]
    memory = []

    def seconds(commands):
        took, most = timed(commands, folder)
        memory.append(most)
        return took

    print("\ntranscode: 30 s of 1080p to 1080/720/360, median of 3 rounds")
    a, b, c = in_turn(3, lambda: seconds([ours]), lambda: seconds(three), lambda: seconds([one]))
    line("time, ratio to three ffmpeg runs", a / b, "", 0.75, True, "%.1f s and %.1f s" % (a, b))
    line("time, ratio to one ffmpeg that splits one decode", a / c, "", 1.05, True, "%.1f s and %.1f s" % (a, c))
    line("largest memory", max(memory[0::3]), "MB", 600, True, "%.2f of the ffmpeg that splits" % (max(memory[0::3]) / max(memory[2::3])))
