"""Poster candidates of a title: listed for editors, and copied to the public artwork when one is chosen, with an S3 server and with a directory."""
import re

import pytest
import requests

from accounts import Account, audit
from editor import Api
from services import run

JPEG = b"\xff\xd8\xff\xe0 a picture \xff\xd9"


@pytest.fixture(params=["s3", "directory"])
def api(request, world, tmp_path):
    return Posters(world, str(tmp_path / "media") if request.param == "directory" else None)


@pytest.fixture
def s3(world):
    return Posters(world)


class Posters(Api):
    """The API with a series of two episodes."""

    def __init__(self, world, folder=None, **env):
        super().__init__(world, folder, **env)
        self.title, = world.rows("""INSERT INTO "Title" (type, name, archived, "pendingReview", "updatedAt") VALUES ('SERIES', 'Show', false, false, now()) RETURNING id""")[0]
        self.second, self.first = (world.rows("""INSERT INTO "Episode" ("titleId", "seasonNumber", "episodeNumber", name, "updatedAt")
            VALUES (%s, 1, %s, 'Pilot', now()) RETURNING id""", (self.title, n))[0][0] for n in (2, 1))

    def object(self, data):
        """Stores an object and returns its key."""
        made = self.post("/api/admin/assets/presign", {"contentType": "image/jpeg", "kind": "asset"})
        assert requests.put(made["url"], data=data, timeout=60).status_code == 200
        return made["key"]

    def made(self, film, posters, column="title_id"):
        """Previews of a film, as its transcode job publishes them."""
        self.world.rows("DELETE FROM wanzami.preview WHERE %s = %%s" % column, (film,))
        self.world.rows("INSERT INTO wanzami.preview (%s, upload_job_id, job_number, posters) VALUES (%%s, 1, 1, %%s)" % column, (film, posters))

    def listed(self):
        r = self.a.get("/api/admin/titles/%s/posters" % self.title, token=self.token)
        assert r.status_code == 200, r.text
        return r.json()["posters"]

    def choose(self, candidate, status=200, title=None, token=None):
        r = self.a.post("/api/admin/titles/%s/poster" % (title or self.title), {"candidate": candidate}, token=token or self.token)
        assert r.status_code == status, r.text
        return r.json()

    def poster(self):
        return self.world.rows('SELECT "posterUrl" FROM "Title" WHERE id = %s', (self.title,))[0][0]

    def trash(self):
        return self.world.rows("SELECT key, reason FROM wanzami.object_trash")


def test_a_candidate_becomes_the_poster(api):
    api.made(api.title, [api.object(JPEG + b"1"), api.object(JPEG + b"2")])
    found = api.listed()
    assert [requests.get(p["url"], timeout=60).content[-1:] for p in found] == [b"1", b"2"] and api.poster() is None
    told = api.choose(found[1]["id"])["title"]
    assert told == {"id": str(api.title), "posterUrl": api.poster()} and re.search(r"/poster/\d{13}-[0-9a-f-]{36}$", told["posterUrl"])
    copy = requests.get(told["posterUrl"], timeout=60) if api.folder else api.read("poster/" + told["posterUrl"].rsplit("/", 1)[1])
    assert copy.content == JPEG + b"2" and copy.headers["Content-Type"] == "image/jpeg"
    assert [row[1:] for row in audit(api.world, "TITLE_UPDATE")] == [(str(api.title), {"fields": ["posterUrl"]})] and api.trash() == []
    # The poster stays when another upload replaces the film, and the candidates of the film before are gone.
    api.made(api.title, [api.object(JPEG + b"3")])
    assert api.choose(found[0]["id"], 404) == {"message": "Poster candidate not found"} and api.poster() == told["posterUrl"]
    assert [p["id"] for p in api.listed()] != [] and (requests.get(told["posterUrl"], timeout=60).status_code == 200 or not api.folder)
    assert api.a.get("/api/titles/%s" % api.title).json()["title"]["posterUrl"] == told["posterUrl"]


def test_replaced_artwork_is_deleted_a_day_later_unless_it_is_shown(api):
    other, = api.world.rows("""INSERT INTO "Title" (type, name, "updatedAt") VALUES ('MOVIE', 'Other', now()) RETURNING id""")[0]
    shared, poster, trailer, again = (api.post("/api/admin/assets/presign", {"contentType": "image/jpeg", "kind": kind}) for kind in ("poster", "poster", "trailer", "poster"))
    for made in (shared, poster, trailer, again):
        assert requests.put(made["url"], data=JPEG, timeout=60).status_code == 200

    def edit(title, **fields):
        r = api.a.patch("/api/admin/titles/%s" % title, {name: made and made["publicUrl"] for name, made in fields.items()}, token=api.token)
        assert r.status_code == 200, r.text
    edit(other, posterUrl=shared)
    edit(api.title, posterUrl=shared, thumbnailUrl=poster, trailerUrl=trailer)
    edit(api.title, posterUrl=shared, thumbnailUrl=poster)
    assert api.trash() == []
    edit(api.title, posterUrl=again, thumbnailUrl=None, trailerUrl=None)
    assert sorted(api.trash()) == sorted((made["key"], "replaced") for made in (shared, poster, trailer))
    edit(other, thumbnailUrl=poster)  # a row may take up again what another has replaced
    assert api.world.rows("SELECT count(*) FROM wanzami.object_trash WHERE delete_after < now() + interval '23 hours'") == [(0,)]
    api.world.rows("UPDATE wanzami.object_trash SET delete_after = now()")
    r = run("job", "run", "store-cleanup", **api.env)
    assert r.returncode == 0 and api.trash() == [], r.stdout + r.stderr
    assert [api.read(made["key"]).status_code for made in (shared, poster, trailer, again)] == [200, 200, 404, 200]


def test_the_candidates_of_a_series_are_those_of_its_episodes(s3):
    assert s3.listed() == []
    other, = s3.world.rows("""INSERT INTO "Title" (type, name, "updatedAt") VALUES ('MOVIE', 'Other', now()) RETURNING id""")[0]
    s3.made(other, ["vod/9/x/poster-1.jpg"])
    s3.made(s3.second, ["vod/2/x/poster-%d.jpg" % n for n in (1, 2)], "episode_id")
    s3.made(s3.first, ["vod/1/x/poster-%d.jpg" % n for n in (1, 2)], "episode_id")
    s3.made(s3.title, ["vod/3/x/poster-1.jpg"])
    found = [(p["episodeId"], re.search("/(vod/[^?]+)", p["url"])[1]) for p in s3.listed()]
    one, two = str(s3.first), str(s3.second)
    assert found == [(None, "vod/3/x/poster-1.jpg"), (one, "vod/1/x/poster-1.jpg"), (one, "vod/1/x/poster-2.jpg"), (two, "vod/2/x/poster-1.jpg"), (two, "vod/2/x/poster-2.jpg")]
    s3.made(s3.title, ["vod/3/x/poster-%d.jpg" % n for n in range(60)])
    assert len(s3.listed()) == 40
    strange = s3.world.rows("SELECT md5('vod/9/x/poster-1.jpg')")[0][0]
    assert s3.choose(strange, 404) == {"message": "Poster candidate not found"}, "a candidate of another title"


def test_refusals(s3):
    s3.made(s3.title, ["vod/3/x/poster-1.jpg"])
    candidate = s3.listed()[0]["id"]
    assert s3.choose(candidate, 404) == {"message": "Poster candidate not found"}, "its object is missing"
    (key, reason), = s3.trash()
    assert key.startswith("poster/") and reason == "unfinished" and s3.poster() is None and audit(s3.world, "TITLE_UPDATE") == []
    assert s3.choose(candidate, 404, title=999999) == {"message": "Title not found"}
    assert s3.a.get("/api/admin/titles/999999/posters", token=s3.token).status_code == 404
    assert s3.choose("", 404) and s3.choose("x", 404) and s3.choose(None, 400)["message"] == "candidate: Expected string, received null"
    viewer = Account(s3.world)
    assert s3.choose(candidate, 403, token=viewer.token) and s3.a.get("/api/admin/titles/%s/posters" % s3.title, token=viewer.token).status_code == 403
    assert s3.a.get("/api/admin/titles/%s/posters" % s3.title).status_code == 401


@pytest.mark.parametrize("role, list, choose", [("ANALYTICS", 200, 403), ("CONTENT_MANAGER", 200, 404), ("SUPPORT", 403, 403)])
def test_permissions(world, role, list, choose):
    s3 = Posters(world, ADMIN_PERMISSIONS="strict")
    token = Account(world, role).token
    assert s3.a.get("/api/admin/titles/%s/posters" % s3.title, token=token).status_code == list
    s3.choose("x", choose, token=token)


def test_an_object_that_the_store_refuses(s3):
    s3.made(s3.title, ["vod//poster-1.jpg"])
    candidate, = s3.listed()
    assert s3.choose(candidate["id"], 500) == {"message": "The poster could not be stored"} and s3.poster() is None
