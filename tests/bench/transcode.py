#!/usr/bin/python3
"""The film pipeline against Debian's ffmpeg on the same 30 s clip in 1080p, with the same x264 settings. Prints ratios of time, and our
largest memory. Usage: transcode.py [BINARY]"""
import os
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BINARY = sys.argv[1] if len(sys.argv) > 1 else os.path.join(ROOT, "out", "wanzami")
RUNGS = [(1920, 1080, 6500), (1280, 720, 3500), (640, 360, 1000)]


def encode(label, width, rate):
    return ["-map", label, "-map", "0:a", "-c:v", "libx264", "-preset", "veryfast", "-crf", "23", "-profile:v", "high", "-pix_fmt", "yuv420p",
            "-maxrate", "%dk" % rate, "-bufsize", "%dk" % (2 * rate), "-g", "50", "-keyint_min", "50", "-sc_threshold", "0",
            "-c:a", "aac", "-b:a", "128k", "-ac", "2", "-ar", "48000", "-movflags", "+faststart", "%d.mp4" % width]


def timed(commands, folder):
    """Seconds, and the largest memory of the processes in MB."""
    began, most = time.monotonic(), 0
    for c in commands:
        p = subprocess.Popen(c, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(p.pid, 0)
        if status != 0:
            raise SystemExit("%s failed" % c[0])
        most = max(most, usage.ru_maxrss / 1024)
    return time.monotonic() - began, most


def main():
    with tempfile.TemporaryDirectory() as folder:
        base = ["ffmpeg", "-v", "error", "-y"]
        # Noise makes it about as hard to encode as film is.
        subprocess.run(base + ["-f", "lavfi", "-i", "testsrc2=s=1920x1080:r=25", "-f", "lavfi", "-i", "sine=440:r=48000",
                               "-t", "30", "-vf", "noise=alls=6:allf=t,format=yuv420p", "-c:v", "libx264", "-preset", "veryfast", "-crf", "20", "-c:a", "aac",
                               "-shortest", "clip.mp4"], cwd=folder, check=True)
        three = [base + ["-i", "clip.mp4"] + ["-vf", "scale=%d:%d:flags=bicubic" % (w, h)] + encode("0:v", w, rate) for w, h, rate in RUNGS]
        split = "[0:v]split=3[a][b][c];" + ";".join("[%s]scale=%d:%d:flags=bicubic[v%s]" % (n, w, h, n) for n, (w, h, _) in zip("abc", RUNGS))
        one = base + ["-i", "clip.mp4", "-filter_complex", split]
        for n, (w, h, rate) in zip("abc", RUNGS):
            one += encode("[v%s]" % n, w, rate)
        ours = [BINARY, "transcode", "clip.mp4", "out"]
        best = {}
        for _ in range(2):  # the better of two runs of each, taken in turn
            for name, commands in (("ours", [ours]), ("three", three), ("one", [one])):
                got = timed(commands, folder)
                best[name] = min(best.get(name, got), got)
    seconds, memory = best["ours"]
    print("transcode 30 s of 1080p to 1080/720/360: %.2f of three ffmpeg runs (aim: at most 0.75)" % (seconds / best["three"][0]))
    print("transcode 30 s of 1080p to 1080/720/360: %.2f of one ffmpeg that splits (aim: at most 1.05)" % (seconds / best["one"][0]))
    print("transcode: %.1f s, at most %.0f MB of memory (aim: at most 600), ffmpeg that splits %.0f MB" % (seconds, memory, best["one"][1]))


main()
