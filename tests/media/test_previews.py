"""Previews of a film: the storyboard and its WebVTT file, poster candidates, chapters as markers, and where the end credits begin."""
import json
import re
import struct
import subprocess

import pytest

from conftest import run
from films import FAST, Studio, film

LOOK = "testsrc2=s={0}:r={1}"
CODED = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-colorspace", "bt709", "-color_range", "tv"]


def ffmpeg(*args, data=None):
    subprocess.run(["ffmpeg", "-v", "error", "-y", *map(str, args)], check=True, timeout=120, input=data, stdin=None if data else subprocess.DEVNULL)


def colour(n):
    """A colour for a number below 125: each of red, green and blue is one of five."""
    return tuple(30 + 45 * (n // 5 ** k % 5) for k in range(3))


def coloured(path, seconds, rate=4, size=(160, 90), every=1, more=()):
    """A film of plain colours: the one of n from second n * every on."""
    w, h = size
    raw = b"".join(bytes(colour(int(i / rate / every) % 125)) * (w * h) for i in range(int(seconds * rate)))
    ffmpeg("-f", "rawvideo", "-pix_fmt", "rgb24", "-s", "%dx%d" % size, "-r", rate, "-i", "-", *more, "-vf", "scale=out_color_matrix=bt709", *CODED, "-g", 1, path, data=raw)
    return path


def transcode(path, out):
    r = run("transcode", "--json", str(path), str(out))
    assert r.returncode == 0, r.stderr + r.stdout
    return json.loads(r.stdout)["previews"]


class Picture:
    """A decoded JPEG file, as any other decoder reads it."""

    def __init__(self, path):
        found = subprocess.run(["ffprobe", "-v", "error", "-of", "csv=p=0", "-show_entries", "stream=codec_name,width,height", str(path)], check=True,
                               capture_output=True, text=True, timeout=60).stdout.strip().split(",")
        assert found[0] == "mjpeg"
        self.width, self.height = int(found[1]), int(found[2])
        self.rgb = subprocess.run(["ffmpeg", "-v", "error", "-nostdin", "-i", str(path), "-f", "rawvideo", "-pix_fmt", "rgb24", "-"], check=True,
                                  capture_output=True, timeout=60).stdout
        assert len(self.rgb) == self.width * self.height * 3

    def at(self, x, y):
        return tuple(self.rgb[3 * (y * self.width + x):][:3])

    def row(self, y):
        return self.rgb[3 * y * self.width:3 * (y + 1) * self.width]

    def column(self, x):
        return b"".join(bytes(self.at(x, y)) for y in range(self.height))

    def mean(self):
        return sum(self.rgb) / len(self.rgb)


def near(a, b, most=12):
    return all(abs(x - y) <= most for x, y in zip(a, b))


def cues(path):
    """Start, end, URI and rectangle of each cue, in seconds and pixels."""
    head, *blocks = path.read_text().rstrip("\n").split("\n\n")
    assert head == "WEBVTT"
    found = []
    for b in blocks:
        times, place = b.split("\n")
        a, z = (int(h) * 3600 + int(m) * 60 + float(s) for h, m, s in (t.split(":") for t in times.split(" --> ")))
        uri, x, y, w, h = re.fullmatch(r"(.+)#xywh=(\d+),(\d+),(\d+),(\d+)", place).groups()
        found.append((a, z, uri, (int(x), int(y), int(w), int(h))))
    return found


def checked(folder, told, seconds, interval, cell, count, shown):
    """Checks a storyboard: times, rectangles, and with shown(n) the colour in the middle of each thumbnail."""
    assert (told["interval_ms"], told["width"], told["height"], told["count"], told["sheets"]) == (interval * 1000, *cell, count, (count + 99) // 100)
    sheets = {}
    found = cues(folder / "previews.vtt")
    assert len(found) == count
    for n, (a, z, uri, (x, y, w, h)) in enumerate(found):
        assert a == n * interval and (w, h) == cell and uri == "sheet-%d.jpg" % (n // 100 + 1)
        assert z == (n + 1) * interval if n + 1 < count else abs(z - seconds) < 0.3
        sheet = sheets.setdefault(uri, Picture(folder / uri))
        assert x + w <= sheet.width and y + h <= sheet.height
        assert near(sheet.at(x + w // 2, y + h // 2), shown(n)), (n, sheet.at(x + w // 2, y + h // 2), shown(n))
    assert sorted(sheets) == sorted(p.name for p in folder.glob("sheet-*.jpg"))
    return sheets


def test_a_short_film_has_a_thumbnail_each_second(tmp_path):
    told = transcode(coloured(tmp_path / "a.mp4", 24.5), tmp_path / "out")
    sheets = checked(tmp_path / "out", told, 24.5, 1, (160, 90), 25, colour)
    assert [(p.width, p.height) for p in sheets.values()] == [(1600, 270)]
    assert told["posters"] == [] and told["markers"] == [] and told["end_credits"] is None, "plain colours are no posters"


def test_a_film_has_a_thumbnail_every_ten_seconds(tmp_path):
    told = transcode(coloured(tmp_path / "a.mp4", 1045, rate=1, every=10), tmp_path / "out")
    sheets = checked(tmp_path / "out", told, 1045, 10, (160, 90), 105, lambda n: colour(n))
    assert {u: (p.width, p.height) for u, p in sheets.items()} == {"sheet-1.jpg": (1600, 900), "sheet-2.jpg": (1600, 90)}
    sheet = sheets["sheet-2.jpg"]
    assert near(sheet.at(160 * 7, 45), (0, 0, 0)), "cells that no thumbnail needs are black"


@pytest.mark.parametrize("claim", [5, 0])
def test_a_film_that_is_longer_than_its_header_says(tmp_path, claim):
    coloured(tmp_path / "a.mkv", 235, rate=1, every=10)
    with open(tmp_path / "a.mkv", "r+b") as f:
        at = f.read(4096).index(b"\x44\x89\x88")  # Duration, in milliseconds; 0 removes it
        f.seek(at)
        f.write(b"\x44\x89\x88" + struct.pack(">d", claim * 1000) if claim else b"\xec\x89" + bytes(9))
    told = transcode(tmp_path / "a.mkv", tmp_path / "out")
    checked(tmp_path / "out", told, 235, 10, (160, 90), 24, colour)


def test_a_portrait_film_has_upright_thumbnails(tmp_path):
    told = transcode(coloured(tmp_path / "a.mp4", 5, size=(90, 160)), tmp_path / "out")
    checked(tmp_path / "out", told, 5, 1, (90, 160), 5, colour)


@pytest.mark.parametrize("size, bars", [((320, 134), "rows"), ((240, 180), "columns")])
def test_films_of_another_shape_have_black_bars_in_their_thumbnails(tmp_path, size, bars):
    told = transcode(coloured(tmp_path / "a.mp4", 3, size=size), tmp_path / "out")
    sheet, = checked(tmp_path / "out", told, 3, 1, (160, 90), 3, colour).values()
    edge, inside = ((80, 4), (80, 16)) if bars == "rows" else ((8, 45), (26, 45))
    assert near(sheet.at(*edge), (0, 0, 0)) and near(sheet.at(*inside), colour(0))


def test_hdr_and_rotation_reach_the_thumbnails(tmp_path):
    coloured(tmp_path / "flat.mp4", 3)
    ffmpeg("-i", tmp_path / "flat.mp4", "-c", "copy", "-metadata:s:v:0", "rotate=90", tmp_path / "a.mp4")
    told = transcode(tmp_path / "a.mp4", tmp_path / "out")
    checked(tmp_path / "out", told, 3, 1, (90, 160), 3, colour)


def sharp_edges(p):
    """Asserts that no row or column at the edge of a poster is black."""
    for line in (p.row(0), p.row(p.height - 1), p.column(0), p.column(p.width - 1)):
        assert sum(v > 50 for v in line) > len(line) / 20


def test_posters_are_bright_and_spread_over_the_film(tmp_path):
    # A second is black in every two, dark in every five, and blurred in every seven; before 5 % and after 85 % of the film it is the sharpest.
    look = LOOK.format("640x360", 4) + ",eq=brightness=-0.42:enable='eq(mod(floor(t),5),3)',boxblur=12:2:enable='eq(mod(floor(t),7),5)'," \
        "boxblur=1:1:enable='between(t,4,67)',drawbox=c=black:t=fill:enable='eq(mod(floor(t),2),0)'"
    ffmpeg("-f", "lavfi", "-i", look, "-t", 80, *CODED, tmp_path / "a.mp4")
    told = transcode(tmp_path / "a.mp4", tmp_path / "out")
    times = [p["time"] for p in told["posters"]]
    assert len(times) == 4 and len({int((t - 4) / 16) for t in times}) == 4
    assert all(4 <= t < 68 and t % 2 == 1 and t % 5 != 3 and t % 7 != 5 for t in times), times
    for n, p in enumerate(told["posters"], 1):
        poster = Picture(tmp_path / "out" / ("poster-%d.jpg" % n))
        assert (poster.width, poster.height) == (640, 360) == (p["width"], p["height"])
        assert poster.mean() > 60
    assert not (tmp_path / "out" / "poster-5.jpg").exists()


@pytest.mark.parametrize("pad, size", [("0:92", (1280, 536)), ("160:0", (960, 720))])
def test_bars_are_cut_from_posters(tmp_path, pad, size):
    inner = "%dx%d" % size
    ffmpeg("-f", "lavfi", "-i", LOOK.format(inner, 4) + ",pad=1280:720:%s" % pad, "-t", 12, *CODED, tmp_path / "a.mp4")
    told = transcode(tmp_path / "a.mp4", tmp_path / "out")
    assert len(told["posters"]) == 4
    for n, p in enumerate(told["posters"], 1):
        poster = Picture(tmp_path / "out" / ("poster-%d.jpg" % n))
        assert (poster.width, poster.height) == (p["width"], p["height"])
        assert all(0 <= full - found <= 16 for full, found in zip(size, (poster.width, poster.height)))
        sharp_edges(poster)


def test_frames_without_picture_never_become_posters(tmp_path):
    # Black, a plain grey, white text on black, a narrow strip between bars, and a frame with a bar at the top only.
    parts = ["color=black:s=640x360:r=4", "color=gray:s=640x360:r=4", "color=black:s=640x360:r=4,drawgrid=w=20:h=40:c=white:t=2",
             LOOK.format("640x100", 4) + ",pad=640:360:0:130", LOOK.format("640x300", 4) + ",pad=640:360:0:60"]
    graph = ";".join("%s,trim=duration=6,format=yuv420p,setsar=1[p%d]" % (p, n) for n, p in enumerate(parts))
    ffmpeg("-filter_complex", graph + ";" + "".join("[p%d]" % n for n in range(5)) + "concat=n=5", *CODED, tmp_path / "a.mp4")
    told = transcode(tmp_path / "a.mp4", tmp_path / "out")
    assert told["posters"] == [] and told["count"] == 30 and list((tmp_path / "out").glob("poster*")) == []


def test_a_large_film_has_posters_of_1280_pixels(tmp_path):
    ffmpeg("-f", "lavfi", "-i", LOOK.format("1440x1080", 4), "-t", 3, "-vf", "setsar=4/3", *CODED, tmp_path / "a.mp4")
    told = transcode(tmp_path / "a.mp4", tmp_path / "out")
    assert {(p["width"], p["height"]) for p in told["posters"]} == {(1280, 720)}


CHAPTERS = [(0, 20, "Opening credits"), (20, 50, "Ein schöner Tag – 第二章"), (50, 80, ""), (80, 95, "END CREDITS"), (95, 100, "Post-credits scene")]


@pytest.mark.parametrize("name", ["a.mkv", "a.mp4"])
def test_chapters_become_markers(tmp_path, name):
    text = ";FFMETADATA1\n" + "".join("[CHAPTER]\nTIMEBASE=1/1000\nSTART=%d\nEND=%d\ntitle=%s\n" % (a * 1000, z * 1000, t) for a, z, t in CHAPTERS)
    (tmp_path / "chapters").write_text(text)
    told = transcode(coloured(tmp_path / name, 100, rate=2, more=["-f", "ffmetadata", "-i", tmp_path / "chapters", "-map", "0", "-map_metadata", "1"]), tmp_path / "out")
    assert [(m["start"], m["title"]) for m in told["markers"]] == [(a, t) for a, _, t in CHAPTERS]
    assert told["end_credits"] == 80


@pytest.mark.parametrize("dark, found", [(30, 90), (15, None), (0, None)])
def test_a_long_dark_end_is_taken_for_the_end_credits(tmp_path, dark, found):
    look = LOOK.format("320x180", 2) + ",drawbox=c=black:t=fill:enable='gte(t,%d)',drawbox=x=100:y=60:w=60:h=20:c=white:t=fill" % (120 - dark)
    ffmpeg("-f", "lavfi", "-i", look, "-t", 120, *CODED, tmp_path / "a.mp4")
    assert transcode(tmp_path / "a.mp4", tmp_path / "out")["end_credits"] == found


# Through upload, transcode worker and database.


def preview(studio, title):
    found = studio.rows("""SELECT upload_job_id, sheets, interval_ms, columns, rows, width, height, count, posters, markers, end_credits::float
        FROM wanzami.preview WHERE title_id = %s""", (title,))
    return found[0] if found else None


def test_previews_are_published_with_the_film(world, tmp_path):
    studio = Studio(world)
    world.start(roles="transcode", **FAST)
    text = ";FFMETADATA1\n" + "".join("[CHAPTER]\nTIMEBASE=1/1\nSTART=%d\nEND=%d\ntitle=%s\n" % c for c in [(0, 4, "One"), (4, 6, "Credits")])
    (tmp_path / "chapters").write_text(text)
    (tmp_path / "film.mp4").write_bytes(film(6, "640x360"))
    ffmpeg("-i", tmp_path / "film.mp4", "-f", "ffmetadata", "-i", tmp_path / "chapters", "-map", "0", "-map_metadata", "1", "-c", "copy", tmp_path / "told.mp4")
    title = studio.title()
    job = studio.upload((tmp_path / "told.mp4").read_bytes(), title, ["R360"])
    studio.wait(job)
    folder = studio.ready(title, "R360")[0].rsplit("/", 1)[0]
    made, sheets, *grid, posters, markers, credits = preview(studio, title)
    assert (made, sheets, grid) == (job, [folder + "/sheet-1.jpg"], [1000, 10, 10, 160, 90, 6])
    assert posters == [folder + "/poster-%d.jpg" % n for n in (1, 2, 3, 4)]
    assert (markers, credits) == ([{"start": 0, "title": "One"}, {"start": 4, "title": "Credits"}], 4)
    for key in sheets + posters:
        found = studio.s3.get_object(Bucket=world.bucket, Key=key)
        assert found["ContentType"] == "image/jpeg" and found["Body"].read(3) == b"\xff\xd8\xff"
    assert studio.rows('SELECT "previewSpriteUrl", "previewVttUrl", "posterUrl" FROM "Title"') == [(None, None, None)]
    studio.no_orphans()

    # Another upload replaces them, and those of the first stay for a day. An upload that is older than what is published does not.
    studio.wait(studio.upload(film(3, "640x360"), title, ["R360"]))
    assert preview(studio, title)[7] == 3 and set(preview(studio, title)[1]).isdisjoint(sheets)
    assert {r for r, in studio.rows("SELECT reason FROM wanzami.object_trash WHERE key = ANY (%s)", (sheets + posters,))} == {"replaced"}
    assert set(sheets + posters) <= set(world.store.keys(world.bucket))
    studio.rows("UPDATE wanzami.object_trash SET delete_after = now()")
    studio.no_orphans()
    assert set(sheets + posters).isdisjoint(world.store.keys(world.bucket))

    studio.rows('DELETE FROM "Title"')
    assert studio.rows("SELECT count(*) FROM wanzami.preview") == [(0,)]
    studio.rows("UPDATE wanzami.object_trash SET delete_after = now()")
    studio.no_orphans()
    assert world.store.keys(world.bucket) == []


def test_previews_of_a_worker_without_them_leave_none_of_the_film_before(world):
    """As of a worker of the release before, during a deployment."""
    studio = Studio(world)
    title = studio.title()
    for n, previews in enumerate([{"sheets": ["vod/1/a/sheet-1.jpg"], "interval_ms": 1000, "columns": 10, "rows": 10, "width": 160, "height": 90, "count": 1,
                                   "posters": [], "markers": [], "end_credits": None}, None]):
        job = studio.upload(None, title, ["R360"], wake=False)
        key = "vod/1/%d/R360.mp4" % n
        studio.rows("UPDATE wanzami.transcode_job SET state = 'running', lease_until = now() + interval '1 hour', fence = 1 WHERE upload_job_id = %s", (job,))
        for k in [key] + (previews["sheets"] if previews else []):
            studio.rows("INSERT INTO wanzami.object_trash (key, reason, upload_job_id, fence) VALUES (%s, 'unfinished', %s, 1)", (k, job))
        made = {"rendition": "R360", "object_key": key, "url": "s3://b/" + key, "size_bytes": 1, "duration_ms": 1000, "codecs": "", "bandwidth": 1,
                "average_bandwidth": 1, "timescale": 1, "init_size": 1, "segments": []}
        if previews:
            made["previews"] = previews
        assert studio.rows("SELECT wanzami.transcode_finish(%s, 1, %s)", (job, json.dumps([made]))) == [("done",)]
        assert preview(studio, title)[1] == (previews["sheets"] if previews else [])
    assert ("vod/1/a/sheet-1.jpg", "replaced") in studio.rows("SELECT key, reason FROM wanzami.object_trash")
