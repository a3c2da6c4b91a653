"""Subtitles and captions that editors add to a title or an episode, with an S3 server and with a directory."""
import json
import re
import urllib.parse

import pytest
import requests

from accounts import Account, audit
from editor import Api

SRT = "1\n00:00:01,000 --> 00:00:02,500\n<i>One</i> & {\\an8}two\n\n2\n00:00:03,000 --> 00:00:04,000\ncaf\u00e9\n"
VTT = "WEBVTT\n\n00:00:01.000 --> 00:00:02.500\n<i>One</i> &amp; two\n\n00:00:03.000 --> 00:00:04.000\ncaf\u00e9\n"
TYPES = {"srt": "application/x-subrip", "vtt": "text/vtt"}


@pytest.fixture(params=["s3", "directory"])
def api(request, world, tmp_path):
    return Text(world, str(tmp_path / "media") if request.param == "directory" else None)


@pytest.fixture
def s3(world):
    return Text(world)


class Text(Api):
    """The API with a title and an episode."""

    def __init__(self, world, folder=None, **env):
        super().__init__(world, folder, **env)
        self.title, = world.rows("""INSERT INTO "Title" (type, name, archived, "pendingReview", "updatedAt") VALUES ('SERIES', 'Show', false, false, now()) RETURNING id""")[0]
        self.episode, = world.rows("""INSERT INTO "Episode" ("titleId", "seasonNumber", "episodeNumber", name, "updatedAt")
            VALUES (%s, 1, 1, 'Pilot', now()) RETURNING id""", (self.title,))[0]

    def send(self, body, path=None, kind="srt", token=None, **query):
        path = path or "/api/admin/titles/%s/text" % self.title
        return self.a.request("POST", "%s?%s" % (path, urllib.parse.urlencode({"language": "en", **query})), token=token or self.token,
                              data=body if isinstance(body, bytes) else body.encode(), headers={"Content-Type": TYPES[kind]})

    def add(self, body, **more):
        r = self.send(body, **more)
        assert r.status_code == 201, r.text
        return r.json()["text"]

    def listed(self, path=None):
        r = self.a.get(path or "/api/admin/titles/%s/text" % self.title, token=self.token)
        assert r.status_code == 200, r.text
        return r.json()["text"]

    def trash(self):
        return self.world.rows("SELECT key, reason, delete_after > now() + interval '23 hours' FROM wanzami.object_trash ORDER BY created_at")

    def keys(self):
        return [key for key, in self.world.rows("SELECT object_key FROM wanzami.text_track ORDER BY id")]

    def shown(self, way="direct", episode=False):
        """Returns what a route for players gets, with the object keys in place of URLs."""
        found = self.world.rows("SELECT wanzami.text_tracks(%s, %s, %s, 'P')", (None, self.episode, way) if episode else (self.title, None, way))[0][0]
        return [(t["language"], t["label"], t["kind"], t["default"], t["forced"], t["url"]) for t in found]


def fetched(text):
    r = requests.get(text["url"], timeout=30)
    assert r.status_code == 200 and r.headers["Content-Type"] == "text/vtt", r.headers
    return r.content.decode()


def test_a_file_is_added_listed_and_deleted(api):
    made = api.add(SRT, language="por_br", label="Portugu\u00eas")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", made["createdAt"])
    assert {k: v for k, v in made.items() if k not in ("id", "url", "createdAt")} == {
        "language": "pt-BR", "label": "Portugu\u00eas", "kind": "subtitles", "default": False, "forced": False, "origin": "sidecar"}
    assert fetched(made) == VTT
    assert [t["id"] for t in api.listed()] == [made["id"]] and fetched(api.listed()[0]) == VTT
    assert api.trash() == [] and re.fullmatch(r"vod/text/[0-9a-f]{32}\.vtt", api.keys()[0])
    assert [row[1:] for row in audit(api.world, "TEXT_CREATE")] == [(made["id"], {"titleId": str(api.title), "language": "pt-BR", "kind": "subtitles"})]
    key, = api.keys()
    assert api.a.delete("/api/admin/text/%s" % made["id"], token=api.token).status_code == 204
    assert api.listed() == [] and api.trash() == [(key, "deleted", False)]
    assert [row[1:] for row in audit(api.world, "TEXT_DELETE")] == [(made["id"], {"titleId": str(api.title), "language": "pt-BR", "kind": "subtitles"})]
    assert api.a.delete("/api/admin/text/%s" % made["id"], token=api.token).status_code == 404


def test_an_episode_has_text_of_its_own(s3):
    path = "/api/admin/episodes/%s/text" % s3.episode
    made = s3.add(VTT, path=path, kind="vtt", language="eng")
    assert made["language"] == "en" and fetched(made) == VTT
    assert [t["id"] for t in s3.listed(path)] == [made["id"]] and s3.listed() == []
    assert s3.shown(episode=True) == [("en", "English", "subtitles", False, False, "P:43200:" + s3.keys()[0])] and s3.shown() == []
    assert audit(s3.world, "TEXT_CREATE")[0][2]["episodeId"] == str(s3.episode)
    key, = s3.keys()
    assert s3.a.delete("/api/admin/episodes/%s" % s3.episode, token=s3.token).status_code == 204
    assert s3.keys() == [] and s3.trash() == [(key, "deleted", False)]


@pytest.mark.parametrize("body", [SRT.encode(), b"\xef\xbb\xbf" + SRT.encode(), SRT.encode("utf-16"), SRT.encode("windows-1252"), SRT.replace("\n", "\r\n").encode(),
                                  VTT.encode(), VTT.encode("utf-16")], ids=["utf-8", "bom", "utf-16", "windows-1252", "crlf", "webvtt", "webvtt-utf-16"])
def test_encodings(s3, body):
    assert fetched(s3.add(body, kind="vtt")) == VTT


def test_a_file_replaces_one_of_the_same_language_kind_and_label(s3):
    first = s3.add(SRT)
    old = s3.keys()[0]
    for more in ({"language": "fr"}, {"label": "English"}):
        s3.add(SRT, **more)
    captions = s3.a.request("POST", "/api/admin/titles/%s/text?language=en&kind=captions" % s3.title, token=s3.token, data=SRT.encode()).json()["text"]
    assert captions["kind"] == "captions" and len(s3.listed()) == 4 and s3.trash() == []
    second = s3.add(SRT.replace("One", "1"), language="ENG")
    assert len(s3.listed()) == 4 and first["id"] not in [t["id"] for t in s3.listed()] and fetched(second) == VTT.replace("One", "1")
    assert s3.trash() == [(old, "replaced", True)], "players that have loaded the URL can finish"


@pytest.mark.parametrize("body, says", [
    (b"", "The file has no cue with text: it is neither SubRip (.srt) nor WebVTT (.vtt)."),
    (b"\x00\x00\x00\x18ftypmp42", "The file is no text: it is neither SubRip (.srt) nor WebVTT (.vtt)."),
    (b"{\"text\":1}", "The file has no cue with text: it is neither SubRip (.srt) nor WebVTT (.vtt)."),
    (b"1\n00:00:01,000 --> 00:00:xx\nOne\n", "Line 2: the times cannot be read; an example is 00:01:02.500 --> 00:01:04.000"),
    (SRT.encode() + b"\n3\n00:00:09,000 --> 00:00:08,000\nThree\n", "Line 10: the cue ends before it begins."),
    (b"".join(b"00:00:01 --> 00:00:02\n%d\n\n" % i for i in range(20001)), "Line 60001: the file is too large; 20000 cues and 2 MB are the limit."),
], ids=["empty", "binary", "json", "times", "order", "count"])
def test_a_file_that_cannot_be_read_is_refused(s3, body, says):
    r = s3.send(body)
    assert (r.status_code, r.json()) == (422, {"message": says})
    assert s3.listed() == [] and [row[1:] for row in s3.trash()] == [("unfinished", False)]


def test_hostile_files_cannot_break_out(s3):
    made = s3.add("1\n00:00:01,000 --> 00:00:02,000\n<script>alert(1)</script>\n\n<b onclick=\"x\">--> \n\nNOTE\n\nSTYLE\n::cue{}\n" +
                  "<" * 1000 + "&" * 1000 + "{\\" * 1000 + "\n")
    head, cue = fetched(made).split("\n\n")
    assert head == "WEBVTT" and cue.startswith("00:00:01.000 --> 00:00:02.000\n&lt;script&gt;alert(1)&lt;/script&gt;\n<b>--&gt;\nNOTE\nSTYLE\n::cue{}\n&lt;")
    assert re.findall(r"<[^>]*>", cue) == ["<b>", "</b>"]


def test_arguments(s3):
    path = "/api/admin/titles/%s/text" % s3.title
    language = "language must be a tag of BCP 47, such as en or pt-BR"
    for query, status, says in (("", 400, language), ("language=", 400, language), ("language=english", 400, language), ("language=en&kind=lyrics", 400, "Invalid kind"),
                                ("language=en&label=" + "x" * 101, 400, "label must have at most 100 characters")):
        r = s3.a.request("POST", path + "?" + query, token=s3.token, data=SRT.encode())
        assert (r.status_code, r.json()["message"]) == (status, says), query
    for path, noun in (("/api/admin/titles/999999/text", "Title"), ("/api/admin/episodes/999999/text", "Episode")):
        assert s3.send(SRT, path=path).json() == {"message": noun + " not found"}
        assert s3.a.get(path, token=s3.token).json() == {"message": noun + " not found"}
    assert s3.send(b"x" * (2 << 20) + b"x").status_code == 413
    assert s3.trash() == [] and s3.listed() == []


def test_a_film_has_at_most_a_hundred_files(s3):
    s3.world.rows("""INSERT INTO wanzami.text_track (title_id, language, kind, object_key, origin) SELECT %s, 'en', 'subtitles', 'vod/text/' || n, 'sidecar'
        FROM generate_series(1, 100) n""", (s3.title,))
    r = s3.send(SRT)
    assert (r.status_code, r.json()) == (409, {"message": "The film has too many text files"})


def test_permissions(world):
    s3 = Text(world, ADMIN_PERMISSIONS="strict")
    made = s3.add(SRT)
    path = "/api/admin/titles/%s/text" % s3.title
    for role, read, write, deleted in (("MODERATOR", 403, 403, 403), ("CONTENT_MANAGER", 200, 201, 204)):
        token = Account(world, role).token
        assert s3.a.get(path, token=token).status_code == read
        assert s3.send(SRT, token=token, label=role).status_code == write
        assert s3.a.delete("/api/admin/text/%s" % made["id"], token=token).status_code == deleted


def test_what_players_get(s3):
    """A sidecar file hides the track of the film in its language and kind; one track at most is the default; without access there are no URLs."""
    def embedded(language, kind="subtitles", default=False, forced=False, label=""):
        s3.world.rows("""INSERT INTO wanzami.text_track (title_id, upload_job_id, language, label, kind, is_default, is_forced, object_key, origin)
            VALUES (%s, 1, %s, %s, %s, %s, %s, %s, 'embedded')""", (s3.title, language, label, kind, default, forced, "vod/1/%s-%s-%s" % (language, kind, forced)))
    embedded("en", default=True)
    embedded("en", forced=True)
    embedded("fr", default=True, label="Fran\u00e7ais")
    embedded("en", "captions")
    assert s3.shown() == [("en", "English", "subtitles", True, False, "P:43200:vod/1/en-subtitles-False"), ("en", "English", "captions", False, False, "P:43200:vod/1/en-captions-False"),
                          ("fr", "Fran\u00e7ais", "subtitles", False, False, "P:43200:vod/1/fr-subtitles-False"), ("en", "English", "subtitles", False, True, "P:43200:vod/1/en-subtitles-True")]
    s3.add(SRT, label="English")
    assert s3.shown("gate") == [("en", "English", "subtitles", False, False, None), ("en", "English", "captions", False, False, None),
                                ("fr", "Fran\u00e7ais", "subtitles", True, False, None), ("en", "English", "subtitles", False, True, None)]


def test_the_playback_route_lists_text(s3):
    made = s3.add(SRT, label="English")
    found = s3.a.get("/api/titles/%s/playback" % s3.title).json()["text"]
    assert [{**t, "url": fetched(t)} for t in found] == [{"language": "en", "label": "English", "kind": "subtitles", "default": False, "forced": False, "url": VTT}]
    assert s3.a.get("/api/episodes/%s/playback" % s3.episode).json()["text"] == []
    s3.world.rows("""UPDATE "Title" SET "isPpv" = true, "ppvPriceNaira" = 3000, "ppvCurrency" = 'NGN'""")
    assert [t["url"] for t in s3.a.get("/api/titles/%s/playback" % s3.title, token=Account(s3.world).token).json()["text"]] == [None]
    assert s3.a.delete("/api/admin/text/%s" % made["id"], token=s3.token).status_code == 204
    assert s3.a.get("/api/titles/%s/playback" % s3.title).json()["text"] == []


def test_a_file_that_is_not_stored_stays_in_the_trash(world, tmp_path):
    api = Text(world, S3_ENDPOINT="http://127.0.0.1:1")
    r = api.send(SRT)
    assert (r.status_code, r.json()) == (500, {"message": "The file could not be stored"})
    assert api.listed() == [] and [row[1:] for row in api.trash()] == [("unfinished", False)]
    assert json.dumps(r.json()).count("127.0.0.1") == 0
