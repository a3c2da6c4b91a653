"""Playback of the renditions in browsers, beside the same films as plain MP4 of ffmpeg: a film of two hours, a slow link, sizes; playlists beside nginx."""
import os
import re
import shutil
import statistics
import subprocess
import sys
import urllib.parse

import requests

import pki
import services
from report import in_turn, line
from serving import ROUNDS, Nginx, wrk
from streamed import publish

sys.path.insert(0, os.path.join(services.ROOT, "tests", "playback"))

import longfilm  # noqa: E402
import players  # noqa: E402
from browsers import BROWSERS  # noqa: E402

TRIES = 7
SLOW = {"rate": 700_000 // 8, "latency": 0.25}  # bytes per second, seconds
CLIP_SECONDS, WATCHED = 60, 40
LAPS = 113  # two hours
LISTS = "v-R720.m3u8", "a-en.m3u8", "i-R360.m3u8"


def clip(folder, size, **options):
    """Writes a film of a minute with as much detail as a film has. Returns its path."""
    path = os.path.join(folder, "%s.mkv" % size)
    subprocess.run([*longfilm.FFMPEG, "-f", "lavfi", "-i", "testsrc2=size=%s:rate=25,noise=alls=6:allf=t" % size, "-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000",
                    "-t", str(CLIP_SECONDS), "-c:v", "libx264", "-preset", "ultrafast", "-qp", "18", "-pix_fmt", "yuv420p", "-c:a", "flac", path], check=True)
    return path


def overheads(folder):
    for size, rung, most in (("426x240", "R360", 2), ("640x360", "R360", 1), ("1920x1080", "R1080", 0.3)):
        out = os.path.join(folder, size)
        longfilm.transcode(clip(folder, size), out)
        ours, plain = os.path.join(out, rung + ".mp4"), os.path.join(folder, "plain.mp4")
        longfilm.remux(ours, plain)
        size_ours, size_plain = os.path.getsize(ours), os.path.getsize(plain)
        line("size above that of a plain MP4, " + size, 100 * (size_ours / size_plain - 1), "%", most, True,
             "%d and %d bytes, %d kbit/s" % (size_ours, size_plain, size_plain * 8 / CLIP_SECONDS / 1000))


def medians(report, what, number, films):
    return [statistics.median(one[number] for one in report[what][film]) for film in films]


def two_hours(folder):
    """The rendition of the lowest bit rate, in which the audio has the largest share, and the usual one of a fast network."""
    tool = "out/test/musl/tools/renditions"
    subprocess.run(["make", "--no-print-directory", "-s", "-f", "build/Makefile", tool], cwd=services.ROOT, check=True)
    for rung in longfilm.SIZES:
        place, films = os.path.join(folder, rung), (rung + ".mp4", longfilm.PLAIN)
        os.mkdir(place)
        longfilm.make(place, LAPS, os.path.join(services.ROOT, tool), rung)
        rate = os.path.getsize(os.path.join(place, longfilm.PLAIN)) * 8 / LAPS / longfilm.LAP / 1000
        for kind in BROWSERS:
            home = os.path.join(place, kind)
            os.mkdir(home)
            report = longfilm.show(place, kind, TRIES, home, films)
            for what, name, number, unit in (("first", "start: bytes", "bytes", "bytes"), ("seeks", "far seek: bytes", "bytes", "bytes"),
                                             ("seeks", "far seek: time", "ms", "ms"), ("seeks", "far seek: requests", "requests", "requests")):
                ours, plain = medians(report, what, number, films)
                line("%s, %s of %.0f kbit/s, %s, ratio to a plain MP4" % (kind, rung, rate, name), ours / plain, "", 1.1, True, "%d and %d %s" % (ours, plain, unit))
        shutil.rmtree(place)


def fetched(url, encoding):
    """Returns the bytes of a response as they were sent."""
    with requests.get(url, headers={"Accept-Encoding": encoding}, stream=True, timeout=60) as r:
        assert r.status_code == 200, r.text
        return r.raw.read(decode_content=False)


def through(api, url):
    """Returns how many bytes of a film a player of HLS fetches from the host of the API."""
    host, total = urllib.parse.urlsplit(api).netloc, 0
    for name in re.findall(r'^(v-[^?\n]+)|URI="([ai]-[^"]+)"', fetched(url, "identity").decode(), re.M):
        text = fetched(url.replace("master.m3u8", "".join(name)), "identity").decode()
        media, = re.findall('#EXT-X-DEFINE:NAME="m",VALUE="([^"]*)"', text)
        if urllib.parse.urlsplit(media).netloc == host:
            total += sum(map(int, re.findall(r"BYTERANGE:(\d+)@", text)))
    return total


def playlists(folder):
    """The playlists of two hours: their size, and requests per second beside nginx with the same bytes."""
    nginx, postgres, keyvalue, store = Nginx(pki.Authority(folder).issue("localhost")), services.Postgres(), services.KeyValue(), services.ObjectStore()
    database, db = postgres.create()
    assert services.run("migrate", DATABASE_URL=database).returncode == 0

    def rows(sql, values=None):
        with db.cursor() as c:
            c.execute(sql, values)
            return c.fetchall() if c.description else []
    (title,), = rows("""INSERT INTO "Title" (type, name, language, archived, "pendingReview", "updatedAt") VALUES ('MOVIE', 'Film', 'en', false, false, now()) RETURNING id""")
    publish(rows, "titleId", title, ("R1080", "R720", "R360"), 7200, 4)
    a = services.Appliance(folder, roles="api", DATABASE_URL=database, REDIS_URL=keyvalue.url, **store.env(store.bucket())).wait_healthy()
    try:
        url = a.get("/api/titles/%d/playback" % title).json()["hls"]
        for name in LISTS:
            plain, small = (fetched(url.replace("master.m3u8", name), encoding) for encoding in ("identity", "gzip"))
            line("%s of two hours" % name, len(plain) / 1000, "kB", 100, True)
            line("%s of two hours, gzip" % name, len(small) / 1000, "kB", 25, True)
        os.mkdir(nginx.folder + "/playlists")
        for file, encoding in (("list", "identity"), ("list.gz", "gzip")):
            with open(nginx.folder + "/playlists/" + file, "wb") as f:
                f.write(fetched(url.replace("master.m3u8", LISTS[0]), encoding))
        for encoding in "identity", "gzip":
            urls = url.replace("master.m3u8", LISTS[0]), nginx.url + "/playlists/list"
            ours, theirs = in_turn(ROUNDS, *(lambda u=u: wrk(u, "-H", "Accept-Encoding: " + encoding) for u in urls))
            line("%s, %s, ratio to nginx with the same file" % (LISTS[0], encoding), ours / theirs, "", 0.5, False, "%.0f/s and %.0f/s" % (ours, theirs))
        line("bytes of a film through the API with S3", through(a.url, url), "bytes", 0, True)
    finally:
        a.close()
        db.close()
        for server in (nginx, postgres, keyvalue, store):
            server.close()


def slow(folder):
    out = os.path.join(folder, "1280x720")
    longfilm.transcode(clip(folder, "1280x720"), out)
    print("  700 kbit/s and 250 ms for each response, Chromium:")
    for player, playlist in (("hls", "master.m3u8"), ("native", "R360.mp4")):
        home = os.path.join(folder, player)
        os.mkdir(home)
        seen, _ = players.show(out, "chromium", player, playlist, home, **SLOW, seconds=WATCHED)
        if player == "hls":
            line("hls.js: start", seen["first"] / 1000, "s", 3.5, True, "%d pixels wide" % seen["width"])
            line("hls.js: without playback of %d s" % WATCHED, seen["stalled"] / WATCHED / 10, "%", 2, True, *seen["errors"][:1])
        else:
            print("  progressive R360: start %.1f s, %.1f s without playback %s" % (seen["first"] / 1000, seen["stalled"] / 1000, " ".join(seen["errors"][:1])))


def measure(folder):
    print("\nplayback: renditions beside plain MP4, 20 Mbit/s, median of %d tries" % TRIES)
    playlists(folder)
    overheads(folder)
    slow(folder)
    two_hours(folder)
