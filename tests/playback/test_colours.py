"""The colours of renditions in Chromium: patches of known colours, coded in several ways, drawn on a canvas and compared with the right R, G and B and
with what ffmpeg decodes."""
import os
import shutil
import subprocess
import sys
import urllib.parse

import pytest

from rangeserver import RangeServer
from services import wait_for

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "media"))

import test_colour as colour  # noqa: E402

HD = (1280, 720)

# Name of the film: its file, size, arguments of ffmpeg, and by how much a channel may be off.
FILMS = {
    "BT.601 in SD, not tagged": ("a.mkv", (160, 96), colour.matrix("bt601") + colour.X264, 3),
    "BT.601 in SD": ("a.mp4", (720, 576), colour.matrix("bt601") + colour.X264 + colour.tags("smpte170m", "smpte170m", "smpte170m"), 3),
    "BT.709 in HD": ("a.mp4", HD, colour.matrix("bt709") + colour.X264 + colour.tags("bt709"), 3),
    "BT.709 in HD, not tagged": ("a.mp4", HD, colour.matrix("bt709") + colour.X264, 3),
    "full range": ("a.mp4", (160, 96), ["-vf", "scale=out_color_matrix=bt709:out_range=pc:flags=accurate_rnd+full_chroma_int,format=yuv444p", *colour.X264,
                                        *colour.tags("bt709", full=True)], 3),
    "PQ": ("a.mkv", (160, 96), [*colour.linear("t=smpte2084:p=2020:m=2020_ncl:r=limited:npl=203"), *colour.FFV1,
                                *colour.tags("bt2020nc", "smpte2084", "bt2020")], 6),
}


def tone_mapped(film):
    """The patches of a PQ film as zimg and FFmpeg's tone mapping make them, with 203 cd/m2 as white."""
    data = colour.ffmpeg("-i", film, "-frames:v", "1", "-vf", "setparams=colorspace=bt2020nc:color_trc=smpte2084:color_primaries=bt2020:range=tv,"
                         "zscale=t=linear:p=bt709:m=gbr:npl=203,format=gbrpf32le,tonemap=mobius:desat=0:peak=49.26,zscale=t=bt709:m=gbr:r=full,format=gbrp",
                         "-pix_fmt", "rgb24", "-f", "rawvideo", "-")
    return [tuple(data[3 * ((24 + 48 * (i // 4)) * 160 + 20 + 40 * (i % 4)) + k] for k in range(3)) for i in range(8)]


@pytest.fixture(scope="module")
def renditions(tmp_path_factory):
    """The renditions of all films by their names, as {name: (path, the right colours, the colours that ffmpeg sees)}."""
    made = {}
    for n, (name, (file, size, args, _)) in enumerate(FILMS.items()):
        folder = tmp_path_factory.mktemp("film")
        colour.make(folder / file, *args, size=size)
        right = tone_mapped(folder / file) if name == "PQ" else colour.PATCHES
        for rung in colour.transcode(folder / file, folder / "out"):
            path = folder / "out" / (rung + ".mp4")
            made["%d-%s.mp4" % (n, rung)] = (name, str(path), right, colour.seen(path))
    return made


@pytest.fixture
def chromium(tmp_path):
    """Opens a URL in Chromium; returns what its page reports at the end."""
    home = tmp_path / "home"
    home.mkdir()
    started = []

    def show(server, url):
        # SwiftShader draws as a graphics card does. Chromium's conversion without one clips the factor of Cb, so that blue is up to 8 off.
        with open(tmp_path / "browser.log", "wb") as log:
            started.append(subprocess.Popen(["chromium", "--headless", "--no-first-run", "--user-data-dir=%s" % home, "--autoplay-policy=no-user-gesture-required",
                                             "--force-color-profile=srgb", "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--ignore-gpu-blocklist",
                                             *(["--no-sandbox"] if os.getuid() == 0 else []), url],
                                            env={**os.environ, "HOME": str(home)}, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True))

        def ended():
            assert started[0].poll() is None, (tmp_path / "browser.log").read_text(errors="replace")[-2000:]
            return None if server.reports.empty() else server.reports.get()

        return wait_for(ended, "the browser to draw all films", 120)

    yield show
    for p in started:
        subprocess.run(["kill", "-TERM", "--", "-%d" % p.pid], check=False)
        p.wait()
    shutil.rmtree(home, ignore_errors=True)


def test_colours_in_chromium(renditions, chromium):
    server = RangeServer({"colours.html": HERE + "/colours.html", **{file: path for file, (_, path, _, _) in renditions.items()}}, 100_000_000)
    try:
        report = chromium(server, server.url + "/colours.html?" + urllib.parse.urlencode({"film": list(renditions)}, doseq=True))
    finally:
        server.close()
    assert "error" not in report and len(report["seen"]) == len(renditions) >= len(FILMS), report
    for file, (name, _, right, decoded) in renditions.items():
        drawn = [tuple(c) for c in report["seen"][file]]
        try:
            colour.near(drawn, right, FILMS[name][3])
            colour.near(drawn, decoded, 3)
        except AssertionError as e:
            raise AssertionError("%s, %s: %s" % (name, file, e)) from e
