"""Audio tracks that editors add to a film: from the upload of the file to the playlists, and what replaces and removes them."""
import json
import os
import signal
import struct
import subprocess

import pytest
import requests

from accounts import audit
from conftest import wait_for
from editor import Api
from films import FAST, film, film_of_languages, named_objects
from services import run

RATE = 48000
SECONDS = 5
CLICKS = "aevalsrc='if(gt(t,0.5)*lt(mod(t,1),0.02),0.8*sin(2000*PI*t),0)':s=%d:d=%s"


def audio(path, *args, source=None, seconds=SECONDS):
    """Returns a file with sound alone, as bytes: a click at each second, or what `source` names."""
    subprocess.run(["ffmpeg", "-v", "error", "-y", *(source or ["-f", "lavfi", "-i", CLICKS % (RATE, seconds)]), *args, str(path)], check=True, timeout=120)
    with open(path, "rb") as f:
        return f.read()


def clicks(path):
    """Returns the times at which the clicks of a file begin, in seconds."""
    out = subprocess.run(["ffmpeg", "-v", "error", "-nostdin", "-i", str(path), "-ac", "1", "-ar", str(RATE), "-f", "f32le", "-"], check=True, capture_output=True, timeout=60).stdout
    values, found = struct.unpack("<%df" % (len(out) // 4), out), []
    for n, x in enumerate(values):
        if abs(x) > 0.2 and (not found or n - found[-1] > RATE // 2):
            found.append(n)
    return [n / RATE for n in found]


class Desk(Api):
    """An editor with a film that is ready."""

    def __init__(self, world, folder=None, body=None, roles="api,transcode,cron", **env):
        super().__init__(world, folder, roles=roles, **{**FAST, "TRANSCODE_LEASE_MS": 10000, "STORE_CLEANUP_CRON": "0 0 1 1 *", **env})
        self.film = self.new_film(body or film(SECONDS, "640x360", 25))
        (self.title,), = world.rows('SELECT id FROM "Title"')

    def new_film(self, body, **more):
        made = self.init(bytesTotal=len(body), **{"renditions": ["R360"], **more})
        self.complete(made, self.put(made, body))
        assert self.ended(made)[:2] == ("COMPLETED", None)
        return made

    def ended(self, made, seconds=600):
        wait_for(lambda: self.job(made)[0] != "PROCESSING", "the end of job %s" % made["jobId"], seconds)
        return self.job(made)

    def ask(self, film=None, status=200, **body):
        """Begins the upload of a track for the film of a path such as "titles/1"."""
        return self.post("/api/admin/%s/audio" % (film or "titles/%s" % self.title), {"language": "fr", "purpose": "main", "fileName": "sound.m4a", "bytesTotal": 5,
                                                                                     "contentType": "audio/mp4", **body}, status)

    def begin(self, body, language="fr", purpose="main", name="sound.m4a", film=None):
        made = self.ask(film, language=language, purpose=purpose, fileName=name, bytesTotal=len(body))
        self.complete(made, self.put(made, body))
        return made

    def add(self, body, language="fr", purpose="main", **more):
        """Adds a track and waits for it. Returns the notes."""
        made = self.begin(body, language, purpose, **more)
        assert self.ended(made)[:2] == ("COMPLETED", None), self.job(made)
        return made, self.world.rows("SELECT notes FROM wanzami.transcode_job WHERE upload_job_id = %s", (made["jobId"],))[0][0]

    def refused(self, body, language="fr", purpose="main", **more):
        """Adds a track that cannot be made. Returns why."""
        made = self.begin(body, language, purpose, **more)
        assert self.ended(made)[0] == "FAILED"
        return self.job(made)[1]

    def listed(self):
        r = self.a.get("/api/admin/titles/%s/audio" % self.title, token=self.token)
        assert r.status_code == 200, r.text
        return r.json()

    def tracks(self):
        return [(t["language"], t["kind"], t["channels"], t["default"], t["origin"]) for t in self.listed()["audio"]]

    def playback(self):
        return self.a.get("/api/admin/titles/%s/playback" % self.title, token=self.token).json()

    def playlist(self, name):
        r = requests.get(self.playback()["hls"].replace("master.m3u8", name), timeout=60)
        assert r.status_code == 200, r.text
        return r.text

    def rows(self, where="upload_job_id IS NOT NULL"):
        return self.world.rows("SELECT track, language, purpose, channels, bitrate, object_key, durations, timescale FROM wanzami.stream WHERE %s ORDER BY track, channels, bitrate DESC" % where)

    def fetch(self, key, path):
        body = self.world.store.client().get_object(Bucket=self.world.bucket, Key=key)["Body"].read()
        path.write_bytes(body)
        return path

    def no_orphans(self):
        def clean():
            self.world.rows("UPDATE wanzami.object_trash SET delete_after = now()")
            run("job", "run", "store-cleanup", **self.env)
            wanted = {u.split("/", 3)[3] for u, in self.world.rows("SELECT url FROM \"AssetVersion\" WHERE status = 'READY'")} | named_objects(self.world.rows)
            return set(self.world.store.keys(self.world.bucket)) <= wanted and self.world.store.uploads(self.world.bucket) == []
        wait_for(clean, "a store without orphans", 30)


@pytest.fixture
def desk(world):
    return Desk(world)


def test_a_track_is_added_replaced_and_removed(desk, tmp_path):
    before = desk.playlist("v-R360.m3u8"), desk.rows("asset_version_id IS NOT NULL")
    first, notes = desk.add(audio(tmp_path / "a.m4a", "-c:a", "aac"), "fre")
    assert notes == [] and desk.tracks() == [("en", "main", 2, True, "embedded"), ("fr", "main", 2, False, "added")]
    track = desk.listed()["audio"][1]
    assert (track["id"], track["fileName"], track["name"]) == (first["jobId"], "sound.m4a", "French") and desk.listed()["uploads"] == []
    rows = desk.rows()
    assert [row[:5] for row in rows] == [(9, "fr", "main", 2, 128_000), (9, "fr", "main", 2, 64_000)]
    # The same segments as those of the film's own sound, and the sound at its place.
    own = desk.rows("asset_version_id IS NULL AND upload_job_id IS NULL")
    assert {tuple(row[6]) for row in rows} == {tuple(row[6]) for row in own}
    for row in rows:
        at = clicks(desk.fetch(row[5], tmp_path / "made.m4a"))
        assert len(at) == SECONDS - 1 and all(abs(t - n) <= 0.01 for n, t in enumerate(at, 1)), at
        told = json.loads(subprocess.run(["ffprobe", "-v", "error", "-show_streams", "-of", "json", str(tmp_path / "made.m4a")], check=True, capture_output=True).stdout)
        assert [(s["codec_name"], s["sample_rate"], s["channels"]) for s in told["streams"]] == [("aac", "48000", 2)]
    master = desk.playlist("master.m3u8")
    assert 'GROUP-ID="audio",NAME="French",LANGUAGE="fr",DEFAULT=NO' in master or 'NAME="French",LANGUAGE="fr",DEFAULT=NO' in master
    lists = [desk.playlist(name).count("#EXTINF") for name in ("v-R360.m3u8", "a-en.m3u8", "a-fr.m3u8", "a-fr-64.m3u8")]
    assert len(set(lists)) == 1, lists
    dash = requests.get(desk.playback()["dash"], timeout=60).text
    assert 'lang="fr"' in dash and dash.count('contentType="audio"') == 2
    assert [(t["language"], t["kind"]) for t in desk.playback()["audio"]] == [("en", "main"), ("fr", "main")]
    assert (desk.playlist("v-R360.m3u8").split("#EXTINF", 1)[1], desk.rows("asset_version_id IS NOT NULL")) == (before[0].split("#EXTINF", 1)[1], before[1])

    # A second file of the same language and purpose; the objects of the first stay for a day.
    second, _ = desk.add(audio(tmp_path / "b.flac", "-c:a", "flac"), "fr", name="b.flac")
    assert {row[0] for row in desk.rows()} == {9} and not {row[5] for row in desk.rows()} & {row[5] for row in rows}
    assert dict(desk.world.rows("SELECT key, reason FROM wanzami.object_trash WHERE key LIKE '%%.m4a'")) == {row[5]: "replaced" for row in rows}
    desk.add(audio(tmp_path / "c.wav"), "fr", "description", name="c.wav")
    assert desk.tracks()[1:] == [("fr", "main", 2, False, "added"), ("fr", "description", 2, False, "added")]
    assert "describes-video" in desk.playlist("master.m3u8")
    used = {u["id"]: (u["inUse"], u["audio"]) for u in desk.a.get("/api/admin/titles/%s/uploads" % desk.title, token=desk.token).json()["uploads"]}
    assert used[second["jobId"]] == (True, {"language": "fr", "purpose": "main"}) and used[first["jobId"]][0] is False and used[desk.film["jobId"]] == (True, None)

    path = "/api/admin/audio/%s" % second["jobId"]
    assert [desk.a.delete(path, token=desk.token).status_code for _ in range(2)] == [204, 404]
    assert desk.tracks()[1:] == [("fr", "description", 2, False, "added")]
    assert audit(desk.world, "AUDIO_DELETE")[0][2] == {"titleId": str(desk.title), "language": "fr", "kind": "main"}
    desk.no_orphans()
    assert len([key for key in desk.world.store.keys(desk.world.bucket) if key.endswith(".m4a") and key.startswith("vod/")]) == 4


FORMATS = {"a.m4a": ("-c:a", "aac"), "a.mp3": ("-c:a", "libmp3lame"), "a.flac": ("-c:a", "flac"), "a.wav": ("-c:a", "pcm_s24le"), "a.opus": ("-c:a", "libopus"),
           "a.ogg": ("-c:a", "libvorbis"), "a.ac3": ("-c:a", "ac3"), "a.mka": ("-c:a", "aac"), "b.mka": ("-c:a", "ac3"), "c.mka": ("-c:a", "libopus"), "a.aac": ("-c:a", "aac"),
           "a.ts": ("-c:a", "mp2"), "44.mp3": ("-c:a", "libmp3lame", "-ar", "44100"), "44.m4a": ("-c:a", "aac", "-ar", "44100"), "a.eac3": ("-c:a", "eac3")}


def test_formats_are_aligned(desk, tmp_path):
    """Whatever the file says of its first timestamp and of the delay of its encoder. A raw stream of AAC does not tell it, nor does Matroska as ffmpeg writes it."""
    found = {}
    for name, args in FORMATS.items():
        desk.add(audio(tmp_path / name, *args), "fr", name=name)
        at = clicks(desk.fetch(desk.rows()[0][5], tmp_path / "made.m4a"))
        assert len(at) == SECONDS - 1, (name, at)
        found[name] = round(1000 * max((t - n for n, t in enumerate(at, 1)), key=abs), 1)
    print(found)
    assert all(abs(ms) <= (25 if name in ("a.aac", "a.mka", "a.ts") else 10) for name, ms in found.items()), found


def test_a_track_that_begins_late_keeps_its_place(desk, tmp_path):
    """An extracted track whose first packet is at three seconds."""
    whole = ["-f", "lavfi", "-i", CLICKS % (RATE, SECONDS)]
    for name, args in (("a.mka", ("-c:a", "flac")), ("a.mp4", ("-c:a", "aac"))):
        audio(tmp_path / "whole.wav", source=whole)
        audio(tmp_path / name, "-map", "0", *args, source=["-itsoffset", "1.96", "-ss", "1.96", "-i", str(tmp_path / "whole.wav")])
        desk.add((tmp_path / name).read_bytes(), "fr", name=name)
        at = clicks(desk.fetch(desk.rows()[0][5], tmp_path / "made.m4a"))
        assert len(at) == 3 and all(abs(t - n) <= 0.01 for n, t in enumerate(at, 2)), (name, at)


def test_lengths_and_channels(desk, tmp_path):
    _, notes = desk.add(audio(tmp_path / "long.m4a", "-c:a", "aac", seconds=9))
    assert notes == ["The file is 4.0 seconds longer than the film; its end was cut."]
    _, notes = desk.add(audio(tmp_path / "short.m4a", "-c:a", "aac", seconds=2.5))
    assert notes == ["The sound ends after 2.5 seconds; silence follows until the picture ends."]
    own, = {tuple(row[6]) for row in desk.rows("asset_version_id IS NULL AND upload_job_id IS NULL")}
    assert {tuple(row[6]) for row in desk.rows()} == {own}
    desk.add(audio(tmp_path / "wide.ac3", "-ac", "6", "-c:a", "ac3"), "de", name="wide.ac3")
    assert [row[3:5] for row in desk.rows("language = 'de'")] == [(2, 128_000), (2, 64_000), (6, 384_000)]
    assert {tuple(row[6]) for row in desk.rows("language = 'de'")} == {own} and ("de", "main", 6, False, "added") in desk.tracks()
    assert 'GROUP-ID="audio-surround"' in desk.playlist("master.m3u8")
    audio(tmp_path / "two.mka", "-map", "0", "-map", "1", "-c:a", "flac", "-disposition:a:1", "default", "-disposition:a:0", "0",
          source=["-f", "lavfi", "-i", CLICKS % (RATE, SECONDS), "-f", "lavfi", "-i", CLICKS % (RATE, SECONDS)])
    _, notes = desk.add((tmp_path / "two.mka").read_bytes(), "es", name="two.mka")
    assert len(notes) == 1 and notes[0].startswith("The file has more than one audio track; the one that was used is 2 (flac, 1 channel")


def test_files_that_are_no_track(desk, tmp_path):
    assert desk.refused(film(SECONDS)) == "The file is a video. Export its sound alone, for example as M4A, FLAC or WAV, and upload that."
    assert desk.refused(film(SECONDS, sound=False)) == "The file has no audio track."
    assert desk.refused(b"This is a text. " * 100) == "The file is not an audio file: unknown container format."
    assert desk.refused(audio(tmp_path / "long.mp3", "-c:a", "libmp3lame", seconds=60)) == "The sound is much longer than the film, which has 5 seconds."
    assert desk.refused(audio(tmp_path / "a.mp3", "-c:a", "libmp3lame", "-write_xing", "0", seconds=60)) == "The sound is much longer than the film, which has 5 seconds."
    body = bytearray(audio(tmp_path / "a.flac", "-c:a", "flac", source=["-f", "lavfi", "-i", "anoisesrc=d=5:r=48000"]))
    body[9000:] = b"\xff" * (len(body) - 9000)
    assert desk.refused(bytes(body)[:8200] + b"\0" * 100000).startswith(("The sound", "The file is incomplete", "The audio track"))
    data = bytearray(audio(tmp_path / "front.m4a", "-c:a", "aac", "-movflags", "+faststart"))
    data[data.index(b"mdat") + 4:] = b"\xff" * (len(data) - data.index(b"mdat") - 4)
    assert desk.refused(bytes(data)).startswith("The sound cannot be decoded: ")
    data = audio(tmp_path / "x.mka", "-c:a", "ac3")
    assert desk.refused(data.replace(b"\x0b\x77", b"\0\0")).startswith("The sound ")
    assert desk.refused(data.replace(b"A_AC3", b"A_XYZ")).startswith("The sound cannot be decoded: unsupported audio codec")
    failed = desk.listed()["uploads"]
    assert [u["status"] for u in failed] == ["FAILED"] and failed[0]["audio"] == {"language": "fr", "purpose": "main"}, "the others are replaced by later ones"
    assert desk.tracks() == [("en", "main", 2, True, "embedded")]
    # The same file can be tried again; it fails again.
    desk.post("/api/admin/uploads/%s/retry" % failed[0]["id"])
    wait_for(lambda: desk.listed()["uploads"][0]["status"] == "FAILED", "the second failure")
    desk.add(audio(tmp_path / "a.m4a", "-c:a", "aac"))
    assert desk.listed()["uploads"] == []
    desk.post("/api/admin/uploads/%s/retry" % failed[0]["id"], status=409)
    desk.no_orphans()


def test_a_film_that_is_long_needs_the_whole_sound(world, tmp_path):
    desk = Desk(world, body=film(50, "160x90", 5))
    assert desk.refused(audio(tmp_path / "a.m4a", "-c:a", "aac", seconds=20)) == "The sound is much shorter than the film: it has 20 seconds of 50."


def test_what_init_refuses(world, tmp_path):
    desk = Desk(world, body=film_of_languages("eng", "fra", "deu", "spa", "ita", "yor", "ibo"))
    assert desk.ask(status=409)["message"] == "The film itself has an audio track with this language and purpose"
    for tag in ("no tag", "", "und", "x" * 40):
        assert desk.ask(language=tag, status=400)["message"] == "language must be a tag of BCP 47, such as en or pt-BR"
    for field in ("language", "purpose", "fileName", "bytesTotal"):
        assert field in json.dumps(desk.ask(**{field: None}, status=400))
    assert "purpose" in json.dumps(desk.ask(purpose="karaoke", status=400))
    assert desk.ask("titles/987654", language="pt", status=404)["message"] == "Title not found"
    assert desk.ask("episodes/987654", language="pt", status=404)["message"] == "Episode not found"
    body = audio(tmp_path / "a.m4a", "-c:a", "aac", seconds=2)
    first = desk.begin(body, "pt")
    late = desk.begin(body, "en", "commentary") if desk.job(first)[0] == "PROCESSING" else None
    assert desk.ended(first)[0] == "COMPLETED"
    if late:  # both were begun when there was room for one
        assert desk.ended(late)[:2] == ("FAILED", "A film has at most 8 audio tracks.")
    assert desk.ask(language="ja", status=409)["message"] == "A film has at most 8 audio tracks"
    desk.add(body, "pt")  # replaces
    assert len(desk.tracks()) == 8
    empty, = desk.world.rows("""INSERT INTO "Title" (type, name, "updatedAt") VALUES ('MOVIE', 'No film', now()) RETURNING id""")[0]
    assert desk.ask("titles/%s" % empty, language="pt", status=409)["message"].startswith("The film is not ready to get audio tracks")


def test_a_film_without_sound_gets_one(world, tmp_path):
    desk = Desk(world, body=film(SECONDS, sound=False))
    assert desk.tracks() == [] and desk.playback()["audio"] == []
    desk.add(audio(tmp_path / "a.m4a", "-c:a", "aac"))
    assert desk.tracks() == [("fr", "main", 2, True, "added")]
    assert 'LANGUAGE="fr",DEFAULT=YES' in desk.playlist("master.m3u8") and "mp4a.40.2" in desk.playlist("master.m3u8")


def test_an_episode_gets_a_track(world, tmp_path):
    desk = Desk(world)
    body = film(SECONDS)
    desk.new_film(body, kind="EPISODE", titleName="A series", episodeName="Pilot")
    (episode,), = world.rows('SELECT id FROM "Episode"')
    sound = audio(tmp_path / "a.m4a", "-c:a", "aac")
    made = desk.begin(sound, "yo", "clear", film="episodes/%s" % episode)
    assert desk.ended(made)[:2] == ("COMPLETED", None)
    answer = desk.a.get("/api/admin/episodes/%s/audio" % episode, token=desk.token).json()
    assert [(t["language"], t["kind"]) for t in answer["audio"]] == [("en", "main"), ("yo", "clear")]
    assert world.rows("SELECT DISTINCT title_id, episode_id FROM wanzami.stream WHERE upload_job_id IS NOT NULL") == [(None, episode)]
    assert desk.tracks() == [("en", "main", 2, True, "embedded")]


def test_tracks_go_with_their_film(desk, tmp_path):
    made, _ = desk.add(audio(tmp_path / "a.m4a", "-c:a", "aac"))
    # The same upload again: the tracks stay.
    desk.world.rows("UPDATE wanzami.transcode_job SET state = 'failed' WHERE upload_job_id = %s", (desk.film["jobId"],))
    desk.world.rows("""UPDATE "UploadJob" SET status = 'PROCESSING' WHERE id = %s""", (desk.film["jobId"],))
    desk.world.rows("""SELECT wanzami.transcode_enqueue(%s, '{R360}')""", (desk.film["jobId"],))
    desk.ended(desk.film)
    assert desk.tracks() == [("en", "main", 2, True, "embedded"), ("fr", "main", 2, False, "added")]
    # A new film: they go; a track that was uploaded after it waits for it.
    keys = {row[5] for row in desk.rows()}
    body, sound = film(SECONDS + 1, "640x360", 25), audio(tmp_path / "b.m4a", "-c:a", "aac", seconds=SECONDS + 1)
    new = desk.init(bytesTotal=len(body), titleId=str(desk.title), renditions=["R720", "R360"])
    desk.complete(new, desk.put(new, body))
    late = desk.begin(sound, "de")
    assert desk.ended(new)[0] == "COMPLETED" and desk.ended(late)[:2] == ("COMPLETED", None)
    assert desk.tracks() == [("en", "main", 2, True, "embedded"), ("de", "main", 2, False, "added")]
    assert desk.world.rows("SELECT notes FROM wanzami.transcode_job WHERE upload_job_id = %s", (late["jobId"],)) == [([],)]
    assert {key for key, in desk.world.rows("SELECT key FROM wanzami.object_trash WHERE reason = 'replaced'")} >= keys
    assert desk.a.delete("/api/admin/titles/%s" % desk.title, token=desk.token).status_code == 204
    desk.no_orphans()
    assert desk.world.store.keys(desk.world.bucket) == []


def test_the_language_of_the_title_stays_that_of_the_film_itself(desk, tmp_path):
    said = lambda: [(t["language"], t["kind"]) for t in desk.playback()["audio"]]
    desk.world.rows("""UPDATE "Title" SET language = 'Yoruba'""")
    assert said() == [("yo", "main")]
    desk.add(audio(tmp_path / "a.m4a", "-c:a", "aac"))
    assert said() == [("yo", "main"), ("fr", "main")]
    # A language that an added track has meanwhile is not used twice, even for tracks whose purpose an earlier release has not stored.
    for purpose in ("purpose", "NULL"):
        desk.world.rows("UPDATE wanzami.stream SET purpose = %s WHERE asset_version_id IS NULL AND upload_job_id IS NULL" % purpose)
        desk.world.rows("""UPDATE "Title" SET language = 'French', "updatedAt" = now()""")
        assert said() == [("und", "main"), ("fr", "main")]


def test_an_upload_that_an_older_process_completes_is_a_track(desk, tmp_path):
    """An API process of the release before asks for renditions, and has a film in the queue."""
    body, sound = film(SECONDS), audio(tmp_path / "a.m4a", "-c:a", "aac")
    made = desk.ask(bytesTotal=len(sound))
    desk.complete(made, desk.put(made, sound))
    assert desk.ended(made)[0] == "COMPLETED"
    desk.world.rows("UPDATE wanzami.transcode_job SET state = 'failed' WHERE upload_job_id = %s", (made["jobId"],))
    waiting = desk.init(bytesTotal=len(body), titleId=str(desk.title), renditions=["R360"])
    desk.complete(waiting, desk.put(waiting, body))
    desk.world.rows("""UPDATE "UploadJob" SET status = 'PROCESSING' WHERE id = %s""", (made["jobId"],))
    desk.world.rows("SELECT wanzami.transcode_enqueue(%s, '{R1080,R720,R360}')", (made["jobId"],))
    assert desk.ended(waiting)[:2] == ("COMPLETED", None) and desk.ended(made)[:2] == ("COMPLETED", None)
    assert desk.tracks()[1:] == [("fr", "main", 2, False, "added")]


def test_a_later_upload_of_a_track_stays(desk, tmp_path):
    """Two workers may end in the wrong order."""
    sound = audio(tmp_path / "a.m4a", "-c:a", "aac")
    first, second = desk.add(sound)[0], desk.add(sound)[0]
    before = desk.rows()
    (fence,), = desk.world.rows("UPDATE wanzami.transcode_job SET state = 'running', lease_until = now() + interval '1 hour' WHERE upload_job_id = %s RETURNING fence", (first["jobId"],))
    made = json.dumps([{"object_key": "vod/%s/late.m4a" % first["jobId"], "audio": {"kind": "audio"}}])
    desk.world.rows("""INSERT INTO wanzami.object_trash (key, upload_job_id, fence, reason, delete_after)
        VALUES (%s, %s, %s, 'unfinished', now() + interval '1 hour')""", ("vod/%s/late.m4a" % first["jobId"], first["jobId"], fence))
    assert desk.world.rows("SELECT wanzami.transcode_finish(%s, %s, %s)", (first["jobId"], fence, made)) == [("done",)]
    assert desk.rows() == before and second["jobId"] in str(desk.listed()["audio"][1])


@pytest.mark.errors("worker died")
def test_a_worker_that_is_killed_leaves_no_half_track(world, tmp_path):
    desk = Desk(world, body=film(120, "160x90", 5))
    sound = audio(tmp_path / "a.flac", "-c:a", "flac", seconds=120)
    for lost in range(2):
        made = desk.begin(sound, "fr", name="a.flac")
        wait_for(lambda: desk.world.rows("SELECT (progress ->> 'percent')::float > 0 FROM wanzami.transcode_job WHERE upload_job_id = %s AND state = 'running'",
                                         (made["jobId"],)) == [(True,)], "the encoding", 300)
        before = desk.rows()
        os.kill(wait_for(lambda: desk.a.workers() and desk.a.workers()[-1], "the worker"), signal.SIGKILL)
        assert desk.rows() == before, "no half track is listed"
        assert desk.ended(made)[:2] == ("COMPLETED", None)
        assert desk.world.rows("SELECT attempts FROM wanzami.transcode_job WHERE upload_job_id = %s", (made["jobId"],)) == [(2,)]
        assert len(desk.rows()) == 2
    desk.no_orphans()
    at = clicks(desk.fetch(desk.rows()[0][5], tmp_path / "made.m4a"))
    assert len(at) == 119 and max(abs(t - n) for n, t in enumerate(at, 1)) <= 0.01


def test_a_track_of_a_film_that_was_replaced_meanwhile(desk, tmp_path):
    """The worker learns at the end that the film is another one, and fits the track to that."""
    made, _ = desk.add(audio(tmp_path / "a.m4a", "-c:a", "aac"))
    (fence,), = desk.world.rows("SELECT fence FROM wanzami.transcode_job WHERE upload_job_id = %s", (made["jobId"],))
    desk.world.rows("UPDATE wanzami.transcode_job SET state = 'running', lease_until = now() + interval '1 hour', audio = audio || '{\"film\": 999}' WHERE upload_job_id = %s", (made["jobId"],))
    assert desk.world.rows("SELECT wanzami.transcode_finish(%s, %s, '[]')", (made["jobId"], fence)) == [("lost",)]
    assert len(desk.rows()) == 2
