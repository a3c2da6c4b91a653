"""Rows of renditions with streams, as transcode_finish() publishes them, without objects."""
import itertools
import json
import math
import random

SIZES = {"R1080": (1920, 1080, 5000), "R720": (1280, 720, 2600), "R360": (640, 360, 700)}  # width, height, kbit/s of the video
AUDIO = 128  # kbit/s


def grid(seconds, longest):
    """Returns the durations of segments: 2, 2, then `longest` seconds."""
    found = []
    while sum(found) < seconds:
        found.append(min(2 if len(found) < 2 else longest, seconds - sum(found)))
    return found


def tracks(kbits, durations, sound, seed):
    """Returns the rows of wanzami.stream of an object: sound and video of each segment in turn, in sizes that vary."""
    chance, place = random.Random(seed), 3_200_000
    made = [{"kind": "video", "codecs": "avc1.64001f", "timescale": 12800, "bandwidth": kbits * 2000, "average_bandwidth": kbits * 1000,
             "iframe_bandwidth": kbits * 500}, {"kind": "audio", "codecs": "mp4a.40.2", "timescale": 48000, "bandwidth": AUDIO * 1100,
                                                "average_bandwidth": AUDIO * 1000, "iframe_bandwidth": 0}]
    for n, s in enumerate(made):
        s.update(init_offset=place - 2000 + 700 * n, init_size=700, index_offset=0, index_size=0, offsets=[], sizes=[], durations=[], iframes=[])
    for seconds in durations:
        for s, rate in ((made[1], AUDIO), (made[0], kbits)):
            size = int(rate * 125 * seconds * chance.uniform(0.6, 1.4))
            s["offsets"].append(place)
            s["sizes"].append(size)
            s["durations"].append(int(seconds * s["timescale"]))
            s["iframes"].append(size // 5 if s["kind"] == "video" else 0)
            place += size
    ends = [1024 * math.ceil(end * 48000 / 1024) for end in itertools.accumulate(durations)]  # whole packets
    made[1]["durations"] = [end - begin for begin, end in zip([0] + ends, ends)]
    return made if sound else made[:1]


def objects(durations, seed, surround=False):
    """Returns the rows of the audio objects of a film: segments in sizes that vary."""
    chance, made = random.Random(seed), []
    for kbits in (AUDIO, 64, 384) if surround else (AUDIO, 64):
        sizes = [int(kbits * 125 * seconds * chance.uniform(0.9, 1.1)) for seconds in durations]
        made.append({"kind": "audio", "codecs": "mp4a.40.2", "timescale": 48000, "bandwidth": kbits * 1100, "average_bandwidth": kbits * 1000, "iframe_bandwidth": 0,
                     "init_offset": 0, "init_size": 627, "index_offset": 627, "index_size": 100, "offsets": [1000 + sum(sizes[:n]) for n in range(len(sizes))],
                     "sizes": sizes, "durations": [int(seconds * 48000) for seconds in durations], "iframes": [0] * len(sizes), "track": 1, "language": "en",
                     "described": False, "channels": 6 if kbits == 384 else 2, "bitrate": kbits * 1000})
    return made


def publish_sound(rows, column, film, seconds=20, longest=2, version="v", surround=False, **more):
    """Inserts the audio objects of a track of a film, of the first one in place of all, as publish() its renditions."""
    track = more.get("track", 1)
    if track == 1:
        rows("DELETE FROM wanzami.stream WHERE %s = %%s" % column.replace("Id", "_id"), (film,))
    for s in objects(grid(seconds, longest), version, surround):
        key = "vod/%s%d/%s/audio-%d-%d.m4a" % (column[0], film, version, track, s["bitrate"] // 1000)
        rows("INSERT INTO wanzami.stream SELECT s.* FROM jsonb_populate_record(NULL::wanzami.stream, %s) s",
             (json.dumps({**s, column.replace("Id", "_id"): film, "object_key": key, **more}),))


def publish(rows, column, film, rungs=("R720", "R360"), seconds=20, longest=2, sound=True, streams=True, rate=25, version="v"):
    """Inserts READY renditions of a film. `rows` runs SQL; column is titleId or episodeId. Returns the object keys."""
    keys = []
    for rung in rungs:
        width, height, kbits = SIZES[rung]
        key = "vod/%s%d/%s/%s.mp4" % (column[0], film, version, rung)
        keys.append(key)
        rows('DELETE FROM "AssetVersion" WHERE "%s" = %%s AND "rendition" = %%s' % column, (film, rung))
        (asset,), = rows("""INSERT INTO "AssetVersion" ("%s", "rendition", "status", "url", "sizeBytes", "durationSec", "updatedAt")
            VALUES (%%s, %%s, 'READY', %%s, 1000000, %%s, now()) RETURNING "id" """ % column, (film, rung, "s3://films/" + key, seconds))
        rows("""INSERT INTO wanzami.rendition (asset_version_id, object_key, size_bytes, duration_ms, width, height, frame_rate, codecs, bandwidth,
            average_bandwidth, init_size) VALUES (%s, %s, 1000000, %s, %s, %s, %s, 'avc1.64001f,mp4a.40.2', %s, %s, 0)""",
             (asset, key, seconds * 1000, width, height, rate, (kbits + AUDIO) * 2000, (kbits + AUDIO) * 1000))
        for s in tracks(kbits, grid(seconds, longest), sound, key) if streams else ():
            rows("INSERT INTO wanzami.stream SELECT s.* FROM jsonb_populate_record(NULL::wanzami.stream, %s) s",
                 (json.dumps({**s, "asset_version_id": asset, "object_key": key}),))
    return keys
