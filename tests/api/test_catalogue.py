"""Editing of the catalogue, and viewer events (docs/compatibility.md#editing-titles-seasons-and-episodes, #events)."""
import concurrent.futures
import json

import pytest

from test_auth import api, login, user  # noqa: F401


@pytest.fixture
def editor(api):  # noqa: F811
    api.me = user(api, "editor@example.com", role="CONTENT_MANAGER")
    api.token = login(api, "editor@example.com", path="/api/admin/login").json()["accessToken"]
    return api


def call(a, method, path, body=None, status=200):
    r = a.request(method, "/api" + path, token=a.token, json=body)
    assert r.status_code == status, r.text
    return r.json() if r.content else None


def audits(a):
    a.db.execute('SELECT "userId", action, resource, detail FROM "AdminAuditLog" WHERE action <> \'ADMIN_LOGIN\' ORDER BY id')
    return a.db.fetchall()


def test_a_series_is_created_published_edited_and_deleted(editor):
    a = editor
    title = call(a, "POST", "/admin/titles", {"name": "S", "type": "SERIES", "pendingReview": True, "seasons": [{"seasonNumber": "1"}]}, 201)["title"]["id"]
    first = call(a, "POST", "/admin/titles/%s/episodes" % title, {"seasonNumber": 1, "episodeNumber": 1, "name": "One"}, 201)["episode"]
    second = call(a, "POST", "/admin/titles/%s/episodes" % title, {"seasonNumber": 4, "episodeNumber": 1, "name": "Two"}, 201)["episode"]
    assert a.get("/api/titles/" + title).status_code == 404
    call(a, "POST", "/admin/titles/%s/publish" % title)
    assert [e["name"] for e in a.get("/api/titles/" + title).json()["title"]["episodes"]] == ["One", "Two"]
    moved = call(a, "PATCH", "/admin/seasons/" + second["seasonId"], {"seasonNumber": 2})["season"]
    assert moved["seasonNumber"] == 2
    detail = call(a, "GET", "/admin/titles/" + title)["title"]
    assert [(e["name"], e["seasonNumber"]) for e in detail["episodes"]] == [("One", 1), ("Two", 2)] and detail["seasonCount"] == 2
    assert call(a, "PATCH", "/admin/seasons/" + second["seasonId"], {"seasonNumber": 1}, 409)["message"] == "Season number already exists"
    call(a, "DELETE", "/admin/seasons/" + second["seasonId"], status=204)
    call(a, "DELETE", "/admin/episodes/" + first["id"], status=204)
    call(a, "DELETE", "/admin/titles/" + title, status=204)
    a.db.execute('SELECT (SELECT count(*) FROM "Title"), (SELECT count(*) FROM "Season"), (SELECT count(*) FROM "Episode")')
    assert a.db.fetchone() == (0, 0, 0)
    assert [(r[0], r[1]) for r in audits(a)] == [(a.me, x) for x in (
        "TITLE_CREATE", "EPISODE_CREATE", "EPISODE_CREATE", "TITLE_PUBLISH", "SEASON_UPDATE", "SEASON_DELETE", "EPISODE_DELETE", "TITLE_DELETE")]


def test_an_invalid_field_is_refused_and_nothing_is_stored(editor):
    a = editor
    title = call(a, "POST", "/admin/titles", {"name": "T", "type": "MOVIE", "runtimeMinutes": 90}, 201)["title"]["id"]
    before = call(a, "GET", "/admin/titles/" + title)
    for body, message in [
            ({"name": 5}, "Invalid name"), ({"name": None}, "Invalid name"), ({"description": {}}, "Invalid description"), ({"archived": "yes"}, "Invalid archived"),
            ({"archived": None}, "Invalid archived"), ({"releaseYear": 20170}, "Invalid releaseYear"), ({"releaseYear": "soon"}, "Invalid releaseYear"),
            ({"runtimeMinutes": 1.5}, "Invalid runtimeMinutes"), ({"runtimeMinutes": 3000000000}, "Invalid runtimeMinutes"),
            ({"releaseDate": "yesterday"}, "Invalid releaseDate"), ({"releaseDate": "2017-13-01"}, "Invalid releaseDate"), ({"ppvPriceNaira": 1e300}, "Invalid ppvPriceNaira")]:
        assert call(a, "PATCH", "/admin/titles/" + title, {"description": "new", **body}, 400) == {"message": message}, body
        assert call(a, "GET", "/admin/titles/" + title) == before and len(audits(a)) == 1, body


def test_null_clears_a_field_and_an_absent_field_is_unchanged(editor):
    a = editor
    title = call(a, "POST", "/admin/titles", {"name": "T", "type": "MOVIE", "runtimeMinutes": "90", "introStartSec": 5, "releaseYear": 2001, "genres": ["A", 5]}, 201)["title"]["id"]
    call(a, "PATCH", "/admin/titles/" + title, {"runtimeMinutes": "", "introStartSec": None, "releaseYear": None, "ppvCurrency": None})
    t = call(a, "GET", "/admin/titles/" + title)["title"]
    assert (t["runtimeMinutes"], t["introStartSec"], t["releaseDate"], t["ppvCurrency"], t["genres"]) == (None, None, None, "NGN", ["A", "5"])
    assert "releaseYear" not in t


def test_members_of_a_title_have_the_documented_order(editor):
    a = editor
    dated, undated = (call(a, "POST", "/admin/titles", {"name": "T", "type": "MOVIE", **year}, 201)["title"]["id"] for year in ({"releaseYear": 2001}, {}))
    with_year, without = (list(call(a, "GET", "/titles/" + title)["title"]) for title in (dated, undated))
    assert with_year[with_year.index("updatedAt"):] == ["updatedAt", "releaseYear", "isPpv", "ppvPriceNaira", "ppvCurrency", "ppvDescription",
                                                        "episodeCount", "assetVersions", "episodes", "seasons"]
    assert without == [name for name in with_year if name != "releaseYear"]


def test_an_empty_name_is_accepted_and_an_array_body_changes_nothing(editor):
    a = editor
    title = call(a, "POST", "/admin/titles", {"name": "T", "type": "SERIES", "description": "d"}, 201)["title"]["id"]
    episode = call(a, "POST", "/admin/titles/%s/episodes" % title, {"seasonNumber": 1, "episodeNumber": 1, "name": "E"}, 201)["episode"]["id"]
    assert call(a, "PATCH", "/admin/titles/" + title, {"name": ""}) == {"title": {"id": title, "name": "", "type": "SERIES"}}
    assert call(a, "PATCH", "/admin/episodes/" + episode, {"name": "", "seasonNumber": 2})["episode"]["name"] == ""
    assert audits(a)[-1][3] == {"fields": ["seasonNumber", "seasonId", "name"]}
    assert call(a, "PATCH", "/admin/titles/" + title, ["name", "description", "archived"])["title"]["name"] == ""
    assert call(a, "GET", "/admin/titles/" + title)["title"]["description"] == "d" and audits(a)[-1][3] == {"fields": []}
    for body in ({"name": "", "type": "MOVIE"}, ["name", "type"]):
        assert call(a, "POST", "/admin/titles", body, 400) == {"message": "name and type are required"}


def test_publishing_a_title_publishes_all_episodes(editor):
    a = editor
    title = call(a, "POST", "/admin/titles", {"name": "S", "type": "SERIES"}, 201)["title"]["id"]
    a.db.execute("""INSERT INTO "Episode" ("titleId", "seasonNumber", "episodeNumber", name, "pendingReview", "updatedAt")
        SELECT %s, 1, n, 'E', n = 1, '2020-01-01' FROM generate_series(1, 2) n""", (title,))
    for asked, published in (({"publishEpisodes": False}, 0), (None, 2)):
        call(a, "POST", "/admin/titles/%s/publish" % title, asked)
        a.db.execute('SELECT count(*) FROM "Episode" WHERE NOT "pendingReview" AND "updatedAt" > \'2020-01-01\'')
        assert a.db.fetchone() == (published,)


def test_a_change_of_an_older_state_is_refused(editor):
    a = editor
    title = call(a, "POST", "/admin/titles", {"name": "T", "type": "MOVIE"}, 201)["title"]["id"]
    path = "/admin/titles/" + title
    a.db.execute("""UPDATE "Title" SET "updatedAt" = timestamp '2020-01-01 10:00:00.125'""")
    known = call(a, "GET", path)["title"]["updatedAt"]
    call(a, "PATCH", path, {"language": "yo", "expectedUpdatedAt": known})
    assert call(a, "PATCH", path, {"name": "U", "expectedUpdatedAt": known}, 409) == {"message": "The title has been changed meanwhile"}
    assert call(a, "PATCH", path, {"expectedUpdatedAt": 5}, 400) == {"message": "Invalid expectedUpdatedAt"}
    assert call(a, "GET", path)["title"]["name"] == "T" and len(audits(a)) == 2
    call(a, "PATCH", path, {"name": "V", "expectedUpdatedAt": None})
    assert call(a, "GET", path)["title"]["name"] == "V"


def test_who_changed_a_title_and_what_a_person_did(editor):
    a = editor
    root = user(a, "root@example.com", role="SUPER_ADMIN")
    title = call(a, "POST", "/admin/titles", {"name": "S", "type": "SERIES"}, 201)["title"]["id"]
    other = call(a, "POST", "/admin/titles", {"name": "T", "type": "MOVIE"}, 201)["title"]["id"]
    episode = call(a, "POST", "/admin/titles/%s/episodes" % title, {"seasonNumber": 1, "episodeNumber": 1, "name": "One"}, 201)["episode"]
    call(a, "PATCH", "/admin/seasons/" + episode["seasonId"], {"name": "First"})
    call(a, "PATCH", "/admin/episodes/" + episode["id"], {"name": "Two"})
    call(a, "DELETE", "/admin/episodes/" + episode["id"], status=204)
    path = "/admin/titles/%s/audit" % title
    expected = ["EPISODE_DELETE", "EPISODE_UPDATE", "SEASON_UPDATE", "EPISODE_CREATE", "TITLE_CREATE"]
    entries = call(a, "GET", path)["entries"]
    assert [e["action"] for e in entries] == expected and entries[1]["detail"] == {"fields": ["name"]}
    assert entries[0]["user"] == {"id": str(a.me), "email": "editor@example.com", "name": entries[0]["user"]["name"]}
    assert [e["action"] for e in call(a, "GET", path + "?limit=2&offset=1")["entries"]] == expected[1:3]
    uploaded = call(a, "POST", "/admin/titles/%s/episodes" % title, {"seasonNumber": 2, "episodeNumber": 7, "name": "Four"}, 201)["episode"]["id"]
    a.db.execute('DELETE FROM "AdminAuditLog" WHERE resource = %s AND action = %s', (uploaded, "EPISODE_CREATE"))  # an upload that makes an episode leaves no row
    call(a, "DELETE", "/admin/episodes/" + uploaded, status=204)
    expected[:0] = ["EPISODE_DELETE"]
    entries = call(a, "GET", path)["entries"]
    assert [e["action"] for e in entries] == expected and entries[0]["detail"] == {"titleId": title, "seasonNumber": 2, "episodeNumber": 7}
    old = call(a, "POST", "/admin/titles/%s/episodes" % title, {"seasonNumber": 2, "episodeNumber": 8, "name": "Five"}, 201)["episode"]["id"]
    call(a, "DELETE", "/admin/episodes/" + old, status=204)
    a.db.execute('UPDATE "AdminAuditLog" SET detail = NULL WHERE resource = %s AND action = %s', (old, "EPISODE_DELETE"))  # as the old service wrote it
    expected[:0] = ["EPISODE_DELETE", "EPISODE_CREATE"]
    again = call(a, "POST", "/admin/titles/%s/episodes" % title, {"seasonNumber": 1, "episodeNumber": 2, "name": "Three"}, 201)["episode"]
    call(a, "DELETE", "/admin/seasons/" + again["seasonId"], status=204)
    expected[:0] = ["SEASON_DELETE", "EPISODE_CREATE"]
    entries = call(a, "GET", path)["entries"]
    assert [e["action"] for e in entries] == expected and entries[0]["detail"] == {"titleId": title, "episodes": 1}
    call(a, "DELETE", "/admin/titles/" + title, status=204)
    assert [e["action"] for e in call(a, "GET", path)["entries"]] == ["TITLE_DELETE"] + expected, "the seasons and episodes are gone"
    assert [e["resource"] for e in call(a, "GET", "/admin/titles/%s/audit" % other)["entries"]] == [other]
    person = "/admin/users/%s/audit" % a.me
    assert call(a, "GET", person, status=403) == {"message": "Insufficient permissions"}
    a.token = login(a, "root@example.com", path="/api/admin/login").json()["accessToken"]
    call(a, "PATCH", "/admin/users/%s/role" % a.me, {"role": "MODERATOR"})
    found = call(a, "GET", person + "?limit=3")
    assert (found["user"]["email"], found["user"]["role"]) == ("editor@example.com", "MODERATOR")
    assert [(e["action"], e["user"]["id"]) for e in found["entries"]] == [("USER_ROLE_UPDATE", str(root)), ("TITLE_DELETE", str(a.me)), ("SEASON_DELETE", str(a.me))]
    call(a, "DELETE", "/admin/users/%s" % a.me)
    gone = call(a, "GET", person)
    assert gone["user"] is None and [(e["action"], e["user"]["id"]) for e in gone["entries"]] == [("USER_DELETE", str(root)), ("USER_ROLE_UPDATE", str(root))]
    assert call(a, "GET", path)["entries"][0]["user"] is None


def test_numbers_and_dates_are_parsed_as_in_javascript(editor):
    a = editor
    title = call(a, "POST", "/admin/titles", {"name": "T", "type": "SERIES", "maturityRating": None, "runtimeMinutes": "0x5A", "introStartSec": True,
                                              "introEndSec": " 1e2 ", "seasons": [{"name": "no number"}, {"seasonNumber": 0}]}, 201)["title"]["id"]
    t = call(a, "GET", "/admin/titles/" + title)["title"]
    assert (t["runtimeMinutes"], t["introStartSec"], t["introEndSec"], t["seasonCount"]) == (90, 1, 100, 1)
    assert audits(a)[0][3] == {"name": "T", "type": "SERIES", "maturityRating": None}
    seasons = "/admin/titles/%s/seasons" % title
    assert call(a, "POST", seasons, {"seasons": [{"seasonNumber": 1}, {"seasonNumber": "first"}]}, 400) == {"message": "Invalid seasonNumber"}
    assert call(a, "POST", "/admin/titles", {"name": "U", "type": "SERIES", "seasons": [{"seasonNumber": "first"}]}, 400) == {"message": "Invalid seasonNumber"}
    skipped = [{"name": "x"}, {"seasonNumber": None}, {"seasonNumber": ""}, {"seasonNumber": False}]
    assert [s["seasonNumber"] for s in call(a, "POST", seasons, {"seasons": skipped + [{"seasonNumber": "3"}]})["seasons"]] == [3]
    for date, kept in (("2014", "2014-01-01"), ("2014-06", "2014-06-01"), ("June 3, 2014", "2014-06-03"), (" 2015-02-28 ", "2015-02-28")):
        made, = call(a, "POST", seasons, {"seasons": [{"seasonNumber": 3, "releaseDate": date}]})["seasons"]
        assert made["releaseDate"] == kept + "T00:00:00.000Z"
    for date in ("tomorrow", "infinity", "2014-13-01", "2014-06-01T10:00+99:00", "2014-06-01 Nowhere/Land", "20000-01-01", "0044-03-15 BC", 5):
        assert call(a, "POST", seasons, {"seasons": [{"seasonNumber": 3, "releaseDate": date}]}, 400) == {"message": "Invalid releaseDate"}
    assert [s["seasonNumber"] for s in call(a, "GET", seasons)["seasons"]] == [0, 3]


def test_null_fields_of_a_rendition_are_omitted(editor):
    a = editor
    title = call(a, "POST", "/admin/titles", {"name": "T", "type": "SERIES"}, 201)["title"]["id"]
    episode = call(a, "POST", "/admin/titles/%s/episodes" % title, {"seasonNumber": 1, "episodeNumber": 1, "name": "E", "pendingReview": False}, 201)["episode"]["id"]
    for column, owner in (("titleId", title), ("episodeId", episode)):
        a.db.execute('INSERT INTO "AssetVersion" ("%s", "rendition", "url", "sizeBytes", "durationSec", "status", "updatedAt") VALUES '
                     "(%%s, 'R720', 'https://cdn/720', 5, 0, 'READY', now()), (%%s, 'R360', 'https://cdn/360', 0, NULL, 'READY', now())" % column, (owner, owner))
    a.db.execute('INSERT INTO "AssetVersion" ("titleId", "rendition", "url", "status", "updatedAt") VALUES (%s, \'R1080\', \'s3://b/uploads/1\', \'PROCESSING\', now())', (title,))
    def shown(versions):
        return [{k: v[k] for k in v if k != "id"} for v in versions]
    ready = [{"rendition": "R720", "url": "https://cdn/720", "sizeBytes": 5, "durationSec": 0, "status": "READY"},
             {"rendition": "R360", "url": "https://cdn/360", "status": "READY"}]
    public = a.get("/api/titles/" + title).json()["title"]
    assert shown(public["assetVersions"]) == ready and shown(public["episodes"][0]["assetVersions"]) == ready
    edited = call(a, "GET", "/admin/titles/" + title)["title"]
    assert shown(edited["assetVersions"]) == [{"rendition": "R1080", "url": None, "status": "PROCESSING"}] + ready
    assert shown(edited["episodes"][0]["assetVersions"]) == ready
    assert shown(call(a, "GET", "/admin/titles/%s/episodes" % title)["episodes"][0]["assetVersions"]) == ready


def test_an_editor_gets_urls_of_a_draft_episode_that_can_be_played(postgres, appliance):
    url, db = postgres.create_migrated()
    a = appliance(roles="api", DATABASE_URL=url, S3_BUCKET="b", S3_ENDPOINT="http://s3.example:9000", S3_ACCESS_KEY="AK", S3_SECRET_KEY="SK").wait_healthy()
    a.db = db.cursor()
    user(a, "editor@example.com", role="CONTENT_MANAGER")
    a.token = login(a, "editor@example.com", path="/api/admin/login").json()["accessToken"]
    title = call(a, "POST", "/admin/titles", {"name": "T", "type": "SERIES"}, 201)["title"]["id"]
    episode = call(a, "POST", "/admin/titles/%s/episodes" % title, {"seasonNumber": 1, "episodeNumber": 1, "name": "E"}, 201)["episode"]["id"]
    stored = "s3://b/vod/1/R720.mp4"
    a.db.execute('INSERT INTO "AssetVersion" ("episodeId", "rendition", "url", "status", "updatedAt") VALUES (%s, \'R720\', %s, \'READY\', now())', (episode, stored))
    def urls(path, key):
        answer = call(a, "GET", "/admin/titles/" + title + path)
        return [v["url"] for e in (answer[key] if path else answer[key]["episodes"]) for v in e["assetVersions"]]
    assert urls("/episodes", "episodes") == [stored] and "audio" not in call(a, "GET", "/admin/titles/%s/episodes" % title)["episodes"][0]
    url, = urls("", "title")
    assert url.startswith("http://s3.example:9000/b/vod/1/R720.mp4?"), url


def test_deleting_a_title_records_its_sales_and_trashes_its_objects(editor):
    a = editor
    title = call(a, "POST", "/admin/titles", {"name": "T", "type": "MOVIE", "posterUrl": "s3://b/poster/1", "thumbnailUrl": "https://elsewhere/x"}, 201)["title"]["id"]
    a.db.execute('INSERT INTO "AssetVersion" ("titleId", "rendition", "url", "status", "updatedAt") VALUES (%s, \'R720\', \'s3://b/vod/1/R720.mp4\', \'READY\', now())', (title,))
    a.db.execute('INSERT INTO "PpvPurchase" ("userId", "titleId", "amountNaira", "paystackRef", "status", "updatedAt") VALUES (%s, %s, 1500, \'ref\', \'SUCCESS\', now())',
                 (a.me, title))
    call(a, "DELETE", "/admin/titles/" + title, status=204)
    a.db.execute("SELECT key FROM wanzami.object_trash ORDER BY key")
    assert [k for k, in a.db.fetchall()] == ["poster/1", "vod/1/R720.mp4"]
    sold = audits(a)[-1][3]["purchases"]
    assert len(sold) == 1 and (sold[0]["userId"], sold[0]["amountNaira"], sold[0]["paystackRef"]) == (str(a.me), 1500, "ref")


def test_artwork_is_deleted_when_no_row_refers_to_it(editor):
    a = editor
    poster, season, episode, shared = ("%s/1700000000%03d-00000000-0000-4000-8000-00000000000%d" % (kind, n, n) for n, kind in enumerate(("poster", "thumbnail", "previewVtt", "asset")))
    def made(name):
        body = {"name": name, "type": "SERIES", "posterUrl": "https://b.s3.eu-north-1.amazonaws.com/" + poster if name == "A" else None, "thumbnailUrl": "https://cdn/x/" + shared,
                "trailerUrl": "https://elsewhere/films/trailer.mp4", "seasons": [{"seasonNumber": 1, "posterUrl": season if name == "A" else shared}]}
        return call(a, "POST", "/admin/titles", body, 201)["title"]["id"]
    one, two = made("A"), made("B")
    call(a, "POST", "/admin/titles/%s/episodes" % one, {"seasonNumber": 1, "episodeNumber": 1, "name": "E", "previewVttUrl": "http://127.0.0.1:9000/b/" + episode}, 201)
    call(a, "DELETE", "/admin/titles/" + one, status=204)
    a.db.execute("SELECT key, wanzami.object_shown(key) FROM wanzami.object_trash ORDER BY key")
    assert a.db.fetchall() == [(shared, True), (poster, False), (episode, False), (season, False)]
    call(a, "DELETE", "/admin/titles/" + two, status=204)
    a.db.execute("SELECT wanzami.object_shown(%s)", (shared,))
    assert a.db.fetchone() == (False,)


def test_deleting_a_title_keeps_objects_that_another_title_refers_to(editor):
    a, film = editor, "vod/7/0a/R720.mp4"
    one, two = (call(a, "POST", "/admin/titles", {"name": n, "type": "MOVIE", "trailerUrl": "s3://b/" + film if n == "A" else None}, 201)["title"]["id"] for n in "AB")
    a.db.execute('INSERT INTO "AssetVersion" ("titleId", "rendition", "url", "status", "updatedAt") VALUES (%s, \'R720\', %s, \'READY\', now())', (two, "s3://b/" + film))
    for title, shown in ((one, True), (two, False)):
        call(a, "DELETE", "/admin/titles/" + title, status=204)
        a.db.execute("SELECT key, wanzami.object_shown(key) FROM wanzami.object_trash")
        assert a.db.fetchall() == [(film, shown)]
    source = "uploads/1/film.mkv"
    a.db.execute('INSERT INTO "UploadJob" ("status", "payload", "updatedAt") VALUES (\'PROCESSING\', %s, now())', (json.dumps({"key": source}),))
    for status, shown in (("PROCESSING", True), ("COMPLETED", False)):
        a.db.execute('UPDATE "UploadJob" SET "status" = %s', (status,))
        a.db.execute("SELECT wanzami.object_shown(%s)", (source,))
        assert a.db.fetchone() == (shown,)


def test_the_audit_log_has_ids_without_leading_zeros(editor):
    title = call(editor, "POST", "/admin/titles", {"name": "T", "type": "MOVIE"}, 201)["title"]["id"]
    call(editor, "PATCH", "/admin/titles/00" + title, {"name": "U"})
    assert audits(editor)[-1][2] == title


def test_only_administrators_may_edit(api):  # noqa: F811
    user(api)
    user(api, "finance@example.com", role="FINANCE")
    body = {"name": "x", "type": "MOVIE"}
    assert api.post("/api/admin/titles", body).status_code == 401
    assert api.post("/api/admin/titles", body, token=login(api).json()["accessToken"]).status_code == 403
    assert api.post("/api/admin/titles", body, token=login(api, "finance@example.com").json()["accessToken"]).status_code == 201


def test_strict_permissions_refuse_a_role_without_the_permission(postgres, appliance):
    url, db = postgres.create_migrated()
    a = appliance(roles="api", DATABASE_URL=url, ADMIN_PERMISSIONS="strict").wait_healthy()
    a.db = db.cursor()
    user(a, "finance@example.com", role="FINANCE")
    user(a, "editor@example.com", role="CONTENT_MANAGER")
    r = a.post("/api/admin/titles", {"name": "x", "type": "MOVIE"}, token=login(a, "finance@example.com").json()["accessToken"])
    assert (r.status_code, r.json()["message"]) == (403, "Insufficient permissions")
    assert a.post("/api/admin/titles", {"name": "x", "type": "MOVIE"}, token=login(a, "editor@example.com").json()["accessToken"]).status_code == 201


def test_concurrent_episodes_of_a_new_season_share_it(editor):
    a = editor
    title = call(a, "POST", "/admin/titles", {"name": "S", "type": "SERIES"}, 201)["title"]["id"]
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda n: call(a, "POST", "/admin/titles/%s/episodes" % title, {"seasonNumber": 7, "episodeNumber": n, "name": "E"}, 201), range(1, 9)))
    assert len({m["episode"]["seasonId"] for m in made}) == 1


def test_events_of_deleted_titles_are_kept(editor):
    a = editor
    title = call(a, "POST", "/admin/titles", {"name": "T", "type": "MOVIE"}, 201)["title"]["id"]
    assert call(a, "POST", "/events", [{"eventType": "PLAY_START", "titleId": title, "metadata": {"a": 1}},
                                       {"eventType": "PLAY_END", "titleId": 99999, "episodeId": "77", "sessionId": 88888, "occurredAt": "2999-01-01T00:00:00Z"}], 201) == {"count": 2}
    a.db.execute('SELECT "titleId", metadata, "occurredAt" < now() + interval \'6 minutes\' FROM "EngagementEvent" ORDER BY id')
    assert a.db.fetchall() == [(int(title), {"a": 1}, True),
                               (None, {"unresolvedTitleId": "99999", "unresolvedEpisodeId": "77", "unresolvedSessionId": "88888"}, True)]


def test_an_event_batch_with_one_invalid_event_is_refused_as_a_whole(editor):
    a = editor
    good = {"eventType": "SKIP"}
    for bad in ({"eventType": "SKIP", "metadata": []}, {"eventType": "SKIP", "occurredAt": "2024-01-01T24:00:00Z"}, {"eventType": "SKIP", "occurredAt": "2024-02-30T00:00:00Z"},
                {"eventType": 5}, "text", {"eventType": "SKIP", "titleId": True}, {"eventType": "SKIP", "country": 5}):
        assert call(a, "POST", "/events", [good, bad], 400)["issues"][0]["path"][0] == 1
    wrong = [{"issues": [{"code": "invalid_type", "expected": kind, "received": "null", "path": [1, "titleId"], "message": "Expected %s, received null" % kind}],
              "name": "ZodError"} for kind in ("string", "number")]
    assert call(a, "POST", "/events", [good, {**good, "titleId": None}], 400)["issues"] == [
        {"code": "invalid_union", "unionErrors": wrong, "path": [1, "titleId"], "message": "Invalid input"}]
    assert call(a, "POST", "/events", {"eventType": "it's"}, 400)["issues"][0]["message"].endswith("received 'it's'")
    for bad, message in (({"titleId": 1.5}, "Invalid titleId"), ({"sessionId": "x"}, "Invalid sessionId"), ({"profileId": "x"}, "Invalid profileId"),
                         ({"profileId": ""}, "One or more profileIds do not belong to the user"), ({"titleId": "9" * 30}, "Invalid titleId")):
        assert call(a, "POST", "/events", [good, {**good, **bad}], 400) == {"message": message}
    assert call(a, "POST", "/events", [good] * 501, 400)["message"].startswith("Too many events")
    a.db.execute('SELECT count(*) FROM "EngagementEvent"')
    assert a.db.fetchone()[0] == 0
    assert call(a, "POST", "/events", [good] * 500, 201) == {"count": 500}


def test_ids_of_events_may_be_hexadecimal(editor):
    a = editor
    title = int(call(a, "POST", "/admin/titles", {"name": "T", "type": "MOVIE"}, 201)["title"]["id"])
    call(a, "POST", "/events", [{"eventType": "SKIP", "titleId": t} for t in (title, " %d " % title, hex(title))], 201)
    assert call(a, "POST", "/events", {"eventType": "SKIP", "titleId": "0xg"}, 400) == {"message": "Invalid titleId"}
    a.db.execute('SELECT "titleId" FROM "EngagementEvent"')
    assert a.db.fetchall() == [(title,)] * 3
