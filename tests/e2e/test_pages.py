"""Pages of the console beside the first one: a title, people, purchases. In Chromium; some scenes and the main path of each page in Firefox, too."""
import base64
import os
import subprocess

import pytest

from test_browser import BOTH, console, console_of, fill_operations, film, playwright  # noqa: F401

API = pytest.mark.parametrize("console", ["api"], indirect=True)
DUSK = """INSERT INTO "Title" (id, type, name, archived, "pendingReview", "updatedAt") VALUES (1, 'MOVIE', 'Dusk', true, true, now())"""


def steps(world, statements):
    """Returns a function that runs the statement of each step that the scene names, and fails if it names another one."""
    def meanwhile(p):
        for name, sql in statements:
            assert p.stderr.readline() == name + "\n"
            world.rows(sql)
    return meanwhile


@API
def test_the_details_of_a_title_are_edited(console, world):  # noqa: F811
    world.rows(DUSK)
    seen = []

    def meanwhile(p):
        assert p.stderr.readline() == "refused\n"
        seen.append(world.rows('SELECT name, description FROM "Title"'))
        steps(world, [("language", """UPDATE "Title" SET language = 'yo', "updatedAt" = now() + interval '1 s'"""),
                      ("silent", """UPDATE "Title" SET "maturityRating" = '12', genres = '{Noir}', "updatedAt" = now() + interval '2 s'""")])(p)
    saw = console("details", meanwhile)
    assert saw["hash"] == "#title/1" and saw["focus"] == "sheet" and not saw["away"], saw
    assert (saw["refused"], saw["refusedFocus"], saw["invalid"], seen) == ("Enter a whole number, such as 1500.", "field-ppvPriceNaira", "true", [[("Dusk", None)]])
    assert saw["saved"] == {"name": "Dusk in Lagos", "description": "Two lines,\nof a synopsis.", "genres": "Drama\nCrime", "language": "en", "maturityRating": "", "cast": "",
                            "countryAvailability": "NG, GH", "releaseDate": "2024-05-06", "isPpv": True, "ppvPriceNaira": "1500"}
    assert saw["disabled"] and saw["kept"] == ["18+", "Drama\nCrime\n"], saw
    assert (saw["partial"], saw["undone"]) == (["Enter a whole date.", "field-releaseDate"], ["2024-05-06", True]), saw
    assert saw["later"] == ["Typed while saving.", True, True] and saw["unread"] == ["Typed while saving.", True], saw
    assert saw["conflict"] == "Somebody else has changed this to: 12. Saving replaces it. Take it" and saw["merged"] == "Noir"
    assert world.rows('SELECT name, "maturityRating", genres, "cast", language, description FROM "Title"') == [
        ("Dusk in Lagos", "PG", ["Noir"], ["Ada Obi", "Sammy Davis, Jr."], "yo", "Typed while saving.")]
    assert saw["asked"] == ["The changes of this title have not been saved. Leave them?"] and saw["stays"] == ["#title/1", "Not kept"]
    assert saw["missing"] == "There is no such title. It may have been deleted."
    assert world.rows('SELECT detail FROM "AdminAuditLog" WHERE action = \'TITLE_UPDATE\' ORDER BY id LIMIT 1') == [
        ({"fields": ["name", "description", "releaseDate", "genres", "countryAvailability", "isPpv", "ppvPriceNaira"]},)]


@API
def test_the_state_of_titles_is_changed_in_rows_and_selections(console, world):  # noqa: F811
    world.rows("""INSERT INTO "Title" (id, type, name, archived, "pendingReview", "createdAt", "updatedAt") VALUES
            (1, 'MOVIE', 'One', false, false, now(), now()), (2, 'MOVIE', 'Two', false, true, now() - interval '1 s', now()),
            (3, 'MOVIE', 'Three', true, true, now() - interval '2 s', now()), (4, 'MOVIE', 'Four', false, false, now() - interval '3 s', now()),
            (5, 'SERIES', 'Five', true, false, now() - interval '4 s', now());
        INSERT INTO "AssetVersion" ("titleId", rendition, status, url, "updatedAt") SELECT n, 'R360', 'READY', 'u', now() FROM generate_series(1, 3) n""")
    saw = console("states", steps(world, [
        ("gone", """DELETE FROM "Title" WHERE id = 4"""),
        ("another", """INSERT INTO "Title" (id, type, name, "updatedAt") VALUES (9, 'SERIES', 'Nine', now())""")]))
    assert saw["offered"] == {"One": ["Unpublish", "Archive", "Delete"], "Two": ["Restore", "Delete"], "Three": ["Archive", "Delete"]}, saw
    assert (saw["focus"], saw["said"], saw["next"]) == ("One", "One is unpublished.", "Four"), saw
    assert saw["disabled"] and saw["still"] and saw["question"] == "To confirm, type Nine", saw
    assert saw["bar"] == ["3 selected", "Publish 2", "Unpublish 1", "Archive", "Delete", "Select all 4", "Clear"], saw
    assert saw["failed"] == "1 of 3 titles could not be archived. Four: Title not found" and saw["count"] == "2 titles are archived.", saw
    assert saw["end"] == "find" and saw["page"] == ["Restore", "Delete"] and saw["marks"] == {}, saw
    assert world.rows("""SELECT action, string_agg(resource, ',' ORDER BY resource) FROM "AdminAuditLog" WHERE action LIKE 'TITLE%' AND resource IN ('1', '2', '3', '9') GROUP BY action ORDER BY action""") == [
        ("TITLE_DELETE", "1,2,3,9"), ("TITLE_UPDATE", "1,1,2,2,2,9")], "archiving the selection is one change for each"
    assert world.rows('SELECT count(*) FROM "Title"') == [(0,)]


@API
def test_the_timeline_of_a_title(console, world):  # noqa: F811
    """A film that failed is tried again from its page; an episode still waits, an older film was replaced."""
    world.rows(DUSK + """, (2, 'MOVIE', 'Dawn', true, true, now()), (3, 'MOVIE', 'Noon', true, true, now());
        INSERT INTO "Episode" (id, "titleId", "seasonNumber", "episodeNumber", name, "updatedAt") VALUES (7, 1, 1, 1, 'Pilot', now());
        INSERT INTO "UploadJob" (id, "titleId", "episodeId", status, error, "bytesTotal", "createdAt", "updatedAt", payload) VALUES
            (1, 1, NULL, 'COMPLETED', NULL, 1000, now() - interval '3 h', now() - interval '2 h', '{"fileName": "old.mp4", "key": "a"}'),
            (2, NULL, 7, 'UPLOADING', NULL, 5000000, now() - interval '2 h', now() - interval '2 h', '{"fileName": "pilot.mp4", "key": "b"}'),
            (3, 1, NULL, 'FAILED', 'not a video', 2000, now() - interval '1 h', now(), '{"fileName": "new.mp4", "key": "c"}');
        INSERT INTO wanzami.transcode_job (upload_job_id, source_key, renditions, state, attempts, notes, progress) VALUES
            (1, 'a', '{R360}', 'done', 2, '["The sound was late."]', '{"percent": 100, "renditions": [{"rendition": "R360", "percent": 100}]}'),
            (3, 'c', '{R360,R720}', 'failed', 3, '[]', '{}');
        INSERT INTO "AssetVersion" (id, "titleId", rendition, status, url, "updatedAt") VALUES (5, 1, 'R360', 'READY', 'u', now());
        INSERT INTO wanzami.rendition (asset_version_id, object_key, job_number, size_bytes, duration_ms, codecs, bandwidth, average_bandwidth, init_size)
            VALUES (5, 'vod/1', 0, 1, 1, 'avc1', 1, 1, 1)""")
    saw = console("timeline", steps(world, [("elsewhere", """
        INSERT INTO "UploadJob" (id, "titleId", status, payload, "updatedAt") VALUES (9, 3, 'PROCESSING', '{"fileName": "noon.mp4", "key": "d"}', now())"""), ("done", """
        UPDATE wanzami.transcode_job SET state = 'done', notes = '["The second track of sound was left out."]', updated_at = now(),
            progress = '{"percent": 100, "renditions": [{"rendition": "R720", "percent": 100}, {"rendition": "R360", "percent": 100}]}' WHERE upload_job_id = 3;
        UPDATE wanzami.rendition SET job_number = (SELECT number FROM wanzami.transcode_job WHERE upload_job_id = 3);
        UPDATE "UploadJob" SET status = 'COMPLETED', "updatedAt" = now() WHERE id = 3"""),
        ("renamed", 'UPDATE "Title" SET name = \'Dawn 1\' WHERE id = 2'), ("again", 'UPDATE "Title" SET name = \'Dawn 2\' WHERE id = 2')]))
    old = ["old.mp4", "Transcoded, but replaced since", ["360p"], ["The sound was late."], []]
    pilot = ["pilot.mp4 Pilot", "Not finished · 0 bytes of 5.0 MB. Resume it with the same file.", [], [], ["Resume", "Discard"]]
    assert saw["first"] == [["new.mp4", "Failed: not a video", [], [], ["Retry"]], pilot, old], saw
    assert saw["asked"] == ["/console/api/overview", "/api/health"], "the film of another title"
    assert saw["last"] == [["new.mp4", "Transcoded: this film is played", ["720p", "360p"], ["The second track of sound was left out."], []], pilot, old], saw
    assert saw["none"] == "Nothing has been uploaded for this title."
    assert saw["name"] == "Dawn 2", "the answer of before came last"


@BOTH
@API
def test_unfinished_uploads_go_on_from_the_page_of_a_title(console, world, tmp_path, firefox):  # noqa: F811
    """Others than those of the last minute: another browser may still send them."""
    world.rows("""INSERT INTO "Title" (id, type, name, archived, "pendingReview", "updatedAt") VALUES (2, 'SERIES', 'Show', true, true, now());
        INSERT INTO "Episode" (id, "titleId", "seasonNumber", "episodeNumber", name, "updatedAt") VALUES (7, 2, 1, 1, 'Pilot', now()), (8, 2, 1, 2, 'Second', now())""")
    for name in ("pilot.mp4", "second.mp4"):
        (tmp_path / name).write_bytes(os.urandom(1_000_000))
    saw = console("unfinished", steps(world, [("begun", """UPDATE "UploadJob" SET "createdAt" = "createdAt" - interval '1 h', "updatedAt" = "updatedAt" - interval '1 h';
            UPDATE "UploadJob" SET status = 'FAILED', error = 'Object storage lost it', payload = payload - 'uploadId' WHERE payload ->> 'fileName' = 'second.mp4'""")]), firefox=firefox,
        bytes=1_000_000, pilot=str(tmp_path / "pilot.mp4"), second=str(tmp_path / "second.mp4"))
    left, both = "Not finished \u00b7 0 bytes of 1.0 MB. Resume it with the same file.", ["Resume", "Discard"]
    assert saw["begun"] == [200] * 3 and saw["first"] == [["third.mp4 Second", left, both], ["second.mp4 Second", "Upload failed: Object storage lost it. " + left, both],
                                                          ["pilot.mp4 Pilot", left, both]], saw
    assert saw["refused"] == "second.mp4 is another file than the one of this upload (pilot.mp4, 1.0 MB)." and saw["focus"] == "third.mp4 Second", saw
    assert saw["during"][2] == ["Stop"], saw
    waits = "Waiting to be transcoded"
    assert saw["last"] == [["second.mp4 Second", waits, []], ["third.mp4 Second", "Canceled. It cannot be resumed.", []],
                           ["second.mp4 Second", "Upload failed: Object storage lost it. " + left, both], ["pilot.mp4 Pilot", waits, []]], saw
    assert world.rows("""SELECT "episodeId", "titleId", payload ->> 'fileName', status::text FROM "UploadJob" ORDER BY id""") == [
        (7, None, "pilot.mp4", "PROCESSING"), (8, None, "second.mp4", "FAILED"), (8, None, "third.mp4", "CANCELED"), (8, None, "second.mp4", "PROCESSING")]
    [(key,)] = world.rows("""SELECT payload ->> 'key' FROM "UploadJob" WHERE "episodeId" = 7""")
    assert world.store.client().get_object(Bucket=world.bucket, Key=key)["Body"].read() == (tmp_path / "pilot.mp4").read_bytes()


def test_titles_are_created_without_a_film(world, playwright):  # noqa: F811
    """Viewers do not see them: they are pending review. The dialog shows why the API refuses, and keeps what has been typed."""
    world.env["ADMIN_PERMISSIONS"] = "strict"
    console = console_of(world, "api")  # noqa: F811
    role = "UPDATE \"User\" SET role = '%s' WHERE email = 'root@example.com'"
    world.rows(role % "CONTENT_MANAGER")
    saw = console("create", steps(world, [("demote", role % "MODERATOR"), ("promote", role % "CONTENT_MANAGER")]))
    assert saw["types"] == ["Series", "Movie, without a film yet"] and saw["unnamed"] == ["Enter a name.", "name"], saw
    assert saw["refused"] == ["Insufficient permissions", "  Harmattan "], saw
    address, parts, mark, said, dialogs = saw["series"]
    assert {"Details", "Images and trailer", "Seasons and episodes"} <= set(parts), saw
    assert (mark, said, dialogs) == ("Pending review", "Harmattan has been created.", 0) and "Add film" in saw["movie"], saw
    rows = world.rows('SELECT id, type::text, name, archived, "pendingReview" FROM "Title" ORDER BY id')
    assert [row[1:] for row in rows] == [("SERIES", "Harmattan", False, True), ("MOVIE", "Kites", False, True)] and address == "#title/%d" % rows[0][0]
    assert world.rows("SELECT resource FROM \"AdminAuditLog\" WHERE action = 'TITLE_CREATE' ORDER BY id") == [(str(row[0]),) for row in rows]


@API
def test_a_file_that_is_chosen_again_goes_on(console, world, tmp_path):  # noqa: F811
    """For a movie, an episode and a folder of episodes; one that has been uploaded is not sent again unasked; a film of something published is announced."""
    world.rows("""INSERT INTO "Title" (id, type, name, archived, "pendingReview", "updatedAt") VALUES (1, 'MOVIE', 'Dusk', false, false, now()), (2, 'SERIES', 'Show', false, false, now());
        INSERT INTO "Episode" (id, "titleId", "seasonNumber", "episodeNumber", name, "pendingReview", "updatedAt") VALUES (7, 2, 1, 1, 'Pilot', false, now()), (8, 2, 1, 2, 'Second', true, now());
        INSERT INTO "AssetVersion" ("titleId", "episodeId", rendition, status, url, "updatedAt") VALUES (1, NULL, 'R360', 'READY', 'u', now()), (NULL, 7, 'R360', 'READY', 'u', now());
        SELECT setval('"Episode_id_seq"', 100)""")
    (tmp_path / "Show").mkdir()
    for name in ("dusk.mp4", "Show/s01e01.mp4", "Show/s01e02.mp4", "Show/s01e03.mp4"):
        (tmp_path / name).write_bytes(os.urandom(1_000_000))
    saw = console("dropped", steps(world, [("begun", """UPDATE "UploadJob" SET "createdAt" = "createdAt" - interval '1 h', "updatedAt" = "updatedAt" - interval '1 h'""")]),
                  bytes=1_000_000, dusk=str(tmp_path / "dusk.mp4"), folder=str(tmp_path / "Show"))
    live, arrived = " is published. The new film replaces the present one for viewers as soon as it has been transcoded.", "0 bytes of it have arrived before."
    assert saw["begun"] == [200] * 3 and saw["movie"] == ["Resume the upload of Dusk", arrived, "Dusk" + live] and saw["said"] == "The upload of dusk.mp4 goes on.", saw
    assert saw["repeated"] == ["Nothing: do not upload it again", "This file was uploaded before, as Dusk."], saw
    assert saw["episode"] == [[True, "S01E01 Pilot \u00b7 goes on \u00b7 s01e01.mp4", arrived, "Pilot" + live]], saw
    assert saw["folder"] == [[False, "S01E01 Pilot \u00b7 replaces its film \u00b7 s01e01.mp4", "This file was uploaded before, as Pilot.", "Pilot" + live],
                             [True, "S01E02 Second \u00b7 goes on \u00b7 s01e02.mp4", arrived],
                             [True, "S01E03 Episode 3 \u00b7 a new episode \u00b7 s01e03.mp4"]], saw
    assert world.rows("""SELECT coalesce(e.name, t.name), u.status::text FROM "UploadJob" u LEFT JOIN "Episode" e ON e.id = u."episodeId" LEFT JOIN "Title" t ON t.id = u."titleId"
        ORDER BY u.id""") == [("Dusk", "PROCESSING"), ("Pilot", "PROCESSING"), ("Second", "PROCESSING"), ("Episode 3", "PROCESSING")]


@BOTH
@API
def test_titles_are_found_among_thousands(console, world, firefox):  # noqa: F811
    """The server filters and sorts; a list has a page of titles, whatever number there is."""
    world.rows("""INSERT INTO "Title" (type, name, archived, "pendingReview", "createdAt", "updatedAt")
            SELECT 'MOVIE', 'Film ' || n, n % 100 = 10 OR n % 2 = 0, n % 2 = 0 AND n % 100 <> 10, timestamp '2020-01-01' + n * interval '1 minute', now() FROM generate_series(1, 5000) n;
        INSERT INTO "Title" (type, name, archived, "pendingReview", "createdAt", "updatedAt") VALUES ('SERIES', 'Bare', false, false, timestamp '2019-01-01', now())""")
    saw = console("find", firefox=firefox)
    assert saw["drawn"] == ["Film 4900"], "the other 99 rows are those of before"
    assert saw["target"] == [["Film 1", "Film 1 is published. Viewers can play the film as soon as it has been transcoded."]], saw
    assert saw["count"] == "first 100" and saw["none"] == "No title matches." and saw["names"] == ["Bare"], saw
    assert saw["asked"][-1] == "?limit=100&state=empty&type=SERIES&sort=name", saw


@BOTH
@API
def test_the_address_keeps_filters_order_and_search(console, world, firefox):  # noqa: F811
    """A link, a reload, and back and forward show the same list; a search of several keys is one step back."""
    world.rows("""INSERT INTO "Title" (id, type, name, archived, "pendingReview", "createdAt", "updatedAt") VALUES
        (1, 'MOVIE', 'B kite', true, true, now(), now()), (2, 'MOVIE', 'A moth', true, true, now(), now()),
        (3, 'MOVIE', 'A kite', true, true, now(), now()), (4, 'MOVIE', 'C kite', true, false, now(), now())""")
    saw = console("address", firefox=firefox)
    link = ["?sort=name&state=draft&type=KITE", "", "draft", "", "name", "A kite,A moth,B kite"]
    search = ["?q=kite&state=draft&sort=name", "kite", "draft", "", "name", "A kite,B kite"]
    archived = ["?q=kite&state=archived&sort=name", "kite", "archived", "", "name", "C kite"]
    assert saw["steps"] == [link, search, archived, archived, search, link, search, search] and saw["out"] == "", saw


@API
def test_the_seasons_and_episodes_of_a_series(console, world, tmp_path):  # noqa: F811
    """Files of a folder find their episodes by their names; missing episodes are created."""
    world.rows("""INSERT INTO "Title" (id, type, name, archived, "pendingReview", "updatedAt") VALUES (1, 'SERIES', 'Dusk', true, true, now()), (2, 'SERIES', 'Dawn', true, true, now());
        INSERT INTO "Season" (id, "titleId", "seasonNumber", "updatedAt") VALUES (1, 1, 1, now());
        INSERT INTO "Episode" (id, "titleId", "seasonId", "seasonNumber", "episodeNumber", name, "pendingReview", "updatedAt") VALUES (1000, 1, 1, 1, 1, 'Pilot', false, now());
        INSERT INTO "AssetVersion" ("episodeId", rendition, status, url, "updatedAt") VALUES (1000, 'R360', 'READY', 'u', now())""")
    (tmp_path / "Dusk" / "two").mkdir(parents=True)
    for name in ("Dusk.S01E01.mkv", "dusk s01e02 The_Fall.mp4", "1x02 again.mp4", "1x02 again.en.srt", "extra.mp4", "notes.txt", "two/Dusk - S02E10 - Home.mp4", "S01E03.mp4"):
        (tmp_path / "Dusk" / name).write_bytes(b"" if "E03" in name else name.encode())
    saw = console("series", steps(world, [
        ("twins", 'UPDATE "Episode" SET "episodeNumber" = 1'), ("sent", "SELECT 1"),
        ("synopsis", 'UPDATE "Episode" SET synopsis = \'By another\' WHERE "seasonNumber" = 2')]), folder=str(tmp_path / "Dusk"))
    pilot, second = "S01E01 Pilot 360p", "S01E02 Second No film yet \u00b7 not published"
    assert saw["proposed"] == ["Second", "1", "2"] and saw["refused"] == "Episode is not valid.", saw
    assert saw["added"] == [["Season 1 \u00b7 2 episodes", [pilot, second]]], saw
    assert saw["moved"] == [["Season 1 \u00b7 2 episodes", ["S01E01 Second No film yet \u00b7 not published", "S01E02 Pilot 360p"]]], saw
    assert saw["unmoved"] == ["The order could not be changed", [["Pilot", 1], ["Second", 2]]] and saw["parted"] == saw["unmoved"][1], saw
    assert saw["astray"] == [], "a folder that was read after another series had been opened"
    assert saw["heading"] == "Films of episodes of Dusk" and saw["uncreated"] == "Not all episodes could be created" and saw["edited"] == [["Homeward", "By another"]], saw
    assert saw["plan"] == [["1x02 again.en.srt is no film.", False], ["S01E02 Second \u00b7 gets its film \u00b7 1x02 again.mp4This file was uploaded before, as Second.", False], ["S02E10 Home \u00b7 a new episode \u00b7 Dusk - S02E10 - Home.mp4", True],
                           ["dusk s01e02 The_Fall.mp4 is a second file for S01E02.", False], ["S01E01 Pilot \u00b7 replaces its film \u00b7 Dusk.S01E01.mkv", True],
                           ["extra.mp4 has no number such as S01E02.", False], ["notes.txt is no film.", False], ["S01E03.mp4 is empty.", False]], saw
    assert saw["tree"][1] == ["Season 2 \u00b7 1 episode", ["S02E10 Home No film yet \u00b7 not published"]], saw
    assert world.rows("""SELECT e.name, u.payload ->> 'fileName' FROM "UploadJob" u LEFT JOIN "Episode" e ON e.id = u."episodeId" ORDER BY 1""") == [
        ("Pilot", "Dusk.S01E01.mkv"), ("Second", "1x02 again.mp4")]
    assert world.rows('SELECT name FROM "Episode" ORDER BY 1') == [("Pilot",), ("Second",)]


@BOTH
def test_an_episode_is_played_with_its_audio_tracks_and_subtitles(world, playwright, tmp_path, firefox):  # noqa: F811
    (tmp_path / "media").mkdir()
    world.env.update(S3_BUCKET="", MEDIA_DIR=tmp_path / "media")
    console = console_of(world)  # noqa: F811
    world.rows("""INSERT INTO "Title" (id, type, name, archived, "pendingReview", "updatedAt") VALUES (1, 'SERIES', 'Dusk', false, false, now()), (2, 'MOVIE', 'Dawn', true, true, now());
        INSERT INTO "Episode" (id, "titleId", "seasonNumber", "episodeNumber", name, "pendingReview", "updatedAt") VALUES (7, 1, 1, 1, 'Pilot', true, now())""")
    (tmp_path / "pilot.pt-br.srt").write_text("1\n00:00:00,500 --> 00:00:05,000\nBoa noite\n")
    saw = console("episode", steps(world, [("movie", """UPDATE "AssetVersion" SET "titleId" = 2, "episodeId" = NULL;
            UPDATE wanzami.stream SET title_id = 2, episode_id = NULL WHERE asset_version_id IS NULL""")]), firefox=firefox,
        film=film(tmp_path / "pilot.mp4", seconds=6, size="640x360", bits="2M", languages=("eng", "yor")), text=str(tmp_path / "pilot.pt-br.srt"))
    assert saw["before"] == [False, []] and saw["tracks"] == saw["movie"] == ["English en \u00b7 stereo \u00b7 default", "Yoruba yo \u00b7 stereo"], saw
    for how in ("draft", "published"):
        assert saw[how]["title"] == "S01E01 Pilot" and saw[how]["level"].startswith("360p") and saw[how]["level"].endswith("HLS"), saw
        assert saw[how]["sounds"] == ["English", "Yoruba"] and "a-yo.m3u8" in saw[how]["asked"], saw
    assert saw["dialog"] == "Subtitles of S01E01 Pilot" and saw["listed"] == "For Ada (pt-BR)captions \u00b7 added" and saw["language"] == "pt-br", saw
    assert saw["captioned"]["texts"] == ["None", "For Ada"] and saw["captioned"]["cue"] == "Boa noite" and saw["captioned"]["faults"] == [], saw
    assert world.rows("SELECT count(*) FROM wanzami.text_track") == [(0,)]
    assert world.rows('SELECT action, detail FROM "AdminAuditLog" WHERE action LIKE \'TEXT%\' ORDER BY id') == [
        (action, {"titleId": "1", "episodeId": "7", "language": "pt-BR", "kind": "captions"}) for action in ("TEXT_CREATE", "TEXT_DELETE")]


@BOTH
def test_people_and_who_changed_what(world, playwright, firefox):  # noqa: F811
    world.env.update(APP_ORIGIN="https://films.example")
    console = console_of(world, "api")  # noqa: F811
    world.rows(DUSK + """; INSERT INTO "User" (id, email, name, password, role, "emailVerified", "ppvBanned", "ppvStrikeCount", "updatedAt") VALUES
            (50, 'chi@example.com', 'Chi', 'x', 'MODERATOR', true, false, 0, now()), (51, 'dayo@example.com', 'Dayo', 'x', 'USER', true, true, 3, now()),
            (52, 'efe@example.com', 'Efe', 'x', 'USER', true, false, 0, now());
        INSERT INTO "PpvPurchase" ("userId", "titleId", "amountNaira", "paystackRef", status, "createdAt") VALUES
            (51, 1, 1500, 'ref-1', 'SUCCESS', now()), (52, 1, 1500, 'ref-2', 'SUCCESS', now())""")
    saw = console("people", firefox=firefox, meanwhile=steps(world, [("demote", "UPDATE \"User\" SET role = 'CONTENT_MANAGER' WHERE email = 'root@example.com'")]))
    assert saw["link"] == ["https://films.example/title/1"] * 2 + ["Viewers cannot open it before the title is published."] and saw["copied"] == (None if firefox else saw["link"][0]), saw
    assert saw["changes"] == ["Title update by Ada Obi \u00b7 1 \u00b7 archived, pendingReview"], saw
    assert saw["refused"] and saw["own"] == 1 and saw["purchases"] == ["Dusk 1500 NGN \u00b7 ref-1"], saw
    assert saw["about"] == "dayo@example.com \u00b7 Viewer \u00b7 barred from pay per view" and saw["reset"], saw
    assert saw["kept"] == "The account has not been deleted: another address was typed."
    assert [text.split(" by ")[0] for text in saw["gone"]] == ["User delete", "Ppv reset"], saw
    assert saw["demoted"] == ["The role of your account may not see people.", False], saw
    assert world.rows("""SELECT email, role::text FROM "User" ORDER BY id DESC LIMIT 2""") == [("efe@example.com", "USER"), ("chi@example.com", "SUPPORT")]


@BOTH
def test_people_and_purchases_are_renewed_without_a_reload(world, playwright, firefox):  # noqa: F811
    """After what others do; a choice that has not been sent stays. A page that the role may no longer see goes."""
    world.env["ADMIN_PERMISSIONS"] = "strict"
    console = console_of(world, "api")  # noqa: F811
    world.rows(DUSK + """; INSERT INTO "User" (id, email, name, password, role, "emailVerified", "updatedAt") VALUES
            (50, 'chi@example.com', 'Chi', 'x', 'MODERATOR', true, now()), (51, 'dayo@example.com', 'Dayo', 'x', 'USER', true, now()), (52, 'ola@example.com', 'Ola', 'x', 'SUPPORT', true, now());
        INSERT INTO "PpvPurchase" ("userId", "titleId", "amountNaira", "paystackRef", status, "createdAt")
            SELECT 51, 1, 1000, 'ref-' || n, 'SUCCESS', now() - n * interval '1 minute' FROM generate_series(1, 250) n""")
    saw = console("renewed", firefox=firefox, meanwhile=steps(world, [
        ("joined", """INSERT INTO "User" (id, email, name, password, role, "emailVerified", "updatedAt") VALUES (53, 'efe@example.com', 'Efe', 'x', 'USER', true, now())"""),
        ("invited", """INSERT INTO "Invitation" (email, role, token, "expiresAt", "createdBy") VALUES ('ben@example.com', 'OPS', 't', now() + interval '1 day', 50)"""),
        ("promoted", """UPDATE "User" SET role = 'FINANCE', name = 'Chi Ude' WHERE id = 50"""),
        ("barred", """UPDATE "User" SET "ppvBanned" = true WHERE id = 51"""),
        ("bought", """INSERT INTO "PpvPurchase" (id, "userId", "titleId", "amountNaira", "paystackRef", status) VALUES (900, 51, 1, 500, 'late', 'PENDING')"""),
        ("audited", """INSERT INTO "AdminAuditLog" ("userId", action, resource) VALUES (50, 'PPV_RESET', '51')"""),
        ("paid", """UPDATE "PpvPurchase" SET status = 'SUCCESS' WHERE id = 900; UPDATE "Title" SET name = 'Dusk in Lagos'"""),
        ("finance", "UPDATE \"User\" SET role = 'FINANCE' WHERE email = 'root@example.com'"),
        ("analytics", "UPDATE \"User\" SET role = 'OPS' WHERE email = 'root@example.com'")]))
    assert saw["choice"] == "OPS" and saw["staff"] == "FINANCE", saw
    assert saw["all"] == 251 and saw["first"].startswith("Dusk in Lagos 500 NGN \u00b7 success dayo@example.com"), saw
    assert saw["gone"] == "The role of your account may not see purchases.", saw


@API
def test_the_main_path_of_each_page_in_firefox(console, world):  # noqa: F811
    world.rows(DUSK + """, (2, 'SERIES', 'Show', false, false, now());
        INSERT INTO "User" (id, email, name, password, role, "emailVerified", "ppvBanned", "updatedAt") VALUES (51, 'dayo@example.com', 'Dayo', 'x', 'USER', true, true, now());
        INSERT INTO "PpvPurchase" ("userId", "titleId", "amountNaira", "paystackRef", status, "createdAt") VALUES (51, 1, 1500, 'ref-1', 'SUCCESS', now())""")
    fill_operations(world)
    saw = console("walk", firefox=True)
    assert saw["address"] == "?type=MOVIE&sort=name" and saw["purchases"] == "1 purchase \u00b7 paid in all: 1500 NGN", saw
    assert all(colours > 2 for colours in saw["drawn"]) and saw["wide"] == 0, saw
    assert world.rows("""SELECT name, archived, "thumbnailUrl" LIKE '%/thumbnail/%' FROM "Title" WHERE id = 1""") == [("Dusk in Lagos", True, True)]
    assert world.rows("""SELECT e.name, u."ppvBanned", i.email FROM "Episode" e, "User" u, "Invitation" i WHERE u.id = 51""") == [("Pilot", False, "ben@example.com")]


def test_purchases_for_roles_without_films_and_people(world, playwright):  # noqa: F811
    """FINANCE reads them and resets, SUPPORT reads them; neither may see films or people."""
    world.env["ADMIN_PERMISSIONS"] = "strict"
    console = console_of(world, "api")  # noqa: F811
    world.rows(DUSK + """; INSERT INTO "User" (id, email, name, password, role, "emailVerified", "ppvBanned", "ppvStrikeCount", "updatedAt") VALUES
            (51, 'dayo@example.com', 'Dayo', 'x', 'USER', true, true, 3, now()), (52, 'efe@example.com', 'Efe', 'x', 'USER', true, false, 0, now()),
            (53, 'fola@example.com', 'Fola', 'x', 'USER', true, false, 0, now());
        INSERT INTO "PpvPurchase" ("userId", "titleId", "amountNaira", "paystackRef", status, "createdAt") VALUES
            (51, 1, 2500, 'ref-1', 'SUCCESS', now()), (51, 1, 2500, 'ref-2', 'FAILED', now() - interval '1 s');
        INSERT INTO "PpvPurchase" ("userId", "titleId", "amountNaira", "paystackRef", status, "createdAt")
            SELECT 53, 1, CASE n WHEN 1 THEN 2000 ELSE 1000 END, 'many-' || n, 'SUCCESS', now() - n * interval '1 minute' FROM generate_series(1, 249) n;
        UPDATE "User" SET role = 'FINANCE' WHERE email = 'root@example.com'""")
    saw = console("purchases", steps(world, [("support", "UPDATE \"User\" SET role = 'SUPPORT' WHERE email = 'root@example.com'")]))
    one, other = "Dusk 2500 NGN \u00b7 success dayo@example.com \u00b7 PAYSTACK \u00b7 ref-1", "Dusk 2500 NGN \u00b7 failed dayo@example.com \u00b7 PAYSTACK \u00b7 ref-2"
    assert saw["first"] == [200, one, False, 1] and saw["failed"] == [other] and saw["faults"] == [], saw
    assert saw["viewer"][1:3] == ["Dayo", "dayo@example.com"] and len(saw["viewer"][3]) == 2 and saw["viewer"][4] == 1, saw
    assert saw["none"][1:] == ["Account 52", 0] and saw["people"] == "The role of your account may not see people.", saw
    assert world.rows('SELECT "ppvBanned", "ppvStrikeCount" FROM "User" WHERE id = 51') == [(False, 0)]


@API
def test_the_images_and_the_trailer_of_a_title(console, world):  # noqa: F811
    world.rows(DUSK + """; INSERT INTO wanzami.preview (title_id, upload_job_id, job_number, posters) VALUES (1, 1, 1, '{vod/frame.jpg}')""")
    world.store.client().put_object(Bucket=world.bucket, Key="vod/frame.jpg", Body=b"a frame")
    kept = []

    def content(url):
        return world.store.client().get_object(Bucket=world.bucket, Key="/".join(url.rsplit("/", 2)[1:]))["Body"].read()

    def meanwhile(p):
        for name in ("stored", "chosen"):
            assert p.stderr.readline() == name + "\n"
            kept.append([u and content(u) for u in world.rows('SELECT "posterUrl", "thumbnailUrl", "trailerUrl" FROM "Title"')[0]])
    saw = console("art", meanwhile)
    assert kept == [[b"a poster", None, b"a trailer"], [b"a frame", None, b"a trailer"]]
    assert saw["before"] == ["Upload"] and saw["after"] == ["Replace", "Remove"] and not saw["dialog"], saw
    assert saw["refused"] == ["t.txt is not a JPEG, PNG, WebP or AVIF image.", "t.mov is not an MP4 or WebM video.", "Wait until the upload before has ended."], saw
    assert world.rows('SELECT "trailerUrl" FROM "Title"') == [(None,)]


def pixels(data):
    """Returns the width and height of an image and a function that returns the colour at a place, each part as 0 or 255."""
    def output(*command):
        return subprocess.run([*command, "-"], input=data, capture_output=True, check=True).stdout
    width, height = map(int, output("ffprobe", "-v", "error", "-show_entries", "stream=width,height", "-of", "csv=p=0").split(b","))
    raw = output("ffmpeg", "-v", "error", "-i", "-", "-f", "rawvideo", "-pix_fmt", "rgb24")
    return width, height, lambda x, y: tuple(255 * (part > 127) for part in raw[3 * (y * width + x):][:3])


@BOTH
@API
def test_the_visible_part_of_an_image_is_chosen(console, world, firefox):  # noqa: F811
    """Of an image that has not the shape of the apps; the whole, and an image that has it, are stored byte for byte."""
    world.rows(DUSK)
    red, green, kept = (255, 0, 0), (0, 255, 0), []

    def meanwhile(p):
        for column in ("thumbnailUrl", "posterUrl", "thumbnailUrl", "posterUrl"):
            assert p.stderr.readline() == "stored\n"
            [(url,)] = world.rows('SELECT "%s" FROM "Title"' % column)
            kept.append(world.store.client().get_object(Bucket=world.bucket, Key="/".join(url.rsplit("/", 2)[1:]))["Body"].read())
    saw = console("crop", meanwhile, firefox=firefox)
    corner, right = map(pixels, kept[:2])
    assert saw["wide"] == ["What viewers see of the thumbnail", "Wide, 16:9", "400 \u00d7 225 of 400 \u00d7 400 pixels"] and saw["faults"] == [], saw
    assert saw["scaled"][2] == "80 \u00d7 45 of 400 \u00d7 400 pixels" and saw["upright"][1:] == ["Upright, 2:3", "200 \u00d7 300 of 300 \u00d7 300 pixels"], saw
    assert saw["whole"][0][2] == "400 \u00d7 400 of 400 \u00d7 400 pixels" and all(saw["whole"][1]) and saw["signed"] == 4, saw
    assert corner[:2] == (80, 45) and {corner[2](x, y) for x in (0, 79) for y in (0, 44)} == {red}
    assert right[:2] == (200, 300) and [right[2](x, 20) for x in (20, 80, 190)] == [red, green, green], "moved to its right edge"
    assert kept[2:] == [base64.b64decode(sent) for sent in saw["sent"]]


@API
def test_axe_finds_nothing_in_any_page_and_dialog(console, world, tmp_path):  # noqa: F811
    world.rows(DUSK + """, (2, 'SERIES', 'Show', false, false, now());
        INSERT INTO "Season" (id, "titleId", "seasonNumber", "updatedAt") VALUES (1, 2, 1, now());
        INSERT INTO "Episode" (id, "titleId", "seasonId", "seasonNumber", "episodeNumber", name, "updatedAt") VALUES (7, 2, 1, 1, 1, 'Pilot', now()), (8, 2, 1, 1, 2, 'Second', now());
        INSERT INTO "AssetVersion" ("titleId", rendition, status, url, "updatedAt") VALUES (1, 'R360', 'READY', '%s/%s/vod/1/r360.mp4', now()), (1, 'R720', 'READY', '%s/%s/vod/1/r720.mp4', now());
        INSERT INTO wanzami.text_track (title_id, language, kind, object_key, origin) VALUES (1, 'pt-BR', 'captions', 'vod/1/t.vtt', 'sidecar');
        INSERT INTO "UploadJob" (id, "titleId", "episodeId", status, error, "createdAt", "updatedAt", payload) VALUES
            (1, 1, NULL, 'FAILED', 'not a video', now(), now(), '{"fileName": "film.mp4", "key": "a"}'), (2, NULL, 7, 'COMPLETED', NULL, now(), now(), '{"fileName": "pilot.mp4", "key": "b"}');
        INSERT INTO wanzami.transcode_job (upload_job_id, source_key, state, notes, progress) VALUES (1, 'a', 'failed', '[]', '{}'),
            (2, 'b', 'done', '["The sound was late."]', '{"renditions": [{"rendition": "R360", "percent": 100}]}');
        INSERT INTO "User" (id, email, name, password, role, "emailVerified", "ppvBanned", "updatedAt") VALUES
            (50, 'chi@example.com', 'Chi', 'x', 'MODERATOR', true, false, now()), (51, 'dayo@example.com', 'Dayo', 'x', 'USER', true, true, now());
        INSERT INTO "Invitation" (email, role, token, "expiresAt", "createdBy") VALUES ('ben@example.com', 'OPS', 't', now() + interval '1 day', 50);
        INSERT INTO "PpvPurchase" ("userId", "titleId", "amountNaira", "paystackRef", status, "createdAt") VALUES (51, 1, 1500, 'ref-1', 'SUCCESS', now());
        INSERT INTO "AdminAuditLog" ("userId", action, resource) VALUES (51, 'TITLE_UPDATE', '1'), (NULL, 'TITLE_UPDATE', '2')""" % ((world.store.url, world.bucket) * 2))
    (tmp_path / "Show").mkdir()
    for name in ("S01E01.mp4", "notes.txt"):
        (tmp_path / "Show" / name).write_bytes(b"film")
    saw = console("clear", folder=str(tmp_path / "Show"))
    del saw["errors"]
    assert len(saw) == 12 and all(found == [] for found in saw.values()), saw
