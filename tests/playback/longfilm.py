"""A long film in a browser, beside the same film as ffmpeg writes it with its index in front."""
import os
import subprocess
import urllib.parse

from browsers import Browser
from rangeserver import RangeServer
from services import clean_environment, command

PAGE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "page.html")
FILMS = "R360.mp4", "faststart.mp4"  # ours and the plain one
LAP = 64  # seconds: a whole number of packets of sound
RATE = 20_000_000 // 8  # bytes per second
FFMPEG = ["ffmpeg", "-v", "error", "-nostdin", "-y"]


def transcode(source, folder):
    subprocess.run(command("transcode", source, folder), env=clean_environment(), check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=1800)


def remux(source, plain):
    """Writes a rendition as a plain MP4."""
    subprocess.run([*FFMPEG, "-i", source, "-c", "copy", "-movflags", "+faststart", plain], check=True, timeout=600)


def make(folder, laps, tool):
    """Writes FILMS, of so many times LAP seconds, into the folder. `tool` is tests/tools/renditions.c, which repeats the packets of a short rendition: the
    result has the bytes and the tables of a film of 25 frames a second with reordered frames."""
    source = os.path.join(folder, "source.mkv")
    subprocess.run([*FFMPEG, "-f", "lavfi", "-i", "testsrc2=size=640x360:rate=25,noise=alls=12:allf=t", "-f", "lavfi", "-i", "anoisesrc=a=0.02:r=48000", "-t", str(LAP),
                    "-c:v", "libx264", "-preset", "ultrafast", "-qp", "18", "-pix_fmt", "yuv420p", "-c:a", "flac", source], check=True, timeout=300)
    transcode(source, os.path.join(folder, "lap"))
    subprocess.run([tool, "loop", os.path.join(folder, "lap", FILMS[0]), folder, str(laps), "0"], check=True, stdout=subprocess.DEVNULL, timeout=300)
    os.remove(source)
    remux(os.path.join(folder, FILMS[0]), os.path.join(folder, FILMS[1]))


def show(folder, kind, tries, home):
    """Returns what page.html reports of FILMS in a browser."""
    server = RangeServer({**{film: os.path.join(folder, film) for film in FILMS}, "page.html": PAGE}, RATE)
    browser = Browser(kind, server.url + "/page.html?" + urllib.parse.urlencode({"film": FILMS, "tries": tries}, doseq=True), home)
    try:
        report = browser.report(server, 300)
    finally:
        browser.close()
        server.close()
    assert "error" not in report, report
    return report
