"""A long film in a browser, beside the same film as ffmpeg writes it with its index in front."""
import os
import subprocess
import urllib.parse

from browsers import Browser
from rangeserver import RangeServer
from services import clean_environment, command

PAGE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "page.html")
FILMS = "R360.mp4", "faststart.mp4"  # ours and the plain one
RATE = 20_000_000 // 8  # bytes per second
FFMPEG = ["ffmpeg", "-v", "error", "-nostdin", "-y"]


def transcode(source, folder):
    subprocess.run(command("transcode", source, folder), env=clean_environment(), check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=1800)


def remux(source, plain):
    """Writes a rendition as a plain MP4."""
    subprocess.run([*FFMPEG, "-i", source, "-c", "copy", "-movflags", "+faststart", plain], check=True, timeout=600)


def make(folder, minutes):
    """Writes FILMS into the folder. Noise in the picture makes them large; silence, in all but a second of each minute, is encoded fast."""
    minute, source = os.path.join(folder, "minute.mkv"), os.path.join(folder, "source.mkv")
    subprocess.run([*FFMPEG, "-f", "lavfi", "-i", "testsrc=size=160x90:rate=5,noise=alls=30:allf=t", "-f", "lavfi", "-i", "aevalsrc=lt(t\\,1)*sin(t*2764)/4:s=48000",
                    "-t", "60", "-c:v", "libx264", "-preset", "ultrafast", "-qp", "20", "-c:a", "flac", minute], check=True, timeout=300)
    subprocess.run([*FFMPEG, "-stream_loop", str(minutes - 1), "-i", minute, "-c", "copy", source], check=True, timeout=300)
    transcode(source, folder)
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
