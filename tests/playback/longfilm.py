"""A long film in a browser, beside the same film as ffmpeg writes it with its index in front."""
import os
import subprocess
import urllib.parse

from browsers import Browser
from rangeserver import RangeServer
from services import clean_environment, command

PAGE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "page.html")
SIZES = {"R360": "640x360", "R1080": "1920x1080"}
PLAIN = "faststart.mp4"
FILMS = "R360.mp4", PLAIN  # ours and the plain one
LAP = 64  # seconds: a whole number of packets of sound
RATE = 20_000_000 // 8  # bytes per second
FFMPEG = ["ffmpeg", "-v", "error", "-nostdin", "-y"]


def transcode(source, folder):
    subprocess.run(command("transcode", source, folder), env=clean_environment(), check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=1800)


def remux(source, plain):
    """Writes a rendition as a plain MP4."""
    subprocess.run([*FFMPEG, "-i", source, "-c", "copy", "-movflags", "+faststart", plain], check=True, timeout=600)


def make(folder, laps, tool, rung="R360"):
    """Writes a rendition of so many times LAP seconds and PLAIN into the folder. `tool` is tests/tools/renditions.c, which repeats the packets of a short rendition: the
    result has the bytes and the tables of a film of 25 frames a second with reordered frames."""
    source = os.path.join(folder, "source.mkv")
    subprocess.run([*FFMPEG, "-f", "lavfi", "-i", "testsrc2=size=%s:rate=25,noise=alls=12:allf=t" % SIZES[rung], "-f", "lavfi", "-i", "anoisesrc=a=0.02:r=48000", "-t", str(LAP),
                    "-c:v", "libx264", "-preset", "ultrafast", "-qp", "18", "-pix_fmt", "yuv420p", "-c:a", "flac", source], check=True, timeout=300)
    transcode(source, os.path.join(folder, "lap"))
    subprocess.run([tool, "loop", os.path.join(folder, "lap", rung + ".mp4"), folder, str(laps), "0"], check=True, stdout=subprocess.DEVNULL, timeout=300)
    os.remove(source)
    os.rename(os.path.join(folder, FILMS[0]), os.path.join(folder, rung + ".mp4"))  # `loop` names any rendition R360
    remux(os.path.join(folder, rung + ".mp4"), os.path.join(folder, PLAIN))


def show(folder, kind, tries, home, films=FILMS):
    """Returns what page.html reports of films in a browser."""
    server = RangeServer({**{film: os.path.join(folder, film) for film in films}, "page.html": PAGE}, RATE)
    browser = Browser(kind, server.url + "/page.html?" + urllib.parse.urlencode({"film": films, "tries": tries}, doseq=True), home)
    try:
        report = browser.report(server, 300)
    finally:
        browser.close()
        server.close()
    assert "error" not in report, report
    return report
