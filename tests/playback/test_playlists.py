"""HLS and DASH playlists (docs/playback.md): of a film that was uploaded and transcoded, and of rows without objects for access, tokens and length."""
import concurrent.futures
import hashlib
import hmac
import json
import math
import os
import re
import struct
import subprocess
import threading
import time
import xml.etree.ElementTree

import pytest
import requests

from accounts import Account
from conftest import SECRETS, wait_for
from credentials import Credentials
from editor import Api
from films import film
from services import npm_install
from streamed import publish, publish_sound

HERE = os.path.dirname(os.path.abspath(__file__))
HLS, DASH = "application/vnd.apple.mpegurl", "application/dash+xml"
MPD = "{urn:mpeg:dash:schema:mpd:2011}"
SECONDS = 5


def parsed(*texts):
    """Returns the content of HLS playlists, read by a strict parser, with the values of variables."""
    values = [re.search('#EXT-X-DEFINE:NAME="m",VALUE="([^"]*)"', text) for text in texts]
    texts = [text.replace("{$m}", value[1]) if value else text for text, value in zip(texts, values)]
    folder = os.path.join(HERE, "hls")
    npm_install(folder)
    r = subprocess.run(["node", "parse.mjs"], cwd=folder, input=json.dumps(texts), capture_output=True, text=True, timeout=120)
    assert r.returncode == 0, r.stderr
    return json.loads(r.stdout)


def listed(language, name, kind="main", default=True, channels=2):
    """An audio track as the response of playback lists it."""
    return {"language": language, "name": name, "kind": kind, "default": default, "channels": channels}


def fetched(url, type=None, **options):
    """Returns the response of 200, of this Content-Type."""
    r = requests.get(url, timeout=60, **options)
    assert r.status_code == 200 and (type is None or r.headers["Content-Type"] == type), (r.status_code, r.headers, r.text[:300])
    return r


def piece(url, offset, size):
    r = requests.get(url, headers={"Range": "bytes=%d-%d" % (offset, offset + size - 1)}, timeout=60)
    assert r.status_code == 206 and len(r.content) == size, r.status_code
    return r.content


def frames(data, folder):
    """Decodes CMAF of one track; returns its kind, number of frames and duration."""
    path = folder / "track.mp4"
    path.write_bytes(data)
    r = subprocess.run(["ffprobe", "-v", "error", "-count_frames", "-show_streams", "-show_format", "-of", "json", path], capture_output=True, text=True, timeout=60)
    assert r.returncode == 0 and r.stderr == "", r.stderr
    found = json.loads(r.stdout)
    stream, = found["streams"]
    return stream["codec_type"], int(stream["nb_read_frames"]), float(found["format"]["duration"])


def first_frame(fragment):
    """Returns the number of bytes up to the end of the first sample of a fragment."""
    moof, = struct.unpack_from(">I", fragment)
    at = fragment.index(b"trun") + 4
    flags, = struct.unpack_from(">I", fragment, at)
    at += 8 + 4 * bool(flags & 1) + 4 * bool(flags & 4) + 4 * bool(flags & 0x100)
    return moof + 8 + struct.unpack_from(">I", fragment, at)[0]


@pytest.fixture(params=["s3", "directory"])
def uploaded(request, world, tmp_path):
    """The URLs of a film of five seconds that was uploaded and transcoded."""
    api = Api(world, str(tmp_path / "media") if request.param == "directory" else None, roles="api,transcode")
    body = film(SECONDS, "1280x720")
    made = api.init(bytesTotal=len(body), renditions=["R720", "R360"])
    api.complete(made, api.put(made, body))
    wait_for(lambda: api.job(made)[0] != "PROCESSING", "the end of the transcode job", 120)
    assert api.job(made)[:2] == ("COMPLETED", None)
    world.rows("""UPDATE "Title" SET archived = false, "pendingReview" = false, language = ' english ' """)
    (title,), = world.rows('SELECT id FROM "Title"')
    found = api.a.get("/api/titles/%d/playback" % title).json()
    assert [v["rendition"] for v in found["progressive"]] == ["R720", "R360"] and found["audio"] == [listed("en", "English")]
    return found


def test_a_transcoded_film_streams_by_hls_and_dash(uploaded, tmp_path):
    folder = uploaded["hls"].rsplit("/", 1)[0] + "/"
    names = ["v-R720.m3u8", "v-R360.m3u8", "a-en.m3u8", "a-en-64.m3u8", "i-R720.m3u8", "i-R360.m3u8"]
    texts = [fetched(uploaded["hls"], HLS).text] + [fetched(folder + name, HLS).text for name in names]
    master, *lists = parsed(*texts)
    lists = dict(zip(names, lists))
    sounds = {"v-R720.m3u8": "a-en.m3u8", "v-R360.m3u8": "a-en-64.m3u8"}  # the smallest has the sound with the lower bit rate
    assert sorted((v["uri"], v["iframes"], v["audio"]) for v in master["variants"]) == sorted(
        (name, name[0] == "i", [{"uri": sounds[name], "name": "English", "language": "en", "channels": "2"}] if name[0] == "v" else []) for name in names if name[0] != "a")
    assert master["version"] == 7 and [p["version"] for p in lists.values()] == [8] * 6 and texts[0].count("#EXT-X-INDEPENDENT-SEGMENTS") == 1
    measured, ranges = {}, {}
    for name, p in lists.items():
        assert p["vod"] == "VOD" and p["ended"] and p["iframes"] == (name[0] == "i") and abs(sum(s["duration"] for s in p["segments"]) - SECONDS) < 0.03
        assert all(round(s["duration"]) <= p["target"] for s in p["segments"])
        url, = {s["uri"] for s in p["segments"]} | {s["map"][0] for s in p["segments"]}
        begin, *data = [piece(url, *s) for s in [p["segments"][0]["map"][1:]] + [s["range"] for s in p["segments"]]]
        ranges[name] = [p["segments"][0]["map"][1:]] + [s["range"] for s in p["segments"]]
        rates = [len(d) * 8 / s["duration"] for d, s in zip(data, p["segments"])]
        measured[name] = max(rates), sum(map(len, data)) * 8 / SECONDS
        if name[0] == "i":
            whole = [piece(url, *r) for r in ranges["v" + name[1:]][1:]]
            assert [len(d) for d in data] == [first_frame(w) for w in whole] and [w.startswith(d) for w, d in zip(whole, data)] == [True] * len(data)
        else:
            kind, count, duration = frames(begin + b"".join(data), tmp_path)
            assert (kind, count) == ("video", SECONDS * 24) if name[0] == "v" else kind == "audio"
            assert abs(duration - SECONDS) < 0.03
    for v in master["variants"]:
        peak, average = measured[v["uri"]]
        if v["iframes"]:
            assert v["codecs"].startswith("avc1.") and abs(v["bandwidth"] / peak - 1) < 0.01
        else:
            with_sound = [a + b for a, b in zip((peak, average), measured[sounds[v["uri"]]])]
            assert [abs(told / m - 1) < 0.01 for told, m in zip((v["bandwidth"], v["average"]), with_sound)] == [True] * 2
            assert re.fullmatch(r"avc1\.[0-9a-f]{6},mp4a\.40\.2", v["codecs"]) and (v["rate"], v["range"]) == (24, "SDR")
    # The one nearest to 730 kbit/s, with which players start, then the larger ones before the smaller ones.
    start = min(names[:2], key=lambda name: abs(math.log(measured[name][1] / 730e3)))
    assert [v["uri"] for v in master["variants"]] == [start] + [name for name in names[:2] if name != start] + names[4:]
    dash(uploaded["dash"], ranges)
    # FFmpeg as a player: it has no EXT-X-DEFINE.
    r = subprocess.run(["ffprobe", "-v", "error", "-count_frames", "-show_entries", "stream=nb_read_frames,codec_type", "-of", "csv=p=0", uploaded["hls"] + "?define=0"],
                       capture_output=True, text=True, timeout=120)
    assert r.stderr == "" and set(re.findall(r"video,(\d+)", r.stdout)) == {str(SECONDS * 24)} and "audio" in r.stdout, r.stderr


def dash(url, ranges):
    """Checks the DASH manifest against the byte ranges of the HLS playlists."""
    mpd = xml.etree.ElementTree.fromstring(fetched(url, DASH).content)
    assert SECONDS <= float(mpd.get("mediaPresentationDuration")[2:-1]) < SECONDS + 0.03
    found = {r.get("id") + ".m3u8": r for r in mpd.iter(MPD + "Representation")}
    assert set(found) == {name for name in ranges if name[0] != "i"}
    indexed = []
    for name, r in found.items():
        base = r.find(MPD + "BaseURL").text
        first, last = map(int, r.find(".//" + MPD + "Initialization").get("range").split("-"))
        assert [first, last - first + 1] == ranges[name][0]
        if r.find(MPD + "SegmentBase") is not None:
            first, last = map(int, r.find(MPD + "SegmentBase").get("indexRange").split("-"))
            index = piece(base, first, last - first + 1)
            assert index[4:8] == b"sidx" and last + 1 + struct.unpack_from(">Q", index, 28)[0] == ranges[name][1][0]
            indexed.append(name)
        else:
            listed = [tuple(map(int, s.get("mediaRange").split("-"))) for s in r.iter(MPD + "SegmentURL")]
            assert [[a, b - a + 1] for a, b in listed] == ranges[name][1:]
    between = ranges["v-R720.m3u8"][-1][0] - ranges["v-R720.m3u8"][1][0] - sum(size for _, size in ranges["v-R720.m3u8"][1:-1])
    assert sorted(indexed) == ["a-en-64.m3u8", "a-en.m3u8", "v-R720.m3u8"], "the sound is less than a tenth of R720 only: %d bytes" % between


# Rows without objects

class Stand:
    """The API with a free title, a title for sale and an episode, each with renditions that can be streamed."""

    def __init__(self, world, **env):
        self.world, self.rows = world, world.rows
        self.a = world.start(roles="api", **env)
        self.free, self.sold = self.title("Free"), self.title("Premiere", True)
        self.series = self.title("Series")
        (self.episode,), = self.rows("""INSERT INTO "Episode" ("titleId", "seasonNumber", "episodeNumber", name, "updatedAt")
            VALUES (%s, 1, 1, 'E', now()) RETURNING id""", (self.series,))
        for column, id in (("titleId", self.free), ("titleId", self.sold), ("episodeId", self.episode)):
            publish(self.rows, column, id)

    def title(self, name, sold=False):
        return self.rows("""INSERT INTO "Title" (type, name, "isPpv", "ppvPriceNaira", "ppvCurrency", archived, "pendingReview", "updatedAt")
            VALUES ('MOVIE', %s, %s, 3000, 'NGN', false, false, now()) RETURNING id""", (name, sold))[0][0]

    def playback(self, title, status=200, **options):
        r = self.a.get("/api/titles/%s/playback" % title, **options)
        assert r.status_code == status, r.text
        return r.json()

    def get(self, url, name=None, **headers):
        """Fetches a playlist; `name` takes the place of the name in the URL."""
        path = url.removeprefix(self.a.url)
        return self.a.get(path.rsplit("/", 1)[0] + "/" + name if name else path, headers=headers)

    def buy(self, account, status="SUCCESS"):
        self.rows("""INSERT INTO "PpvPurchase" ("userId", "titleId", gateway, status, "amountNaira", currency, "paystackRef", "accessExpiresAt", "updatedAt")
            VALUES (%s, %s, 'PAYSTACK', %s, 3000, 'NGN', %s, now() + interval '1 day', now())""", (account.id, self.sold, status, "r" + account.id))


@pytest.fixture
def stand(world):
    return Stand(world)


def signed(purpose, text, end):
    """Returns a signed token as src/http/signed_token.c makes it."""
    end = "%x" % end
    mac = hmac.new(SECRETS["JWT_ACCESS_SECRET"].encode(), b"".join(t.encode() + b"\0" for t in ("seal", purpose, text, end)), hashlib.sha256)
    return "%s.%s.%s" % (text, end, mac.hexdigest()[:32])


def test_the_response_of_a_free_film(stand):
    found = stand.playback(stand.free)
    now = time.time()
    assert re.fullmatch(re.escape(stand.a.url) + r"/api/media/t%dg\.[0-9a-f]+\.[0-9a-f]{32}/master\.m3u8" % stand.free, found["hls"])
    assert found["dash"] == found["hls"].replace("master.m3u8", "manifest.mpd") and found["audio"] == [listed("en", "English")]
    assert found["progressive"] == stand.a.get("/api/titles/%d" % stand.free).json()["title"]["assetVersions"] or len(found["progressive"]) == 2
    assert abs(time.mktime(time.strptime(found["expiresAt"][:19], "%Y-%m-%dT%H:%M:%S")) - time.timezone - now - 43200) < 60
    episode = stand.a.get("/api/episodes/%d/playback" % stand.episode).json()
    assert "/api/media/e%dg." % stand.episode in episode["hls"] and stand.get(episode["hls"]).status_code == 200
    assert stand.get(episode["hls"], "v-R720.m3u8").text.count("/vod/e%d/v/R720.mp4" % stand.episode) == 1
    viewer = Account(stand.world)
    r = stand.a.get("/api/titles/%d/playback" % stand.free, token=viewer.token)
    assert r.headers["Cache-Control"] == "no-store" and "/api/media/t%du%s." % (stand.free, viewer.id) in r.json()["hls"]
    nothing = stand.title("Nothing")
    assert {k: v for k, v in stand.playback(nothing).items() if k not in ("expiresAt", "session")} == {"hls": None, "dash": None, "progressive": [], "audio": [], "text": [], "previews": None,
        "markers": {"chapters": [], "endCreditsStart": None}}


def test_responses_are_compressed_and_known_by_their_etag(stand):
    url = stand.playback(stand.free)["hls"]
    for name, type in (("master.m3u8", HLS), ("v-R720.m3u8", HLS), ("manifest.mpd", DASH)):
        r = stand.get(url, name, Origin="https://app.example")
        assert (r.status_code, r.headers["Content-Type"], r.headers["Cache-Control"]) == (200, type, "private, max-age=60")
        assert r.headers["Access-Control-Allow-Origin"] == "https://app.example" and r.headers["X-Content-Type-Options"] == "nosniff"
        assert ("Content-Encoding" in r.headers) == (len(r.content) >= 1024)
        assert len(stand.get(url, name, **{"Accept-Encoding": "identity"}).content) == len(r.content)
        again = stand.get(url, name, **{"If-None-Match": r.headers["ETag"]})
        assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", r.headers["ETag"]) or again.headers["ETag"] != r.headers["ETag"]
        path = url.removeprefix(stand.a.url).rsplit("/", 1)[0] + "/" + name
        head = stand.a.request("HEAD", path, headers={"Accept-Encoding": "identity"})
        assert (head.status_code, head.content, int(head.headers["Content-Length"])) == (200, b"", len(r.content))


def test_playlists_of_two_hours_are_small(stand):
    """In segments of four seconds, after two of two."""
    publish(stand.rows, "titleId", stand.free, ("R1080", "R720", "R360"), 7200, 4, rate=24000 / 1001)
    stand.rows("""UPDATE "Title" SET language = 'YORUBA'""")
    url = stand.playback(stand.free)["hls"]
    names = ["v-R1080.m3u8", "v-R720.m3u8", "a-yo.m3u8", "i-R360.m3u8"]
    for name in names:
        with requests.get(url.replace("master.m3u8", name), headers={"Accept-Encoding": "gzip"}, stream=True, timeout=60) as r:
            packed = r.raw.read(decode_content=False)
        text = stand.get(url, name).text
        assert r.headers["Content-Encoding"] == "gzip" and len(packed) <= 25_000 and len(text) <= 100_000, (name, len(packed), len(text))
        assert text.count("X-Amz-Signature") == 1
    whole = [stand.get(url, name + "?define=0").text for name in names]
    short = parsed(*[stand.get(url, name).text for name in names])
    assert parsed(*whole) == [{**p, "version": 7} for p in short], "with and without EXT-X-DEFINE"
    assert [len(p["segments"]) for p in short] == [1801] * 4 and abs(sum(s["duration"] for s in short[0]["segments"]) - 7200) < 1e-6
    assert "FRAME-RATE=23.976" in stand.get(url).text and 'frameRate="24000/1001"' in stand.get(url, "manifest.mpd").text
    assert len(stand.get(url, "manifest.mpd").content) < 500_000


def test_audio_objects_are_played_in_place_of_the_sound_of_a_rendition(stand):
    url = stand.playback(stand.free)["hls"]
    before = {name: stand.get(url, name) for name in ("master.m3u8", "a-en.m3u8", "manifest.mpd")}
    assert "/v/R360.mp4" in before["a-en.m3u8"].text and stand.get(url, "a-en-64.m3u8").status_code == 404
    publish_sound(stand.rows, "titleId", stand.free)
    found = {name: stand.get(url, name, **{"If-None-Match": r.headers["ETag"]}).text for name, r in before.items()}
    assert [line for line in found["master.m3u8"].split("\n") if "TYPE=AUDIO" in line] == [
        '#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="audio%s",NAME="English",LANGUAGE="en",DEFAULT=YES,AUTOSELECT=YES,CHANNELS="2",URI="a-en%s.m3u8"' % (x, x) for x in ("", "-64")]
    assert re.findall('AUDIO="([^"]*)"\n(.*)', found["master.m3u8"]) == [("audio-64", "v-R360.m3u8"), ("audio", "v-R720.m3u8")]
    rates = {v["uri"]: (v["bandwidth"], v["average"]) for v in parsed(found["master.m3u8"])[0]["variants"] if not v["iframes"]}
    assert rates == {"v-R720.m3u8": (2600 * 2000 + 128 * 1100, (2600 + 128) * 1000), "v-R360.m3u8": (700 * 2000 + 64 * 1100, (700 + 64) * 1000)}
    assert found["a-en.m3u8"].count("/audio-1-128.m4a") == 1 and stand.get(url, "a-en-64.m3u8").text.count("/audio-1-64.m4a") == 1
    sounds = xml.etree.ElementTree.fromstring(found["manifest.mpd"]).findall(".//%sAdaptationSet[@contentType='audio']" % MPD)
    assert [(s.get("lang"), [r.get("id") for r in s.iter(MPD + "Representation")]) for s in sounds] == [("en", ["a-en", "a-en-64"])]
    # A film with one rendition has the better sound only in its variant.
    publish(stand.rows, "episodeId", stand.episode, ("R360",), version="w")
    stand.rows("""DELETE FROM "AssetVersion" WHERE "episodeId" = %s AND rendition <> 'R360'""", (stand.episode,))
    publish_sound(stand.rows, "episodeId", stand.episode)
    episode = stand.a.get("/api/episodes/%d/playback" % stand.episode).json()
    assert re.findall('AUDIO="([^"]*)"\n(.*)', stand.get(episode["hls"]).text) == [("audio", "v-R360.m3u8")]
    # The language of the title comes first, then that of the source.
    for typed, spoken, tag, name in (("fr", "en", "fr", "French"), (None, "en", "en", "English"), (None, "und", "und", "Original"), ("?", "yo", "yo", "Yoruba")):
        stand.rows('UPDATE "Title" SET language = %s', (typed,))
        publish_sound(stand.rows, "titleId", stand.free, language=spoken)
        assert stand.playback(stand.free)["audio"] == [listed(tag, name)]
        assert [stand.get(url, "a-%s%s.m3u8" % (tag, x)).status_code for x in ("", "-64", "-128")] == [200, 200, 404]
    # The renditions have no sound of their own: the objects are played.
    publish(stand.rows, "titleId", stand.free, sound=False)
    assert len(stand.playback(stand.free)["audio"]) == 1 and stand.get(url).text.count("TYPE=AUDIO") == 2


def test_audio_tracks_are_in_the_playlists(stand):
    """Each language is in both groups; the sound with which a variant is played may be any of its group."""
    url = stand.playback(stand.free)["hls"]
    for track, more in enumerate(({"language": "und"}, {"language": "fr"}, {"language": "fr", "purpose": "description", "described": True}, {"language": "nl", "label": "Nederlands"},
                                  {"language": "en", "purpose": "commentary", "label": "With \"the\" <director>"}, {"language": "en", "purpose": "clear"}), 1):
        publish_sound(stand.rows, "titleId", stand.free, track=track, **more)
    stand.rows("UPDATE wanzami.stream SET bandwidth = 200000, average_bandwidth = 150000, offsets = offsets WHERE track = 3 AND bitrate = 128000")
    names = {"ha": "Hausa", "fr": "French", "fr-description": "French (audio description)", "nl": "nl", "en-commentary": 'With "the" <director>', "en-clear": "English (clear speech)"}
    kinds = ["main", "main", "description", "main", "commentary", "clear"]
    stand.rows("""UPDATE "Title" SET language = 'Hausa'""")
    assert stand.playback(stand.free)["audio"] == [listed(id.split("-")[0], name, kind, id == "ha") for (id, name), kind in zip(names.items(), kinds)]
    master = stand.get(url).text
    told = {m[4]: m.groups()[:3] for m in re.finditer('GROUP-ID="([^"]*)",NAME="([^"]*)".*AUTOSELECT=([A-Z]*).*URI="([^"]*)"', master)}
    assert told == {"a-%s%s.m3u8" % (id, rate): ("audio" + rate, name.replace('"', ""), "NO" if id == "en-commentary" else "YES") for id, name in names.items() for rate in ("", "-64")}
    assert re.findall('NAME="([^"]*)".*DEFAULT=YES', master) == ["Hausa", "Hausa"] and master.count("describes-video") == 2
    variants = {v["uri"]: v for v in parsed(master)[0]["variants"] if not v["iframes"]}
    assert {uri: (v["bandwidth"], v["average"], len(v["audio"])) for uri, v in variants.items()} == {
        "v-R720.m3u8": (2600 * 2000 + 200_000, 2600_000 + 150_000, 6), "v-R360.m3u8": (700 * 2000 + 64 * 1100, (700 + 64) * 1000, 6)}
    for name in told:
        text, track = stand.get(url, name).text, 1 + list(names).index(re.fullmatch(r"a-(.*?)(-64)?\.m3u8", name)[1])
        assert text.count("/audio-%d-%d.m4a" % (track, 64 if "-64" in name else 128)) == 1
    sounds = xml.etree.ElementTree.fromstring(stand.get(url, "manifest.mpd").content).findall(".//%sAdaptationSet[@contentType='audio']" % MPD)
    assert [(s.get("lang"), s.find(MPD + "Label").text, s.find(MPD + "Role").get("value"), [r.get("id") for r in s.iter(MPD + "Representation")]) for s in sounds] == [
        (id.split("-")[0], name, role, ["a-" + id, "a-%s-64" % id]) for (id, name), role in zip(names.items(), ("main", "dub", "description", "dub", "commentary", "enhanced-audio-intelligibility"))]
    assert [a.get("value") for s in sounds for a in s.iter(MPD + "Accessibility")] == ["1", "2"]
    # The title's language is that of the first track unless another track has it, or the source states one.
    stand.rows("""UPDATE "Title" SET language = 'French'""")
    assert [a["name"] for a in stand.playback(stand.free)["audio"]] == ["Original", "French", "French (audio description)", "nl", 'With "the" <director>', "English (clear speech)"]
    assert stand.get(url, "a-und.m3u8").status_code == 200 and stand.get(url, "a-ha.m3u8").status_code == 404
    stand.rows("UPDATE wanzami.stream SET language = 'yo', offsets = offsets WHERE track = 1")
    stand.rows("""UPDATE "Title" SET language = 'Hausa'""")
    assert stand.playback(stand.free)["audio"][0] == listed("yo", "Yoruba")


def test_surround_is_listed_with_the_larger_renditions(stand):
    """Beside stereo, in a group of its own, which has the stereo of a track without 5.1."""
    url = stand.playback(stand.free)["hls"]
    publish_sound(stand.rows, "titleId", stand.free, surround=True)
    publish_sound(stand.rows, "titleId", stand.free, track=2, language="fr")
    assert stand.playback(stand.free)["audio"] == [listed("en", "English", channels=6), listed("fr", "French", default=False)]
    master, manifest = stand.get(url).text, stand.get(url, "manifest.mpd")
    assert [re.search('GROUP-ID="([^"]*)",NAME="([^"]*)".*DEFAULT=([A-Z]*).*CHANNELS="(.)",URI="([^"]*)"', line).groups() for line in master.split("\n") if "TYPE=AUDIO" in line] == [
        ("audio", "English", "YES", "2", "a-en.m3u8"), ("audio-64", "English", "YES", "2", "a-en-64.m3u8"), ("audio", "French", "NO", "2", "a-fr.m3u8"),
        ("audio-64", "French", "NO", "2", "a-fr-64.m3u8"), ("audio-surround", "English", "YES", "6", "a-en-surround.m3u8"), ("audio-surround", "French", "NO", "2", "a-fr.m3u8")]
    assert re.findall('AUDIO="([^"]*)"\n(.*)', master) == [("audio-64", "v-R360.m3u8"), ("audio", "v-R720.m3u8"), ("audio-surround", "v-R720.m3u8")]
    rates = [(v["bandwidth"], v["average"], [a["channels"] for a in v["audio"]]) for v in parsed(master)[0]["variants"] if not v["iframes"]]
    assert rates == [(700 * 2000 + 64 * 1100, (700 + 64) * 1000, ["2", "2"])] + [
        (2600 * 2000 + kbits * 1100, (2600 + kbits) * 1000, channels) for kbits, channels in ((128, ["2", "2"]), (384, ["6", "2"]))]
    assert stand.get(url, "a-en-surround.m3u8").text.count("/audio-1-384.m4a") == 1
    # A process of the release before takes the highest bit rate for everybody's.
    assert stand.rows("SELECT DISTINCT (made).channels FROM wanzami.audio_shown(%s, NULL, NULL)", (stand.free,)) == [(2,)]
    assert [stand.get(url, "a-%s.m3u8" % name).status_code for name in ("en-384", "fr-surround")] == [404, 404]
    sounds = xml.etree.ElementTree.fromstring(manifest.content).findall(".//%sAdaptationSet[@contentType='audio']" % MPD)
    assert [(s.get("lang"), s.get("selectionPriority"), [r.get("id") for r in s.iter(MPD + "Representation")],
             {c.get("value") for c in s.iter(MPD + "AudioChannelConfiguration")}) for s in sounds] == [
        ("en", "2", ["a-en", "a-en-64"], {"2"}), ("en", None, ["a-en-surround"], {"6"}), ("fr", "2", ["a-fr", "a-fr-64"], {"2"})]
    assert len({s.get("id") for s in sounds}) == 3
    # A film with one rendition has both, and the default sound of a film need not be the one with 5.1.
    stand.rows("""DELETE FROM "AssetVersion" WHERE "titleId" = %s AND rendition <> 'R360'""", (stand.free,))
    publish_sound(stand.rows, "titleId", stand.free)
    publish_sound(stand.rows, "titleId", stand.free, track=2, language="fr", surround=True, version="w")
    master = stand.get(url).text
    assert re.findall('AUDIO="([^"]*)"\n(.*)', master) == [("audio", "v-R360.m3u8"), ("audio-surround", "v-R360.m3u8")]
    assert re.findall('"audio-surround".*CHANNELS="(.)",URI="([^"]*)"', master) == [("2", "a-en.m3u8"), ("6", "a-fr-surround.m3u8")]


def test_films_with_one_track_keep_their_playlists(stand):
    """Rows of an earlier release have neither purpose nor label, and the language of the title counts."""
    url = stand.playback(stand.free)["hls"]
    for more in ({"language": "en"}, {"language": "nl"}, {"language": "fr", "described": True}):
        publish_sound(stand.rows, "titleId", stand.free, version=more["language"], **more)
        master, manifest = stand.get(url).text, stand.get(url, "manifest.mpd").text
        assert re.findall('URI="(a-.*)"', master) == ["a-en.m3u8", "a-en-64.m3u8"] and master.count('NAME="English",LANGUAGE="en",DEFAULT=YES,AUTOSELECT=YES,CH') == 2
        assert master.count("describes-video") == 2 * ("described" in more) and not re.search("<(Label|Role|Accessibility)", manifest)
        assert stand.playback(stand.free)["audio"] == [listed("en", "English", "description" if "described" in more else "main")]
    stand.rows('UPDATE "Title" SET language = NULL')
    for language, id, name in ("yo", "yo", "Yoruba"), ("nl", "und", "Original"):
        publish_sound(stand.rows, "titleId", stand.free, version=id, language=language)
        assert re.findall('NAME="(.*?)".*URI="(.*?)"', stand.get(url).text) == [(name, "a-%s.m3u8" % id), (name, "a-%s-64.m3u8" % id)]


def test_players_start_with_the_rendition_nearest_to_730_kbit_s(stand):
    url = stand.playback(stand.free)["hls"]
    for rungs, order in ((("R1080", "R720", "R360"), ["R360", "R1080", "R720"]), (("R1080", "R720"), ["R720", "R1080"]), (("R1080",), ["R1080"]), (("R360",), ["R360"])):
        stand.rows('DELETE FROM "AssetVersion" WHERE "titleId" = %s', (stand.free,))
        publish(stand.rows, "titleId", stand.free, rungs)
        assert re.findall(r"\nv-(.*)\.m3u8", stand.get(url).text) == order
        assert re.findall('id="v-([^"]*)"', stand.get(url, "manifest.mpd").text) == list(rungs)
    stand.rows("UPDATE wanzami.stream SET average_bandwidth = 0, offsets = offsets WHERE kind = 'video'")
    assert stand.get(url).status_code == 200


def test_subtitles_are_in_the_playlists(stand):
    """Names in a group differ; a new file changes the playlist at once."""
    admin = Account(stand.world, "SUPER_ADMIN")
    url = stand.playback(stand.free)["hls"]
    plain = stand.get(url).text
    assert plain.count("CLOSED-CAPTIONS=NONE") == 2 and "SUBTITLES" not in plain and stand.get(url, "t-1.m3u8").status_code == 404
    for query, text in (("language=en&label=A%20%22name%22", "One"), ("language=en&kind=captions", "Two"), ("language=en&kind=captions&label=English", "Three")):
        r = stand.a.request("POST", "/api/admin/titles/%d/text?%s" % (stand.free, query), token=admin.token, data=b"00:01 --> 00:02\n" + text.encode())
        assert r.status_code == 201
    deaf = ',CHARACTERISTICS="public.accessibility.transcribes-spoken-dialog,public.accessibility.describes-music-and-sound"'
    ids = [str(i) for i, in stand.rows("SELECT id FROM wanzami.text_track ORDER BY id")]
    master = stand.get(url).text
    assert [line for line in master.split("\n") if "TYPE=SUBTITLES" in line] == [
        '#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="text",NAME="%s",LANGUAGE="en",DEFAULT=NO,AUTOSELECT=YES%s,URI="t-%s.m3u8"' % (name, more, i)
        for name, more, i in zip(("A name", "English", "English (2)"), ("", deaf, deaf), ids)]
    assert master.count(',SUBTITLES="text"\n') == 2 and parsed(master)
    assert 'URI="t-%s.m3u8?define=0"' % ids[0] in stand.get(url, "master.m3u8?define=0").text
    for i, text in zip(ids, ("One", "Two", "Three")):
        r = stand.get(url, "t-%s.m3u8" % i)
        assert r.status_code == 200 and parsed(r.text)
        assert fetched(r.text.split("\n")[-3], "text/vtt").text == "WEBVTT\n\n00:00:01.000 --> 00:00:02.000\n%s\n" % text
    sets = [s for s in xml.etree.ElementTree.fromstring(stand.get(url, "manifest.mpd").content).iter(MPD + "AdaptationSet") if s.get("contentType") == "text"]
    assert [(s.get("mimeType"), s.get("lang"), s.find(MPD + "Label").text, [r.get("value") for r in s.iter(MPD + "Role")], s.find(MPD + "Representation").get("id"))
            for s in sets] == [("text/vtt", "en", 'A "name"', ["subtitle"], "t-" + ids[0]), ("text/vtt", "en", "English", ["caption"], "t-" + ids[1]),
                               ("text/vtt", "en", "English", ["caption"], "t-" + ids[2])]
    assert [fetched(s.find(".//" + MPD + "BaseURL").text, "text/vtt").text.split("\n")[3] for s in sets] == ["One", "Two", "Three"]
    stand.rows("UPDATE wanzami.text_track SET is_default = true, is_forced = true, label = 'a<&' WHERE id = %s", (ids[1],))
    text = stand.get(url, "manifest.mpd").text
    assert '<Label>a&lt;&amp;</Label><Role schemeIdUri="urn:mpeg:dash:role:2011" value="main"/><Role schemeIdUri="urn:mpeg:dash:role:2011" value="forced-subtitle"/>' in text
    for i in ids:
        assert stand.a.delete("/api/admin/text/" + i, token=admin.token).status_code == 204
    assert stand.get(url).text == plain and stand.get(url, "t-%s.m3u8" % ids[0]).status_code == 404
    assert "text/vtt" not in stand.get(url, "manifest.mpd").text


def storyboard(stand, column, film, count=250, version="v", **more):
    """Inserts previews as wanzami.preview_publish() does, without objects. Returns the keys of the sheets."""
    sheets = ["vod/%s%d/%s/sheet-%d.jpg" % (column[0], film, version, n + 1) for n in range((count + 99) // 100)]
    row = {column: film, "upload_job_id": 1, "job_number": 1, "sheets": sheets, "interval_ms": 10000, "columns": 10, "rows": 10, "width": 160, "height": 90, "count": count,
           "posters": [], "markers": [{"start": 0, "title": "One"}, {"start": 612.5, "title": "\"Two\""}], "end_credits": 2400.5, "created_at": "now", **more}
    stand.rows("DELETE FROM wanzami.preview WHERE %s = %%s" % column, (film,))
    stand.rows("INSERT INTO wanzami.preview SELECT * FROM jsonb_populate_record(NULL::wanzami.preview, %s)", (json.dumps(row),))
    return sheets


def cues(text):
    """Returns start, end, URL and rectangle of each cue of a storyboard."""
    head, *blocks = text.rstrip("\n").split("\n\n")
    assert head == "WEBVTT"
    return [re.fullmatch(r"(\S+) --> (\S+)\n(http\S+)#xywh=(\d+,\d+,\d+,\d+)", b).groups() for b in blocks]


def test_the_storyboard_and_markers_of_a_film(stand):
    none = stand.playback(stand.free)
    assert (none["previews"], none["markers"]) == (None, {"chapters": [], "endCreditsStart": None})
    for column, film, route in (("title_id", stand.free, "titles"), ("episode_id", stand.episode, "episodes")):
        sheets = storyboard(stand, column, film)
        publish(stand.rows, column.split("_")[0] + "Id", film, seconds=2495)
        found = stand.a.get("/api/%s/%d/playback" % (route, film)).json()
        assert found["previews"] == found["hls"].replace("master.m3u8", "previews.vtt")
        assert found["markers"] == {"chapters": [{"start": 0, "title": "One"}, {"start": 612.5, "title": "\"Two\""}], "endCreditsStart": 2400.5}
        r = stand.get(found["previews"], Origin="https://app.example")
        assert (r.status_code, r.headers["Content-Type"], r.headers["Cache-Control"]) == (200, "text/vtt", "private, max-age=60")
        assert r.headers["Content-Encoding"] == "gzip" and r.headers["Access-Control-Allow-Origin"] == "https://app.example"
        shown = cues(r.text)
        assert len(shown) == 250 and shown[0][:2] == ("00:00:00.000", "00:00:10.000") and shown[-1][:2] == ("00:41:30.000", "00:41:35.000")
        assert [(re.search("/(vod/[^?]+)[?].*X-Amz-Signature=", u)[1], place) for _, _, u, place in (shown[0], shown[11], shown[99], shown[100], shown[249])] == [
            (sheets[0], "0,0,160,90"), (sheets[0], "160,90,160,90"), (sheets[0], "1440,810,160,90"), (sheets[1], "0,0,160,90"), (sheets[2], "1440,360,160,90")]
        assert len({u for _, _, u, _ in shown}) == 3
        again = stand.get(found["previews"], **{"If-None-Match": r.headers["ETag"]})
        assert (again.status_code, again.headers["ETag"]) == (304, r.headers["ETag"]) or again.headers["ETag"] != r.headers["ETag"]
        after = storyboard(stand, column, film, count=5, version="w", end_credits=None)
        new = cues(stand.get(found["previews"], **{"If-None-Match": r.headers["ETag"]}).text)
        assert len(new) == 5 and after[0] in new[0][2] and new[-1][1] == "00:41:35.000", "a new upload of the film is shown at once"
        # Without sheets, as of a film whose previews could not be made, and with fewer than the thumbnails need.
        for wrong in ({"count": 0, "sheets": []}, {"count": 101}):
            storyboard(stand, column, film, **{"sheets": ["vod/1/x/sheet-1.jpg"], **wrong})
            assert stand.a.get("/api/%s/%d/playback" % (route, film)).json()["previews"] is None
            assert stand.get(found["previews"]).status_code == 404


def test_a_storyboard_can_be_seen_by_those_who_may_watch_the_film(stand):
    storyboard(stand, "title_id", stand.sold)
    viewer = Account(stand.world)
    none = stand.playback(stand.sold, token=viewer.token)
    assert none["previews"] is None and none["markers"]["endCreditsStart"] == 2400.5
    stand.buy(viewer)
    mine, guest = (stand.playback(stand.sold, **more)["previews"] for more in ({"token": viewer.token}, {}))
    assert [stand.get(u).status_code for u in (mine, guest)] == [200, 403]
    assert stand.a.get("/api/ppv/access/%d" % stand.sold, token=viewer.token).status_code == 200
    assert stand.get(guest).status_code == 200
    stand.rows("""UPDATE "PpvPurchase" SET status = 'FAILED'""")
    for url in (mine, guest):
        r = stand.get(url)
        assert (r.status_code, r.json(), r.headers["Cache-Control"]) == (403, {"message": "Purchase required to access this title."}, "no-store")
    stand.rows("""UPDATE "PpvPurchase" SET status = 'SUCCESS'""")
    stand.rows('UPDATE "Title" SET archived = true')
    assert [stand.get(u).status_code for u in (mine, guest)] == [404, 404]


def test_the_detail_shows_the_storyboard_where_no_previews_are_set(stand):
    viewer = Account(stand.world)

    def detail(title, token=None):
        found = stand.a.get("/api/titles/%d" % title, token=token).json()["title"]
        return found["previewSpriteUrl"], found["previewVttUrl"]

    assert detail(stand.free) == (None, None)
    sheet, = storyboard(stand, "title_id", stand.free, count=3)
    sprite, vtt = detail(stand.free)
    assert "/%s?X-Amz-" % sheet in sprite and len(cues(stand.get(vtt).text)) == 3
    for column in ("previewSpriteUrl", "previewVttUrl"):
        stand.rows('UPDATE "Title" SET "%s" = %%s WHERE id = %%s' % column, ("https://x/y", stand.free))
        assert sorted(detail(stand.free), key=str) == [None, "https://x/y"]
        stand.rows('UPDATE "Title" SET "%s" = NULL' % column)
    storyboard(stand, "title_id", stand.sold, count=3)
    assert detail(stand.sold, viewer.token) == (None, None)
    sprite, vtt = detail(stand.sold)
    assert sprite is None and stand.get(vtt).status_code == 403, "a guest needs the grant"
    stand.buy(viewer)
    sprite, vtt = detail(stand.sold, viewer.token)
    assert sprite and stand.get(vtt).status_code == 200
    sheet, = storyboard(stand, "episode_id", stand.episode, count=3)
    for found in (stand.a.get("/api/titles/%d" % stand.series).json()["title"], stand.a.get("/api/titles/%d/episodes" % stand.series).json()):
        e, = found["episodes"]
        assert sheet in e["previewSpriteUrl"] and "/api/media/e%dg." % stand.episode in e["previewVttUrl"] and stand.get(e["previewVttUrl"]).status_code == 200
    # Editors see what is stored, because their app stores what it has read.
    editor = Account(stand.world, "SUPER_ADMIN")
    assert stand.a.get("/api/admin/titles/%d" % stand.free, token=editor.token).json()["title"]["previewVttUrl"] is None


MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
APPLE = [MAC + "605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15", IPHONE + "Version/17.5 Mobile/15E148 Safari/604.1",
         IPHONE + "CriOS/125.0.6422.80 Mobile/15E148 Safari/604.1", IPHONE + "FxiOS/126.0 Mobile/15E148 Safari/605.1.15",
         IPHONE + "Version/17.0 EdgiOS/124.0.2478.89 Mobile/15E148 Safari/604.1", IPHONE + "Mobile/15E148",
         "Mozilla/5.0 (iPad; CPU OS 12_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/12.1.2 Mobile/15E148 Safari/604.1",
         MAC + "605.1.15 (KHTML, like Gecko) CriOS/125 Version/11.1.1 Safari/605.1.15"]
OTHERS = ["", "curl/8.0", MAC + "537.36 (KHTML, like Gecko) Chrome/125.0.0.0 Safari/537.36", MAC + "537.36 (KHTML, like Gecko) Chrome/125.0.0.0 Safari/537.36 Edg/125.0.0.0",
          MAC + "537.36 (KHTML, like Gecko) HeadlessChrome/125.0.0.0 Safari/537.36", "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:126.0) Gecko/20100101 Firefox/126.0",
          "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/125.0.0.0 Mobile Safari/537.36",
          "Mozilla/5.0 (Linux; U; Android 4.0.3; de-de) AppleWebKit/534.30 (KHTML, like Gecko) Version/4.0 Mobile Safari/534.30",
          "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.0 Safari/605.1.15", MAC + "605.1.15 (KHTML, like Gecko)",
          "Mozilla/5.0 (Windows Phone 8.1; ARM; Trident/7.0; Touch; rv:11.0; IEMobile/11.0; NOKIA; Lumia 520) like iPhone OS 7_0_3 Mac OS X AppleWebKit/537 (KHTML, like Gecko) Mobile Safari/537",
          "Mozilla/5.0 (Windows NT 6.1) AppleWebKit/534.57.2 (KHTML, like Gecko) Version/5.1.7 Safari/534.57.2",
          "Mozilla/5.0 (SMART-TV; Linux; Tizen 6.0) AppleWebKit/537.36 (KHTML, like Gecko) 76.0.3809.146/6.0 TV Safari/537.36"]


def offered(stand, title, agent, path="/api/titles/%d", **options):
    """Returns the response, and the URLs of the renditions of a title and of its first episode."""
    r = stand.a.get(path % title, headers={"User-Agent": agent}, **options)
    assert r.status_code == 200, r.text
    found = r.json().get("title", r.json())
    return r, [v["url"] for v in found.get("assetVersions", [])], [v["url"] for e in found.get("episodes", [])[:1] for v in e["assetVersions"]]


def test_browsers_of_apple_get_hls_as_the_largest_rendition(stand):
    for agent in APPLE + OTHERS:
        r, (high, low), _ = offered(stand, stand.free, agent)
        assert ("/master.m3u8?define=0" in high, "/R720.mp4?" in high, "/R360.mp4?" in low) == (agent in APPLE, agent in OTHERS, True), agent
        assert r.headers["Cache-Control"] == "private, no-cache" and "User-Agent" in r.headers["Vary"] and "Authorization" in r.headers["Vary"]
    _, (high, _), _ = offered(stand, stand.free, APPLE[0])
    text = stand.get(high).text
    assert "v-R720.m3u8?define=0" in text and parsed(text) and stand.get(high, "v-R720.m3u8?define=0").status_code == 200
    for path in ("/api/titles/%d", "/api/titles/%d/episodes"):
        _, _, (high, low) = offered(stand, stand.series, APPLE[1], path)
        assert "/api/media/e%dg." % stand.episode in high and stand.get(high).status_code == 200 and "/R360.mp4?" in low
        _, _, (high, low) = offered(stand, stand.series, OTHERS[2], path)
        assert "/R720.mp4?" in high
    # The ETag of one class does not stand for the other; the list has no renditions and is shared.
    tag = offered(stand, stand.free, OTHERS[2])[0].headers["ETag"]
    assert stand.a.get("/api/titles/%d" % stand.free, headers={"User-Agent": APPLE[0], "If-None-Match": tag}).status_code == 200
    assert "User-Agent" not in stand.a.get("/api/titles").headers["Vary"]
    for v in stand.playback(stand.free, headers={"User-Agent": APPLE[0]})["progressive"]:
        assert ".mp4?" in v["url"]
    # Only if HLS can play the largest rendition.
    publish(stand.rows, "titleId", stand.free, ("R720",), streams=False, version="w")
    assert ["/R720.mp4?" in offered(stand, stand.free, APPLE[0])[1][0], ".m3u8" in offered(stand, stand.free, APPLE[0])[1][1]] == [True, False]
    stand.rows('DELETE FROM "AssetVersion"')
    assert offered(stand, stand.free, APPLE[0])[1] == []


def test_browsers_of_apple_and_a_title_for_sale(stand):
    viewer = Account(stand.world)
    gate = offered(stand, stand.sold, APPLE[1])[1]
    assert len(gate) == 2 and all("/api/ppv/media/" in u for u in gate)
    assert offered(stand, stand.sold, APPLE[1], token=viewer.token)[1] == [None, None]
    stand.buy(viewer)
    r, (high, low), _ = offered(stand, stand.sold, APPLE[1], token=viewer.token)
    assert "/api/media/t%du%s." % (stand.sold, viewer.id) in high and stand.get(high).status_code == 200 and ".mp4?" in low
    assert r.headers["Cache-Control"] == "no-store"
    stand.rows("""UPDATE "PpvPurchase" SET status = 'FAILED'""")
    assert stand.get(high).status_code == 403


def test_playback_app_hls_off(world):
    stand = Stand(world, PLAYBACK_APP_HLS="off")
    r, (high, _), _ = offered(stand, stand.free, APPLE[0])
    assert "/R720.mp4?" in high and "User-Agent" not in r.headers["Vary"]


def test_access_to_a_title_for_sale(stand):
    viewer, admin = Account(stand.world), Account(stand.world, "FINANCE")
    none = stand.playback(stand.sold, token=viewer.token)
    assert (none["hls"], none["dash"], none["expiresAt"], [v["url"] for v in none["progressive"]]) == (None, None, None, [None, None])
    stand.buy(viewer)
    url = stand.playback(stand.sold, token=viewer.token)["hls"]
    refused = 403, {"message": "Purchase required to access this title."}
    for name in ("master.m3u8", "v-R720.m3u8", "a-en.m3u8", "i-R360.m3u8", "manifest.mpd"):
        assert stand.get(url, name).status_code == 200
        assert stand.get(url, name).status_code == 200, "the playlist that the worker keeps"
    for change, back in (("""UPDATE "PpvPurchase" SET status = 'FAILED'""", """UPDATE "PpvPurchase" SET status = 'SUCCESS'"""),
                         ("""UPDATE "PpvPurchase" SET "accessExpiresAt" = now() - interval '1 second'""", """UPDATE "PpvPurchase" SET "accessExpiresAt" = now() + interval '1 day'"""),
                         ("""UPDATE "User" SET "ppvBanned" = true""", """UPDATE "User" SET "ppvBanned" = false""")):
        stand.rows(change)
        for name in ("master.m3u8", "v-R720.m3u8", "a-en.m3u8", "i-R360.m3u8", "manifest.mpd"):
            r = stand.get(url, name)
            assert (r.status_code, r.json()) == refused and r.headers["Cache-Control"] == "no-store", (change, name)
        stand.rows(back)
        assert stand.get(url, "v-R720.m3u8").status_code == 200
    other = stand.playback(stand.sold, token=admin.token)["hls"]
    assert other != url and stand.get(other).status_code == 200
    stand.rows('DELETE FROM "User" WHERE id = %s', (viewer.id,))
    assert stand.get(url).status_code == 403


def test_guests_need_the_grant_of_a_buyer(stand):
    viewer = Account(stand.world)
    stand.buy(viewer)
    found = stand.playback(stand.sold)
    assert all("/api/ppv/media/" in v["url"] for v in found["progressive"]) and "/api/media/t%dg." % stand.sold in found["hls"]
    assert stand.get(found["hls"]).status_code == 403
    assert stand.a.get("/api/ppv/access/%d" % stand.sold, token=viewer.token).status_code == 200
    assert [stand.get(found["hls"], name).status_code for name in ("master.m3u8", "v-R360.m3u8", "manifest.mpd")] == [200] * 3
    assert stand.get(found["hls"], **{"User-Agent": "another"}).status_code == 403
    assert stand.get(found["hls"], **{"X-Forwarded-For": "203.0.113.9"}).status_code == 403
    stand.rows("""UPDATE "PpvPurchase" SET status = 'FAILED'""")
    assert stand.get(found["hls"]).status_code == 403


@pytest.mark.parametrize("enforcement, statuses", [("token", None), ("off", [200, 200])])
def test_ppv_enforcement(world, enforcement, statuses):
    stand = Stand(world, PPV_ENFORCEMENT=enforcement)
    url = stand.playback(stand.sold)["hls"]
    assert url is None if statuses is None else [stand.get(url, name).status_code for name in ("master.m3u8", "v-R720.m3u8")] == statuses
    if statuses is None:
        guest = stand.a.url + "/api/media/%s/master.m3u8" % signed("play", "t%dg" % stand.sold, int(time.time()) + 60)
        assert stand.get(guest).status_code == 403


def test_expired_and_changed_tokens_are_refused(stand):
    film, soon = "t%dg" % stand.free, int(time.time()) + 600
    place = stand.a.url + "/api/media/%s/master.m3u8"
    assert stand.get(place % signed("play", film, soon)).status_code == 200
    right = signed("play", film, soon)
    wrong = [signed("play", film, int(time.time()) - 1), signed("media", film, soon), signed("play", film, soon).replace(film, "t%dg" % stand.sold),
             signed("play", film, soon).replace(".", "", 1), right[:-1], right + "0", "x", ".x.", film, "%s.%x.%s" % (film, soon + 1, right[-32:]), right.upper(),
             "t%du1%s" % (stand.free, right[len(film):]), "a" * 200, "%00", "t1u2." + "f" * 17 + "." + "0" * 32]
    wrong += [right[:n] + ("0" if right[n] != "0" else "1") + right[n + 1:] for n in range(len(right))]
    for token in wrong:
        r = stand.get(place % token)
        assert r.status_code == 403 and r.json() == {"message": "The URL is not valid or has expired"} or token == "%00" and r.status_code == 400, token
        assert r.headers.get("Cache-Control") == "no-store" or r.status_code == 400
    assert "%s" % right not in open(stand.a.log_path).read(), "a token in the log"


def test_names_that_a_film_does_not_have(stand):
    stand.rows("""UPDATE "Title" SET language = 'fr'""")
    url = stand.playback(stand.free)["hls"]
    assert [stand.get(url, name).status_code for name in ("v-R720.m3u8", "a-fr.m3u8", "i-R720.m3u8")] == [200] * 3
    for name in ("v-R1080.m3u8", "v-R9.m3u8", "v-.m3u8", "a-en.m3u8", "a-und.m3u8", "a-.m3u8", "i-R4K.m3u8", "t-fr.m3u8", "v-R720.mpd", "v-R720", "vR720.m3u8", "master", "x",
                 "master.m3u8.m3u8", "v-R720.m3u8.m3u8", "%0d%0a", "v-%22.m3u8", "previews.vtt"):
        r = stand.get(url, name)
        assert (r.status_code, r.json()) == (404, {"message": "Playlist not found"}), name
    publish(stand.rows, "titleId", stand.free, sound=False)
    assert stand.get(url, "a-fr.m3u8").status_code == 404 and "EXT-X-MEDIA" not in stand.get(url).text and "mp4a" not in stand.get(url).text
    assert stand.playback(stand.free)["audio"] == [] and 'contentType="audio"' not in stand.get(url, "manifest.mpd").text
    parsed(stand.get(url).text)


def test_films_that_are_not_shown(stand):
    url = stand.playback(stand.free)["hls"]
    episode = stand.a.get("/api/episodes/%d/playback" % stand.episode).json()["hls"]
    assert stand.playback(999999, 404) == {"message": "Title not found"} and stand.a.get("/api/episodes/999999/playback").status_code == 404
    for change in ("archived", "pendingReview"):
        stand.rows('UPDATE "Title" SET "%s" = true' % change)
        assert stand.playback(stand.free, 404) and stand.a.get("/api/episodes/%d/playback" % stand.episode).json() == {"message": "Episode not found"}
        assert [stand.get(u).status_code for u in (url, episode)] == [404, 404]
        stand.rows('UPDATE "Title" SET "%s" = false' % change)
    stand.rows('UPDATE "Episode" SET "pendingReview" = true')
    assert stand.a.get("/api/episodes/%d/playback" % stand.episode).status_code == 404 and stand.get(episode).status_code == 404
    stand.rows("""UPDATE "Title" SET "countryAvailability" = '{NG}', "maturityRating" = 'R'""")
    assert stand.playback(stand.free, 404, headers={"X-Country": "DE"}) and stand.playback(stand.free, headers={"X-Country": "NG"})
    r = stand.a.get("/api/titles/%d/playback?country=NG&kidMode=true" % stand.free)
    assert r.status_code == 404 and r.headers["Cache-Control"] == "private, no-cache" and "X-Country" in r.headers["Vary"]


NAMES = ("master.m3u8", "v-R720.m3u8", "a-en.m3u8", "i-R360.m3u8", "manifest.mpd", "previews.vtt")
HIDDEN = ['UPDATE "Title" SET archived = %s', 'UPDATE "Title" SET "pendingReview" = %s', 'UPDATE "Episode" SET "pendingReview" = %s']


@pytest.mark.parametrize("change", HIDDEN)
def test_the_team_plays_what_is_not_shown(stand, change):
    """Also a title for sale, without a purchase. Viewers do not get the playlists that a worker keeps for the team."""
    editor = Account(stand.world, "MODERATOR")
    films = [("titles", stand.free), ("titles", stand.sold), ("episodes", stand.episode)]
    storyboard(stand, "title_id", stand.free)
    public = [(stand.a.get("/api/%s/%d/playback" % film).json()["hls"], film[1] != stand.sold) for film in films]
    stand.rows(change % "true")
    for (kind, film), (shown, free) in zip(films, public):
        found = stand.a.get("/api/admin/%s/%d/playback" % (kind, film), token=editor.token).json()
        assert "/api/media/%s%da%s." % (kind[0], film, editor.id) in found["hls"] and found["session"] is None and found["expiresAt"] is not None
        assert [v["rendition"] for v in found["progressive"]] == ["R720", "R360"] and all("X-Amz-Signature" in v["url"] for v in found["progressive"])
        assert found["audio"] == [listed("en", "English")] and (found["previews"] is None) == ((kind, film) != films[0])
        names = NAMES if found["previews"] else NAMES[:-1]
        hidden = "Episode" not in change or kind == "episodes"
        for _ in range(3):
            assert [stand.get(found["hls"], name).status_code for name in names] == [200] * len(names)
            assert [stand.get(shown, name).status_code for name in names] == [404 if hidden else 200 if free else 403] * len(names)
        stand.rows('UPDATE "User" SET role = \'USER\'')
        assert [stand.get(found["hls"], name).status_code for name in names] == [404 if hidden else 200 if free else 403] * len(names), "no longer of the team"
        stand.rows('UPDATE "User" SET role = \'MODERATOR\'')
    stand.rows(change % "false")
    assert [stand.get(shown).status_code for shown, free in public] == [200, 403, 200]


def test_only_the_team_gets_the_playback_of_editors(stand):
    viewer, editor = Account(stand.world), Account(stand.world, "MODERATOR")
    for kind, film in (("titles", stand.free), ("episodes", stand.episode)):
        path = "/api/admin/%s/%d/playback" % (kind, film)
        assert [stand.a.get(path).status_code, stand.a.get(path, token=viewer.token).status_code, stand.a.get(path, token=editor.token).status_code] == [401, 403, 200]
        r = stand.a.get("/api/admin/%s/999999/playback" % kind, token=editor.token)
        assert (r.status_code, r.json()) == (404, {"message": kind[:-1].capitalize() + " not found"})


def test_renditions_without_streams_play_as_files_only(stand):
    url = stand.playback(stand.free)["hls"]
    publish(stand.rows, "titleId", stand.free, streams=False)
    found = stand.playback(stand.free)
    assert (found["hls"], found["dash"], found["audio"]) == (None, None, []) and all("X-Amz-Signature" in v["url"] for v in found["progressive"])
    assert found["expiresAt"] is not None and stand.get(url).status_code == 404
    # One of two renditions.
    publish(stand.rows, "titleId", stand.free, ("R360",), version="w")
    assert [stand.get(url, name).status_code for name in ("master.m3u8", "v-R720.m3u8", "v-R360.m3u8", "a-en.m3u8")] == [200, 404, 200, 200]
    # The release before stores no streams: its rendition takes the place of one that has some.
    stand.rows("""UPDATE wanzami.rendition SET object_key = 'vod/1/x/R360.mp4' WHERE object_key = %s""", ("vod/t%d/w/R360.mp4" % stand.free,))
    assert stand.playback(stand.free)["hls"] is None


def test_a_replaced_rendition_is_played_at_once(stand):
    url = stand.playback(stand.free)["hls"]
    names = ("v-R720.m3u8", "a-en.m3u8", "manifest.mpd")
    before = [stand.get(url, name) for name in names]
    publish(stand.rows, "titleId", stand.free, version="w", seconds=10)
    after = [stand.get(url, name, **{"If-None-Match": r.headers["ETag"]}) for name, r in zip(names, before)]
    assert [("/v/" in b.text, "/w/" in a.text and "/v/" not in a.text) for a, b in zip(after, before)] == [(True, True)] * 3


CHANGES = [('UPDATE "Title" SET "isPpv" = %s WHERE id = {film}', 403), ('UPDATE "Title" SET archived = %s WHERE id = {film}', 404),
           ('UPDATE "Title" SET "pendingReview" = %s WHERE id = {film}', 404),
           ("""UPDATE "AssetVersion" SET status = CASE WHEN %s THEN 'FAILED' ELSE 'READY' END::"AssetStatus" WHERE "titleId" = {film}""", 404)]


@pytest.mark.parametrize("busy", (False, True))
def test_changes_of_a_free_film_end_the_playlists_that_workers_keep(stand, busy):
    """A playlist that everybody may have is sent without a look at the viewer, but not after a change. A busy worker may take a moment."""
    stand.rows("UPDATE \"Title\" SET \"ppvPriceNaira\" = 100 WHERE id = %s", (stand.free,))
    url, over = stand.playback(stand.free)["hls"], threading.Event()

    def watch():
        while not over.is_set():
            assert stand.get(url, "v-R720.m3u8").status_code in (200, 403, 404)
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        viewers = [pool.submit(watch) for _ in range(16 if busy else 0)]
        try:
            for change, refused in CHANGES * 2:
                for value, status in ((True, refused), (False, 200)):
                    stand.rows(change.format(film=stand.free) % value)
                    for name in ("master.m3u8", "v-R720.m3u8", "a-en.m3u8", "manifest.mpd"):
                        if busy:
                            wait_for(lambda: stand.get(url, name).status_code == status, "the change in " + name)
                        assert [stand.get(url, name).status_code for _ in range(3)] == [status] * 3, (change, value, name)
        finally:
            over.set()
        for viewer in viewers:
            viewer.result()


LANGUAGES = [("en", "en", "English"), (" Yoruba", "yo", "Yoruba"), ("IGBO", "ig", "Igbo"), ("Pidgin", "pcm", "Pidgin"), ("pcm", "pcm", "Nigerian Pidgin"),
             (None, "und", "Original"), ("", "und", "Original"), ('English", "X', "und", "Original")]


def test_the_language_of_the_title_is_that_of_the_sound(stand):
    url = stand.playback(stand.free)["hls"]
    for typed, tag, name in LANGUAGES:
        stand.rows('UPDATE "Title" SET language = %s', (typed,))
        assert stand.playback(stand.free)["audio"] == [listed(tag, name)]
        assert stand.get(url, "a-%s.m3u8" % tag).status_code == 200 and 'lang="%s"' % tag in stand.get(url, "manifest.mpd").text
        sound = 'NAME="%s"%s,DEFAULT=YES,AUTOSELECT=YES,CHANNELS="2",URI="a-%s.m3u8"' % (name, "" if tag == "und" else ',LANGUAGE="%s"' % tag, tag)
        assert sound in stand.get(url).text


def test_many_viewers_get_the_same_playlist(stand):
    """Workers keep playlists: concurrent requests for several films, with and without EXT-X-DEFINE."""
    urls = [stand.playback(id)["hls"].replace("master", name) + query for id in (stand.free,) for name in ("v-R720", "v-R360", "a-en", "i-R360", "master")
            for query in ("", "?define=0", "?define=1")]
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        found = list(pool.map(lambda url: (url, re.sub(r"X-Amz-[^\s\"]*", "", fetched(url, HLS).text)), urls * 8))
    assert {url: {text for u, text in found if u == url} for url in urls} == {url: {text} for url, text in found}


def test_the_end_of_temporary_credentials_is_told(world):
    c = Credentials()
    try:
        c.give("AKIA", "secret", 3600)
        stand = Stand(world, AWS_CONTAINER_CREDENTIALS_FULL_URI=c.url, AWS_CONTAINER_AUTHORIZATION_TOKEN=c.token, S3_ACCESS_KEY="", S3_SECRET_KEY="")
        found = wait_for(lambda: (p := stand.playback(stand.free))["progressive"][0]["url"] and p, "the first credentials")
        left = time.mktime(time.strptime(found["expiresAt"][:19], "%Y-%m-%dT%H:%M:%S")) - time.timezone - time.time()
        assert 3000 < left <= 3600
    finally:
        c.close()
