"""The console in Chromium, and the scenes in which the browser matters in Firefox, too: sign-in, a film from upload to playback, and errors.
WANZAMI_PICTURE=docs/console.png takes the screenshot of the README. CONSOLE_FIREFOX=1 plays the other scenes in Firefox instead of Chromium. Those that
slow the network down or end a tab need Chromium's protocol; in Firefox, Playwright can neither choose light or dark, nor hold a response back, nor
choose a folder."""
import json
import os
import re
import shutil
import subprocess

import jsonschema
import pytest

import openapi
from services import ROOT, npm_install, run, wait_for

HERE = os.path.join(ROOT, "tests", "e2e")
BROWSERS = {"chromium": "chromium", "firefox": "firefox-esr"}
EMAIL, PASSWORD = "root@example.com", "Correct-horse-1"
BOTH = pytest.mark.parametrize("firefox", [False, True], ids=["chromium", "firefox"])


@pytest.fixture(scope="session")
def playwright():
    """Installs playwright-core as in package-lock.json."""
    npm_install(HERE)


def console_of(world, roles=None):
    """Starts an appliance and returns a function that runs a scene of console.mjs and returns its observations."""
    r = run("admin", "create", "--email", EMAIL, "--name", "Ada Obi", stdin=PASSWORD + "\n", **world.env)
    assert r.returncode == 0, r.stdout + r.stderr
    a = world.start(roles)

    def play(scene, meanwhile=lambda p: None, **given):
        browser = "firefox" if given.pop("firefox", os.environ.get("CONSOLE_FIREFOX")) else "chromium"
        given = {"base": a.url, "email": EMAIL, "password": PASSWORD, browser: shutil.which(BROWSERS[browser]), **given}
        p = subprocess.Popen(["node", "console.mjs", scene], cwd=HERE, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE, text=True)
        try:
            p.stdin.write(json.dumps(given))
            p.stdin.close()
            meanwhile(p)
            assert p.wait(400) == 0, p.stderr.read()
        finally:
            p.kill()
            p.wait()
        saw = json.loads(p.stdout.read())
        assert saw["errors"] == []
        return saw
    return play


@pytest.fixture
def console(world, playwright, request):
    return console_of(world, getattr(request, "param", None))


def film(path, seconds=12, size="1280x720", bits="12M", languages=("und",)):
    """Creates a film with motion in every frame and a tone for each language, large enough for several parts."""
    tones = [["-f", "lavfi", "-i", "sine=frequency=%d:duration=%d" % (330 * (n + 1), seconds)] for n in range(len(languages))]
    maps = [["-map", "%d:a" % (n + 1), "-metadata:s:a:%d" % n, "language=" + language] for n, language in enumerate(languages)]
    subprocess.run(["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc2=size=%s:rate=25:duration=%d,noise=alls=30:allf=t" % (size, seconds),
                    *sum(tones, []), "-map", "0:v", *sum(maps, []), "-c:v", "mpeg4", "-b:v", bits, "-minrate", bits,
                    "-c:a", "aac", "-shortest", str(path)], check=True)
    return str(path)


@BOTH
def test_signing_in_and_out_by_keyboard(console, firefox):
    saw = console("signing", firefox=firefox)
    assert saw["refused"] == "Invalid credentials"
    assert saw["focusAfterRefusal"] == "password" and saw["focusInside"] == "drop" and saw["who"] == "Ada Obi"


def test_light_and_dark_have_contrast(console, world):
    """axe-core finds nothing at 360 and 1,400 pixels in either; before, /api/docs had 112 texts of too little contrast."""
    world.rows("""INSERT INTO "Title" (type, name, archived, "pendingReview", "updatedAt") VALUES ('MOVIE', 'Draft', true, true, now()),
        ('MOVIE', 'Pending', false, true, now()), ('MOVIE', 'Archived', true, false, now()), ('SERIES', 'Published', false, false, now())""")
    world.rows("""INSERT INTO "UploadJob" ("titleId", status, error, payload, "bytesUploaded", "bytesTotal", "updatedAt")
        SELECT min(id), 'FAILED', 'The file has no video.', '{"fileName": "a.mov", "key": "k"}', 5, 5, now() FROM "Title" """)
    saw = console("colours", picture=os.environ.get("COLOURS_PICTURE"))
    assert saw["loading"] == "Loading the titles" and len(set(saw["grounds"])) == 2
    assert (saw["door"], saw["films"], saw["dialog"], saw["docs"]) == ([], [], [], [])


def by_curl(command, token):
    """Runs the command of a form; returns the status line and the body."""
    r = subprocess.run(["sh", "-c", command], env={**os.environ, "TOKEN": token}, capture_output=True, text=True, timeout=60)
    assert r.returncode == 0, r.stderr
    head, body = r.stdout.split("\n\n", 1)
    return head.splitlines()[0], json.loads(body)


def test_operations_are_tried_in_the_document(world, playwright, tmp_path):
    """The forms of /api/docs and their curl commands do the same to the same server; a request that changes data is sent by a second button."""
    ids = [world.rows("""INSERT INTO "Title" (type, name, "updatedAt") VALUES ('MOVIE', 'Dusk', now()) RETURNING id""")[0][0]]
    world.rows("""INSERT INTO "AdminAuditLog" (action, resource) SELECT 'TITLE_UPDATE', %s::text FROM generate_series(1, 2)""", ids)
    world.env.update(S3_BUCKET="", MEDIA_DIR=tmp_path / "media")
    saw = console_of(world, "api")("docs", id=str(ids[0]), picture=os.environ.get("DOCS_PICTURE"))
    assert saw["built"] == [0, 1] and saw["asked"] == ["Send POST /api/admin/titles", 0, "Send POST /api/admin/titles", 1]
    assert saw["refused"]["line"].startswith("Status 401") and "authorization" not in saw["refused"]["curl"].lower()
    assert saw["created"]["line"].startswith("Status 201") and "content-type: application/json" in saw["created"]["headers"]
    assert "Authorization: Bearer $TOKEN" in saw["created"]["curl"] and saw["token"] not in json.dumps([saw["created"], saw["stored"]])
    assert saw["kept"] == ""
    assert json.loads(saw["created"]["content"])["title"]["name"] == "Ada's film" and "\n  " in saw["created"]["content"]
    status, _ = by_curl(saw["created"]["curl"], saw["token"])
    assert " 201" in status and world.rows("""SELECT count(*) FROM "Title" WHERE name = 'Ada''s film' """) == [(2,)]
    assert saw["url"] == "GET /api/admin/titles/%d/audit?limit=1" % ids[0] and saw["read"]["line"].startswith("Status 200")
    assert by_curl(saw["read"]["curl"], saw["token"])[1] == json.loads(saw["read"]["content"])
    assert saw["fields"] == ["id path, required", "language query, required", "label query", "kind query | default: subtitles | subtitles | captions",
                             "content-type header | text/vtt | application/x-subrip", "body text"]
    assert saw["written"]["line"].startswith("Status 200") and "--data-binary '@a.png'" in saw["written"]["curl"]
    assert (tmp_path / "media" / "objects" / saw["key"]).read_bytes() == b"x" * 2500000
    assert saw["whole"]["content"] == "application/octet-stream, 2.5 MB" and saw["range"]["content"] == "application/octet-stream, 10 bytes"
    assert saw["faults"] == []
    doc = openapi.document()
    schemas = {op["operationId"]: op["requestBody"]["content"] for item in doc["paths"].values() for op in item.values() if "requestBody" in op}
    assert len(saw["examples"]) > 40
    for name, example in saw["examples"]:
        jsonschema.Draft202012Validator({**schemas[name]["application/json"]["schema"], "components": doc["components"]}).validate(example)


def fill_operations(world):
    """Figures of some minutes, as processes store them."""
    world.rows("""INSERT INTO wanzami.traffic SELECT step, date_bin(step * interval '1 second', now(), 'epoch') - m * step * interval '1 second', w, ARRAY(
            SELECT CASE i WHEN 1 THEN 120 * m WHEN 3 THEN m % 3 WHEN 6 THEN 120 * m ELSE 0 END::bigint FROM generate_series(1, 15) i)
        FROM unnest('{60,600}'::int[]) step, generate_series(2, 50) m, unnest('{=all,GET /api/one,POST /api/two,=database,=store}'::text[]) w""")
    world.rows("""INSERT INTO wanzami.minute SELECT date_trunc('minute', now()) - m * interval '1 minute', 'host/9', 'inst', 'transcode', '0.9', now() - interval '1 day',
        0, 90000, 30000, 200000000, 0, 0, m, m * 60 FROM generate_series(0, 50) m""")
    world.rows("INSERT INTO wanzami.process_start VALUES (now() - interval '1 day', 'host/9', 'transcode', '0.9')")
    world.rows("INSERT INTO wanzami.job_run (name, started_at, finished_at, outcome) VALUES ('popularity', now() - interval '65 seconds', now(), 'ok')")


def test_operations_are_drawn(console, world):
    def meanwhile(p):
        assert p.stderr.readline() == "shown\n"
        world.rows("INSERT INTO wanzami.lease (name, owner, expires_at) VALUES ('nightly', '<b>somebody</b>', now() + interval '1 hour')")
    fill_operations(world)
    saw = console("operations", meanwhile, picture=os.environ.get("OPERATIONS_PICTURE"))
    assert saw["queued"] == "0" and saw["nightly"].startswith("<b>somebody</b>, until ") and saw["busy"] is None
    legend = dict(text.split(" | ") for text in saw["legend"])
    assert legend["Speed of encoding, as a multiple of real time"] == "Speed: 3.00×"
    assert re.fullmatch("Requests: .*/s", legend["Requests per second"]) and legend["Time of a Valkey command"].startswith("p50: ")
    assert all(colours > 2 for colours in saw["drawn"][:6]), "lines, grid and text"
    assert any("host/9 transcode Waits for a film" in row for row in saw["rows"]) and any(row.startswith("popularity ok") for row in saw["rows"])
    assert saw["runbook"].startswith("# Runbook: ")
    assert saw["about"].endswith("those of GET /api/one.") and saw["focus"] == "GET /api/one"
    assert saw["table"][0] == "Time Requests" and len(saw["table"]) == 4
    assert saw["span"] < 145, "an answer for a day that came after the hour had been chosen again"
    assert saw["faults"] == [] and saw["gone"] == 0


@BOTH
@pytest.mark.parametrize("console", ["api"], indirect=True)
def test_changes_by_others_appear_without_a_reload(console, world, firefox):
    """A title of another person appears, is renamed and published. A poll without a change transfers no data."""
    steps = [("""INSERT INTO "Title" (type, name, archived, "pendingReview", "updatedAt") VALUES ('MOVIE', 'Khamsin', true, true, now())""", "Khamsin Draft"),
             ("""UPDATE "Title" SET name = 'Sirocco'""", "Sirocco Draft"),
             ("""UPDATE "Title" SET archived = false, "pendingReview" = false""", "Sirocco Published")]

    def meanwhile(p):
        for sql, _ in steps:
            assert p.stderr.readline() == "ready\n"
            world.rows(sql)
    saw = console("others", meanwhile, firefox=firefox, texts=[text for _, text in steps])
    assert saw["titles"] == 0 and max(saw["bytes"]) < 200, saw


@pytest.mark.parametrize("console", ["api"], indirect=True)
def test_a_message_stays_until_it_is_closed(console, world):
    """A poll neither takes back what the page has done nor removes messages about other things."""
    world.rows("""INSERT INTO "Title" (id, type, name, archived, "pendingReview", "createdAt", "updatedAt") VALUES
        (1, 'MOVIE', 'Dusk', true, true, now(), now()), (2, 'MOVIE', 'Dawn', true, true, now(), now());
        INSERT INTO "AssetVersion" ("titleId", rendition, status, url, "updatedAt") VALUES (1, 'R360', 'READY', 'u', now()), (2, 'R360', 'READY', 'u', now())""")

    def meanwhile(p):
        assert p.stderr.readline() == "change\n"
        world.rows("""UPDATE "Title" SET "updatedAt" = now()""")
    saw = console("messages", meanwhile)
    assert saw["during"] == saw["after"] == {"Dusk": "Published", "Dawn": "Draft"}, saw
    assert saw["lost"] == "Cannot connect to the server. Retrying."
    assert saw["stay"] == ["Dawn could not be published: Broken", "zero.mp4 is empty or a folder and cannot be uploaded."]
    assert saw["focus"] == "Close: zero.mp4 is empty or a folder and cannot be uploaded." and saw["left"] == []


@pytest.mark.parametrize("console", ["api"], indirect=True)
def test_titles_have_pages_and_old_uploads_keep_their_state(console, world, tmp_path):
    world.rows("""INSERT INTO "Title" (type, name, archived, "pendingReview", "createdAt", "updatedAt")
        SELECT 'MOVIE', 'T' || n, true, true, now() - interval '1 hour', now() FROM generate_series(1, 130) n""")
    (tmp_path / "own.mp4").write_bytes(os.urandom(1000))

    def meanwhile(p):
        assert p.stderr.readline() == "sent\n"
        world.rows("""INSERT INTO "UploadJob" (status, "createdAt", "updatedAt") SELECT 'COMPLETED', now() + interval '1 hour', now() FROM generate_series(1, 40);
            UPDATE wanzami.transcode_job SET state = 'failed', updated_at = now();
            UPDATE "UploadJob" SET status = 'FAILED', error = 'not a video', "updatedAt" = now() WHERE status = 'PROCESSING'""")
    saw = console("pages", meanwhile, film=str(tmp_path / "own.mp4"), name="Own")
    assert saw["first"] == "newest 100" and saw["all"] == [130, False, "130"] and saw["state"] == "Failed: not a video", saw


@BOTH
@pytest.mark.parametrize("console", ["api"], indirect=True)
def test_failures_are_told_and_tried_again(console, world, firefox):
    world.rows("""INSERT INTO "Title" (id, type, name, archived, "pendingReview", "updatedAt") VALUES (1, 'MOVIE', 'Dusk', true, true, now());
        INSERT INTO "UploadJob" (id, "titleId", status, "createdAt", "updatedAt", payload) VALUES (1, 1, 'PROCESSING', now(), now(), '{"fileName": "dusk.mp4", "key": "k"}');
        INSERT INTO wanzami.transcode_job (upload_job_id, source_key, renditions) VALUES (1, 'k', '{R360}')""")
    steps = ["""INSERT INTO wanzami.transcode_seen (seen_at) VALUES (now() - interval '1 hour');
                UPDATE wanzami.transcode_job SET attempts = 1, error = 'The store is away.', run_after = now() + interval '1 hour', updated_at = now()""",
             """UPDATE wanzami.transcode_job SET attempts = 3, state = 'failed', updated_at = now();
                UPDATE "UploadJob" SET status = 'FAILED', error = 'not a video', "updatedAt" = now();
                INSERT INTO wanzami.object_trash (key, reason) VALUES ('k', 'made')""",
             "DELETE FROM wanzami.object_trash"]

    def meanwhile(p):
        for number, sql in enumerate(steps):
            assert p.stderr.readline() == "%d\n" % (number + 1)
            world.rows(sql)
    saw = console("failures", meanwhile, firefox=firefox)
    assert saw["never"] == "No process transcodes films; none has run yet. 1 film waits. Start a process with the role transcode."
    assert re.match("No process transcodes films since .*[0-9]+.*1 film waits", saw["since"]), saw
    assert re.match("Attempt 1 of 3 failed: The store is away. Tried again at [0-9]", saw["attempt"]), saw
    assert (saw["failed"], saw["refused"], saw["waiting"]) == (
        "Failed: not a video", "Dusk cannot be transcoded again: The uploaded file has been deleted", "Waiting to be transcoded")


@BOTH
@pytest.mark.parametrize("console", ["api"], indirect=True)
def test_the_player_says_that_object_storage_is_away(console, world, firefox):
    """The page asks for new addresses once before it says so."""
    world.rows("""INSERT INTO "Title" (id, type, name, archived, "pendingReview", "updatedAt") VALUES (1, 'MOVIE', 'Dusk', true, true, now());
        INSERT INTO "AssetVersion" ("titleId", rendition, status, url, "updatedAt") VALUES (1, 'R360', 'READY', '%s/%s/vod/1/r360.mp4', now())""" % (world.store.url, world.bucket))
    saw = console("away", firefox=firefox, port=world.store.url.rsplit(":", 1)[1])
    assert saw["error"] == "The film cannot be played: object storage does not respond or does not have it." and saw["asked"] > 1, saw


@pytest.mark.errors("cron job failed object storage")
def test_hls_says_that_object_storage_is_away_and_plays_when_it_is_back(world, playwright, tmp_path):
    """The server of object storage is killed and started again; the message names it, and no error of media."""
    def meanwhile(p):
        assert p.stderr.readline() == "down\n"
        world.store.kill()
        assert p.stderr.readline() == "up\n"
        world.store.ensure()
    saw = console_of(world)("storeless", meanwhile, film=film(tmp_path / "dusk.mp4", seconds=6, size="640x360", bits="2M"), name="Dusk", store=world.store.url)
    assert saw["way"]["last"].startswith("Ready") and saw["asked"], saw
    assert re.fullmatch("The film cannot be played: object storage .*does not respond.*", saw["error"]) and "MEDIA" not in saw["error"] and saw["kept"] == [], saw
    assert saw["after"] == ["", False], saw


def test_a_role_is_offered_what_it_may_do(world, playwright):
    """A change of the role shows within a poll. A role that may not see films is told so, and not that there are none."""
    world.env["ADMIN_PERMISSIONS"] = "strict"
    console = console_of(world, "api")
    world.rows("""INSERT INTO "Title" (id, type, name, archived, "pendingReview", "updatedAt") VALUES (1, 'MOVIE', 'Dusk', true, true, now());
        INSERT INTO "AssetVersion" ("titleId", rendition, status, url, "updatedAt") VALUES (1, 'R360', 'READY', 'u', now());
        UPDATE "User" SET role = 'CONTENT_MANAGER'""")

    def meanwhile(p):
        for _ in range(3):
            role = p.stderr.readline().strip()
            assert role.isupper(), role
            world.rows("UPDATE \"User\" SET role = '%s'" % role)
    saw = console("roles", meanwhile)
    whole = {"links": ["Operations", "Purchases"], "sections": ["Add films", "Titles"], "buttons": ["Play", "Publish", "Replace film", "Subtitles", "Audio tracks", "Archive", "Delete"], "trouble": "", "empty": False}
    assert saw["CONTENT_MANAGER"] == whole and saw["SUPER_ADMIN"] == {**whole, "links": ["Operations", "People", "Purchases"]}, saw
    assert saw["MODERATOR"] == {**whole, "links": [], "sections": ["Titles"], "buttons": ["Play"]}, saw
    for told in (saw["FINANCE"], saw["again"]):
        assert told["sections"] == [] and not told["empty"] and told["trouble"] == "The role of your account may not see films." and told["links"] == ["Purchases"], saw


@pytest.mark.parametrize("console", ["api"], indirect=True)
def test_each_state_of_a_title_has_its_own_mark(console, world, tmp_path):
    """And a film for a title that viewers see is announced as such."""
    world.rows("""INSERT INTO "Title" (id, type, name, archived, "pendingReview", "updatedAt") VALUES (1, 'MOVIE', 'Draft', true, true, now()),
            (2, 'MOVIE', 'Waiting', false, true, now()), (3, 'MOVIE', 'On', false, false, now()), (4, 'MOVIE', 'Off', true, false, now()),
            (5, 'MOVIE', 'Bare', false, false, now()), (6, 'SERIES', 'Empty', false, false, now());
        INSERT INTO "AssetVersion" ("titleId", rendition, status, url, "updatedAt") SELECT n, 'R360', 'READY', 'u', now() FROM generate_series(1, 4) n""")
    (tmp_path / "new.mp4").write_bytes(b"film")
    saw = console("marks", count=6, film=str(tmp_path / "new.mp4"))
    assert saw["marks"] == {"Draft": "Draft", "Waiting": "Pending review", "On": "Published", "Off": "Archived", "Bare": "Published without a film",
                            "Empty": "Published without episodes"}
    assert saw["styles"] == 5
    assert saw["live"] == "On is published. The new film replaces the present one for viewers as soon as it has been transcoded."
    assert saw["Bare"] == "Bare is published. Viewers can play the film as soon as it has been transcoded." and saw["Draft"] == ""


@pytest.mark.parametrize("console", ["api"], indirect=True)
def test_what_is_dismissed_stays_so_and_the_focus_stays_in_the_row(console, world, tmp_path):
    world.rows("""INSERT INTO "Title" (type, name, archived, "pendingReview", "createdAt", "updatedAt")
            SELECT 'MOVIE', (ARRAY['One', 'Two', 'Three', 'Four', 'Five'])[n], true, true, now() - n * interval '1 s', now() FROM generate_series(1, 5) n;
        INSERT INTO "AssetVersion" ("titleId", rendition, status, url, "updatedAt") SELECT n, 'R360', 'READY', 'u', now() FROM generate_series(1, 5) n;
        INSERT INTO "UploadJob" ("titleId", status, "createdAt", "updatedAt", payload)
            SELECT n, 'COMPLETED', now() - n * interval '1 s', now(), '{"fileName": "f.mp4", "key": "k"}' FROM generate_series(1, 4) n;
        INSERT INTO wanzami.transcode_job (upload_job_id, state, source_key) SELECT n, 'done', 'k' FROM generate_series(1, 4) n""")
    (tmp_path / "six.mp4").write_bytes(os.urandom(20_000_000))
    saw = console("focus", film=str(tmp_path / "six.mp4"), name="Six")
    assert saw["one"] == [["One", "Three", "Four"], "Three"] and saw["reloaded"] == ["One", "Three", "Four"], saw
    assert saw["all"] == [[], "drop", "3 uploads have been dismissed."] and saw["none"] == [], saw
    assert saw["published"] == ["Five is published.", "Five"] and saw["stopped"] == ["The upload of six.mp4 has been stopped.", "Six"], saw


@BOTH
@pytest.mark.parametrize("console", ["api"], indirect=True)
def test_names_and_jump_links_on_a_phone(console, world, firefox):
    names = ("long name " * 19, "\u0627\u0644\u0644\u064a\u0644 (1)", "\U0001f469\u200d\U0001f680 Orbit", "e\u0301toile")
    world.rows("""INSERT INTO "Title" (type, name, archived, "pendingReview", "createdAt", "updatedAt")
        SELECT 'MOVIE', name, true, true, now() - n * interval '1 s', now() FROM unnest(%s::text[]) WITH ORDINALITY t (name, n)""", (list(names),))
    saw = console("habit", firefox=firefox)
    assert saw["who"] == [True, "Ada Obi"] and saw["wide"] <= 360 and saw["h1"] == 1, saw
    assert saw["names"] == [[True, True, "isolate"], *[[True, False, "isolate"]] * 3], saw
    assert saw["initials"] == ["L", "\u0627", "\U0001f469\u200d\U0001f680", "E\u0301"], saw
    assert saw["shown"] == "none" and saw["after"] == "find", saw


def test_an_expired_session_asks_for_the_password(console):
    """The page renews an expired access token silently; without a valid refresh token it shows the sign-in form."""
    saw = console("expiry")
    assert saw["renewed"] and "session has ended" in saw["told"]


@pytest.mark.parametrize("locks", [True, False], ids=["locks", "no-locks"])
def test_all_tabs_share_one_session(world, playwright, locks):
    """With the locks of the browser and, as below http:, without."""
    play = console_of(world, "api")
    r = run("admin", "create", "--email", "chi@example.com", "--name", "Chi Ude", stdin=PASSWORD + "\n", **world.env)
    assert r.returncode == 0, r.stdout + r.stderr
    world.rows("""INSERT INTO "Title" (id, type, name, archived, "pendingReview", "updatedAt") VALUES (1, 'MOVIE', 'Dusk', true, true, now())""")
    saw = play("tabs", locks=locks, other="chi@example.com")
    assert saw["renewals"] == [1] and saw["renewed"] == [True, True, True], "one tab renews, the other one takes what it gets"
    assert saw["out"] == [["", "", 0, 0, ""]] * 2 and saw["kept"] == ["device"], saw
    assert saw["ended"] == ["Your session has ended. Sign in to continue."] * 2 and saw["same"] == "dus", "the same person goes on"
    assert saw["other"] == ["", False], "nothing of the person before is left"


@pytest.mark.parametrize("console", ["api"], indirect=True)
def test_an_upload_survives_a_restart_of_object_storage(console, world, tmp_path):
    """Lost parts are sent again; the stored object is the file."""
    source = film(tmp_path / "harmattan.mp4")

    def store_dies(p):
        wait_for(lambda: p.poll() is not None or world.rows("""SELECT 1 FROM "UploadJob" WHERE "createdAt" < timezone('UTC', now()) - interval '1 second'"""),
                 "the upload to begin", 60)
        world.store.restart()

    saw = console("slow", meanwhile=store_dies, film=source, name="Harmattan")
    assert saw["state"] == "Waiting to be transcoded" and len(saw["percents"]) > 3
    [(key,)] = world.rows("""SELECT payload ->> 'key' FROM "UploadJob" WHERE status = 'PROCESSING'""")
    with open(source, "rb") as f:
        assert world.store.client().get_object(Bucket=world.bucket, Key=key)["Body"].read() == f.read()


@pytest.mark.parametrize("console", ["api"], indirect=True)
def test_an_upload_goes_on_after_a_lost_network_and_a_reload(console, world, tmp_path):
    """Parts that have arrived are kept; there is one title and one upload; another file of the same name and size is refused."""
    (tmp_path / "other").mkdir()
    for name in ("harmattan.mp4", "other/harmattan.mp4", "khamsin.mp4"):
        (tmp_path / name).write_bytes(os.urandom(60_000_000))
    saw = console("resume", film=str(tmp_path / "harmattan.mp4"), other=str(tmp_path / "other" / "harmattan.mp4"),
                  third=str(tmp_path / "khamsin.mp4"), name="Harmattan")
    assert "goes on by itself" in saw["lost"] and saw["after"].startswith("Not finished"), saw
    assert "is another file" in saw["other"] and saw["offered"] == "Resume the upload of Harmattan", saw
    assert saw["state"] == "Waiting to be transcoded" and saw["puts"] == 5, "the parts that have not arrived"
    assert world.rows("""SELECT t.name, u.status::text FROM "UploadJob" u JOIN "Title" t ON t.id = u."titleId" ORDER BY 1""") == [
        ("Harmattan", "PROCESSING"), ("Harmattan again", "CANCELED")]
    [(key,)] = world.rows("""SELECT payload ->> 'key' FROM "UploadJob" WHERE status = 'PROCESSING'""")
    with open(tmp_path / "harmattan.mp4", "rb") as f:
        assert world.store.client().get_object(Bucket=world.bucket, Key=key)["Body"].read() == f.read()


def uploaded(world, path):
    """Fails unless there is one title with one upload, whose object is the file."""
    [(name, status, key)] = world.rows("""SELECT t.name, u.status::text, u.payload ->> 'key' FROM "UploadJob" u FULL JOIN "Title" t ON t.id = u."titleId" """)
    assert status == "PROCESSING" and world.store.client().get_object(Bucket=world.bucket, Key=key)["Body"].read() == path.read_bytes()
    return name


@BOTH
@pytest.mark.parametrize("console", ["api"], indirect=True)
def test_try_again_and_resume_on_the_row_send_what_is_missing(console, world, tmp_path, firefox):
    """To the same title and upload."""
    (tmp_path / "harmattan.mp4").write_bytes(os.urandom(30_000_000))
    saw = console("again", firefox=firefox, film=str(tmp_path / "harmattan.mp4"), name="Harmattan")
    assert saw["failed"].endswith("Object storage is full. Try again when there is room: what has arrived is kept."), saw
    assert saw["sent"] == {"full": [1, 2, 3], "hangs": [2, 3], "free": [2, 3]} and saw["rows"] == 1, saw
    assert saw["during"].startswith("Uploading") and re.match("Stopped . 3. % of 30 MB", saw["stopped"]), saw
    assert uploaded(world, tmp_path / "harmattan.mp4") == "Harmattan"


@BOTH
@pytest.mark.parametrize("console", ["api"], indirect=True)
def test_an_upload_without_network_waits_as_long_as_it_takes(console, world, tmp_path, firefox):
    """Each part is tried more often than the six times after which an upload failed before."""
    (tmp_path / "harmattan.mp4").write_bytes(os.urandom(15_000_000))
    saw = console("offline", firefox=firefox, film=str(tmp_path / "harmattan.mp4"), name="Harmattan")
    assert "goes on by itself" in saw["waits"] and saw["state"] == "Waiting to be transcoded" and len(saw["tries"]) == 2, saw
    assert uploaded(world, tmp_path / "harmattan.mp4") == "Harmattan"


@pytest.mark.parametrize("bare", [False, True], ids=["locks", "no-locks"])
@pytest.mark.parametrize("console", ["api"], indirect=True)
def test_the_upload_of_a_tab_that_was_killed_goes_on_in_another(console, world, tmp_path, bare):
    (tmp_path / "harmattan.mp4").write_bytes(os.urandom(1_000_000))
    saw = console("killed", film=str(tmp_path / "harmattan.mp4"), bare=bare)
    assert saw["live"].startswith("Uploading in another tab"), saw
    assert saw["known"] == ["Nothing: leave it as it is", "This file is being uploaded in another tab."], saw
    assert saw["asked"] == "Films are still being uploaded. In another tab: harmattan.mp4. Stop them and sign out?", saw
    assert saw["left"].startswith("Not finished") and saw["buttons"] == ["Resume", "Discard"], saw
    assert uploaded(world, tmp_path / "harmattan.mp4") == "harmattan"


@BOTH
@pytest.mark.parametrize("console", ["api"], indirect=True)
def test_the_dialog_outlives_the_session_of_the_same_person_only(console, world, tmp_path, firefox):
    r = run("admin", "create", "--email", "other@example.com", "--name", "Ben Ade", stdin=PASSWORD + "\n", **world.env)
    assert r.returncode == 0, r.stdout + r.stderr
    for name in ("harmattan.mp4", "khamsin.mp4"):
        (tmp_path / name).write_bytes(b"film")
    saw = console("kept", firefox=firefox, film=str(tmp_path / "harmattan.mp4"), third=str(tmp_path / "khamsin.mp4"), other="other@example.com")
    assert not saw["door"] and saw["same"] == [True, [["harmattan.mp4", "First"], ["khamsin.mp4", "Last"]]], saw
    assert saw["who"] == "Ben Ade" and saw["other"] == [False, []] and saw["next"] == [True, [["khamsin.mp4", "khamsin"]]], saw
    assert saw["late"] == [False, []], "files that were chosen before the end of the session was known"


@BOTH
@pytest.mark.parametrize("console", ["api"], indirect=True)
def test_a_file_or_a_name_that_is_there_twice_is_asked(console, world, tmp_path, firefox):
    """Names and targets are those of all titles of the server, whatever part of the list the page has."""
    world.rows("""INSERT INTO "Title" (type, name, archived, "pendingReview", "createdAt", "updatedAt")
            SELECT 'MOVIE', 'Film ' || n, true, true, now() - n * interval '1 s', now() FROM generate_series(1, 130) n;
        INSERT INTO "Title" (id, type, name, archived, "pendingReview", "createdAt", "updatedAt") VALUES (1000, 'MOVIE', 'Old', false, false, now() - interval '1 h', now());
        INSERT INTO "AssetVersion" ("titleId", rendition, status, url, "updatedAt") VALUES (1000, 'R360', 'READY', 'u', now())""")
    for name in ("harmattan.mp4", "khamsin.mp4"):
        (tmp_path / name).write_bytes(os.urandom(1000))
    saw = console("twice", firefox=firefox, film=str(tmp_path / "harmattan.mp4"), third=str(tmp_path / "khamsin.mp4"))
    assert saw["rows"] == [["A new title"], ["Nothing: do not upload it twice", "This file is above already."], ["A new title"]], saw
    assert saw["asked"] == ["There is a title of this name: old. Create another one?"] * 2 and saw["refused"], saw
    assert saw["found"] == ["A new title", "Old"] and saw["stays"] == "Old" and saw["open"], saw
    assert saw["live"] == "Old is published. The new film replaces the present one for viewers as soon as it has been transcoded.", saw
    assert saw["again"] == [["Nothing: do not upload it again", "This file was uploaded before, as old."]], saw
    assert world.rows("""SELECT t.name, u.payload ->> 'fileName' FROM "UploadJob" u JOIN "Title" t ON t.id = u."titleId" ORDER BY 2""") == [
        ("old", "harmattan.mp4"), ("Old", "khamsin.mp4")]


@pytest.mark.parametrize("kept, firefox", [("s3", False), ("local", False), ("s3", True)], ids=["s3", "local", "firefox"])
def test_a_film_is_uploaded_published_and_played(world, playwright, tmp_path, kept, firefox):
    """Follows the progress, seeks, and plays every quality; with S3 and with a local directory."""
    if kept == "local":
        (tmp_path / "media").mkdir()
        world.env.update(S3_BUCKET="", MEDIA_DIR=tmp_path / "media")
    saw = console_of(world)("film", firefox=firefox, film=film(tmp_path / "dusk.mp4"), name="Dusk")
    way, rungs = saw["way"], saw["way"]["rungs"]
    assert way["states"][0].startswith("Uploading") and way["last"].startswith("Ready"), way
    assert len(rungs) == 2 and all(percents == sorted(percents) for percents in rungs.values()), rungs
    for how, way in (("draft", "file"), ("published", "HLS")):  # hls.js could not be loaded for the draft
        seen = saw[how]
        assert abs(seen["duration"] - 12) < 0.2 and seen["played"] > 5 and seen["focusStays"], seen
        assert seen["sizes"] == {"R360": 360, "R720": 720} and seen["level"].endswith(way) and re.fullmatch("[0-9]+ s", seen["buffer"]), seen
    assert world.rows("""SELECT rendition::text, status::text, "durationSec" FROM "AssetVersion" ORDER BY 1""") == [
        ("R360", "READY", 12), ("R720", "READY", 12)]


@BOTH
def test_subtitles_are_added_played_and_deleted(world, playwright, tmp_path, firefox):
    (tmp_path / "media").mkdir()
    world.env.update(S3_BUCKET="", MEDIA_DIR=tmp_path / "media")
    play = console_of(world)
    play("film", film=film(tmp_path / "dusk.mp4", seconds=6, size="640x360", bits="2M"), name="Dusk")
    (tmp_path / "dusk.pt-br.srt").write_text("1\n00:00:00,500 --> 00:00:05,000\nBoa noite\n")
    (tmp_path / "broken.en.srt").write_text("no subtitles\n")
    saw = play("text", firefox=firefox, text=str(tmp_path / "dusk.pt-br.srt"), broken=str(tmp_path / "broken.en.srt"))
    assert saw["refused"] and saw["error"] == "" and saw["language"] == "pt-br"
    assert saw["listed"] == "Brazilian Portuguese (pt-BR)subtitles · added" and saw["cue"] == "Boa noite"
    assert saw["texts"][0] == "None" and len(saw["texts"]) == 2
    assert world.rows("SELECT count(*) FROM wanzami.text_track") == [(0,)]


@BOTH
def test_audio_tracks_are_added_heard_and_removed(world, playwright, tmp_path, firefox):
    (tmp_path / "media").mkdir()
    world.env.update(S3_BUCKET="", MEDIA_DIR=tmp_path / "media")
    play = console_of(world)
    play("film", film=film(tmp_path / "dusk.mp4", seconds=6, size="640x360", bits="2M"), name="Dusk")
    subprocess.run(["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "sine=600:r=48000:d=4", str(tmp_path / "dusk.fr.wav")], check=True)
    saw = play("audio", firefox=firefox, film=str(tmp_path / "dusk.mp4"), own=str(tmp_path / "dusk.fr.wav"), sound=str(tmp_path / "dusk.fr.wav"))
    assert saw["before"] == ["English en · stereo · default · of the film"], saw
    assert saw["missing"].startswith("Choose a file with sound alone") and saw["failed"].startswith("Failed: The file is a video.") and saw["offered"] == ["Retry: dusk.mp4", "Dismiss: dusk.mp4"], saw
    assert saw["focus"] == "audio-file" and "language must be a tag of BCP 47" in saw["refused"] and saw["faults"] == [], saw
    assert saw["listed"][1] == "French (audio description) fr · audio description · stereo · added · dusk.fr.wav", saw
    assert saw["notes"] == ["The sound ends after 4.0 seconds; silence follows until the picture ends."] and saw["heard"] == "French (audio description)", saw
    assert world.rows("SELECT count(*) FROM wanzami.stream WHERE upload_job_id IS NOT NULL") == [(0,)]


@BOTH
def test_a_dropped_file_that_is_no_film_fails(console, tmp_path, firefox):
    noise = tmp_path / "noise.mp4"
    noise.write_bytes(os.urandom(200000))
    saw = console("drop", firefox=firefox, film=str(noise), name="noise")
    assert saw["over"] and saw["name"] == "noise"
    assert "Failed" in saw["way"]["last"] and "not a video" in saw["way"]["last"], saw["way"]


@pytest.mark.skipif("WANZAMI_PICTURE" not in os.environ, reason="only to take the screenshot of the README")
def test_the_screenshot_of_the_readme(console, tmp_path):
    picture = os.path.join(ROOT, os.environ["WANZAMI_PICTURE"])
    console("picture", film=film(tmp_path / "lagos.mp4", seconds=60, size="1920x1080"), name="Lagos at Dawn", picture=picture)
    assert os.path.getsize(picture) > 10000
