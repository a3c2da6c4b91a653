"""Uploads and artwork through the API, with an S3 server that checks signatures and with a directory that the appliance
serves itself: what the apps do, and what goes wrong on the way."""
import concurrent.futures
import hashlib
import http.client
import json
import os
import re
import socket
import subprocess
import time
import urllib.parse

import pytest
import requests

from editor import PASSWORD, Api
from services import run, wait_for

MIB = 1 << 20
KEY = r"uploads/\d{13}-[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/"


@pytest.fixture(params=["s3", "directory"])
def api(request, world, tmp_path):
    return Api(world, str(tmp_path / "media") if request.param == "directory" else None)


@pytest.fixture
def s3(world):
    return Api(world)


@pytest.fixture
def local(world, tmp_path):
    return Api(world, str(tmp_path / "media"))


def test_a_film_becomes_a_job(api):
    data = os.urandom(21 * MIB + 5)
    made = api.init(fileName="My film, 映画 + 1.mp4", bytesTotal=len(data))
    assert re.fullmatch(KEY + re.escape("My film, 映画 + 1.mp4"), made["key"])
    assert (made["partSize"], made["partCount"], [p["partNumber"] for p in made["presignedParts"]]) == (10 * MIB, 3, [1, 2, 3])
    assert api.job(made) == ("UPLOADING", None, None, None, None, None)
    parts = api.put(made, data)
    assert api.progress(made["jobId"], str(10 * MIB)) == {"job": {"id": made["jobId"], "bytesUploaded": 10 * MIB, "status": "UPLOADING"}}
    answer = api.complete(made, parts[::-1])  # any order will do
    assert answer == {"job": {"id": made["jobId"], "status": "PROCESSING"}}
    assert api.job(made) == ("PROCESSING", None, "queued", made["key"], len(data), "{R1080,R720,R360}")
    uri = "s3://%s/%s" % ("local" if api.folder else api.world.bucket, made["key"])
    assert api.assets() == [("R360", "PROCESSING", uri), ("R720", "PROCESSING", uri), ("R1080", "PROCESSING", uri)]
    assert api.world.rows('SELECT "name", "type"::text, "archived", "pendingReview" FROM "Title"') == [("A film", "MOVIE", True, True)]
    assert hashlib.sha256(api.read(made["key"]).content).digest() == hashlib.sha256(data).digest()
    upload = api.uploads()[0]
    assert (upload["status"], upload["bytesUploaded"], upload["bytesTotal"], upload["error"]) == ("PROCESSING", len(data), len(data), None)
    # Whatever comes late changes nothing, and the same question gets the same answer.
    assert api.progress(made["jobId"], 7)["job"] == {"id": made["jobId"], "bytesUploaded": len(data), "status": "PROCESSING"}
    assert api.complete(made, parts) == api.complete({**made, "key": "another"}, parts) == answer
    assert len(api.assets()) == 3 and api.job(made)[2] == "queued"


@pytest.mark.errors("statement failed")
def test_nothing_is_lost_when_the_answer_to_complete_is(api):
    """The store has made the object, but the process died before its rows were written."""
    made = api.init()
    parts = api.put(made, b"hello world")
    api.world.rows('ALTER TABLE "AssetVersion" RENAME TO hidden')
    api.complete(made, parts, status=500)
    api.world.rows('ALTER TABLE hidden RENAME TO "AssetVersion"')
    assert api.job(made)[:3] == ("UPLOADING", None, None)
    api.a.restart()
    api.complete(made, parts)
    assert api.job(made)[0] == "PROCESSING" and api.job(made)[4] == 11


def test_wrong_parts_are_refused_and_better_ones_taken(api):
    made = api.init()
    parts = api.put(made, b"hello world")
    answer = api.complete(made, [{"ETag": '"00000000000000000000000000000000"', "PartNumber": 1}], status=400)
    assert answer["message"] == "Failed to complete multipart upload" and "InvalidPart" in answer["error"]
    assert api.job(made)[0] == "FAILED" and "InvalidPart" in api.uploads()[0]["error"]
    api.complete(made, parts + [{"ETag": parts[0]["ETag"], "PartNumber": 2}], status=400)
    api.complete(made, [], status=400)
    api.complete(made, parts)
    assert api.job(made)[:3] == ("PROCESSING", None, "queued")


def refused(api, made, parts):
    """What complete says about parts that are not the whole film; the upload is open as before."""
    answer = api.complete(made, parts, status=400)
    assert api.job(made) == ("UPLOADING", None, None, None, None, None)
    return answer["message"].removeprefix("The upload is incomplete: "), answer["missingParts"], answer["wrongParts"]


def test_an_upload_that_lost_parts_is_refused_until_it_is_whole(api):
    data = os.urandom(20 * MIB + 5)
    made = api.init(bytesTotal=len(data))
    urls = {p["partNumber"]: p["url"] for p in made["presignedParts"]}

    def send(n, body):
        r = requests.put(urls[n], data=body, timeout=60)
        assert r.status_code == 200, r.text
        return {"ETag": r.headers["ETag"], "PartNumber": n}

    one, three = send(1, data[:10 * MIB]), send(3, data[20 * MIB:])
    assert refused(api, made, [one]) == ("parts 2-3 of 3 are missing", [2, 3], [])
    assert refused(api, made, [one, three]) == ("part 2 of 3 is missing", [2], [])
    assert refused(api, made, [one, {"ETag": '"0"', "PartNumber": 2}, three]) == ("part 2 of 3 is missing", [2], [])  # it never arrived
    short = send(2, data[10 * MIB:20 * MIB - 1])
    assert refused(api, made, [one, short, three]) == ("part 2 has 10485759 bytes instead of 10485760", [], [2])
    two = send(2, data[10 * MIB:20 * MIB])
    assert refused(api, made, [two, three]) == ("part 1 of 3 is missing", [1], [])
    assert refused(api, made, [one, two, two, three]) == ("part 2 is listed twice", [], [2])
    assert refused(api, made, [one, two, three, {"ETag": '"0"', "PartNumber": 4}]) == ("part 4 does not belong to the upload, which has 3", [], [])
    api.complete(made, [three, two, one])
    assert api.job(made)[:3] == ("PROCESSING", None, "queued") and api.job(made)[4] == len(data)


def test_an_upload_of_the_node_service_may_have_parts_of_other_sizes_but_no_gaps(api):
    """Its rows do not say how large the parts are."""
    data = os.urandom(16 * MIB)
    made = api.init(bytesTotal=len(data))
    api.world.rows('UPDATE "UploadJob" SET "payload" = "payload" - \'partSize\'')
    made["partSize"], tags = 8 * MIB, []
    tags = api.put(made, data)
    assert refused(api, made, tags[1:]) == ("part 1 of 2 is missing", [1], [])
    assert refused(api, made, tags[:1]) == ("the parts have 8388608 of 16777216 bytes", [], [])
    api.complete(made, tags)
    assert api.job(made)[4] == len(data)


def test_a_joined_film_of_another_size_is_no_film(s3):
    """The object was made by somebody else, or before parts were checked."""
    made = s3.init(bytesTotal=12)
    parts = s3.put(made, b"hello world")
    client = s3.world.store.client()
    client.abort_multipart_upload(Bucket=s3.world.bucket, Key=made["key"], UploadId=made["uploadId"])
    client.put_object(Bucket=s3.world.bucket, Key=made["key"], Body=b"hello world")
    assert s3.complete(made, parts, status=400) == {"message": "Failed to complete multipart upload",
                                                    "error": "IncompleteBody: the file has 11 of 12 bytes; upload it again"}
    assert s3.job(made)[:3] == ("FAILED", "IncompleteBody: the file has 11 of 12 bytes; upload it again", None)


# An upload that goes on after the page was loaded again

def parts_of(api, made, status=200):
    r = api.a.get("/api/admin/uploads/%s/parts" % made["jobId"], token=api.token)
    assert r.status_code == status, r.text
    return r.json()


def cancel(api, made, status=200):
    r = api.a.delete("/api/admin/uploads/%s" % made["jobId"], token=api.token)
    assert r.status_code == status, r.text
    return r.json()


def test_an_upload_goes_on_where_it_stopped(api):
    data = os.urandom(31 * MIB)
    made = api.init(bytesTotal=len(data), fileName="film.mp4")
    path = "/api/admin/uploads/%s/parts" % made["jobId"]
    job = {"id": made["jobId"], "status": "UPLOADING", "fileName": "film.mp4", "bytesUploaded": 0, "bytesTotal": len(data)}
    plan = {"job": job, "uploadId": made["uploadId"], "key": made["key"], "partSize": 10 * MIB, "partCount": 4}
    assert parts_of(api, made) == {**plan, "parts": []}
    first = {**made, "presignedParts": [made["presignedParts"][n] for n in (0, 2)]}
    tags = api.put(first, data)
    requests.put(made["presignedParts"][3]["url"], data=b"short", timeout=60)
    known = parts_of(api, made)
    assert [(p["PartNumber"], p["Size"]) for p in known["parts"]] == [(1, 10 * MIB), (3, 10 * MIB), (4, 5)]
    assert [p["ETag"] for p in known["parts"]][:2] == [t["ETag"] for t in tags]
    api.world.rows('UPDATE "UploadJob" SET "updatedAt" = timezone(\'UTC\', now()) - interval \'6 days\'')
    signed = api.post(path)
    assert {**signed, "presignedParts": [p["partNumber"] for p in signed["presignedParts"]]} == {**plan, "presignedParts": [2, 4]}
    assert api.world.rows('SELECT timezone(\'UTC\', now()) - "updatedAt" < interval \'1 hour\' FROM "UploadJob"') == [(True,)]
    for body, numbers in (({"first": 3}, [4]), ({"last": 2}, [2]), ({"first": 3, "last": 3}, []), ({"last": 10000}, [2, 4])):
        assert [p["partNumber"] for p in api.post(path, body)["presignedParts"]] == numbers, body
    api.post(path, {"first": 0}, status=400)
    api.put({**made, "presignedParts": signed["presignedParts"]}, data)
    whole = parts_of(api, made)["parts"]  # as they are: complete takes what was listed
    api.complete(made, whole)
    assert hashlib.sha256(api.read(made["key"]).content).digest() == hashlib.sha256(data).digest()
    assert parts_of(api, made) == {"job": {**job, "status": "PROCESSING", "bytesUploaded": len(data)}, "parts": []}
    assert api.post(path, status=409) == {"message": "This upload has been completed"}
    assert cancel(api, made, 409) == {"message": "This upload has been completed"}


def test_an_upload_that_is_canceled_leaves_nothing(api):
    """At once: the clean-up of canceled uploads has not run yet."""
    made = api.init()
    parts = api.put(made, b"hello world")
    for _ in range(2):
        assert cancel(api, made) == {"job": {"id": made["jobId"], "status": "CANCELED"}}
    assert api.job(made)[:3] == ("CANCELED", None, None)
    assert parts_of(api, made)["job"]["status"] == "CANCELED"
    assert api.post("/api/admin/uploads/%s/parts" % made["jobId"], status=409) == {"message": "This upload has been canceled"}
    assert api.complete(made, parts, status=409) == {"message": "This upload has been canceled"}
    if api.folder:
        assert os.listdir(api.folder + "/parts") == []
    else:
        assert api.world.store.uploads(api.world.bucket) == []
    r = run("job", "run", "store-cleanup", **api.env)
    assert r.returncode == 0, r.stdout + r.stderr
    assert requests.put(made["presignedParts"][0]["url"], data=b"hello world", timeout=60).status_code == 404
    assert api.world.rows("SELECT key FROM wanzami.object_trash") == []


def test_an_upload_that_is_canceled_while_object_storage_is_away_is_deleted_later(s3):
    made = s3.init()
    s3.put(made, b"hello world")
    s3.world.store.pause()
    try:
        assert cancel(s3, made) == {"job": {"id": made["jobId"], "status": "CANCELED"}}
    finally:
        s3.world.store.resume()
    assert s3.world.rows("SELECT key, reason FROM wanzami.object_trash") == [(made["key"], "abandoned")]
    assert run("job", "run", "store-cleanup", **s3.env).returncode == 0
    assert s3.world.store.uploads(s3.world.bucket) == [] and s3.world.rows("SELECT key FROM wanzami.object_trash") == []


def test_an_upload_that_is_canceled_while_it_is_completed_leaves_no_object(s3):
    made = s3.init()
    parts = s3.put(made, b"hello world")
    s3.world.store.pause()
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        try:
            waiting = pool.submit(s3.complete, made, parts, 409)
            wait_for(lambda: re.search(r"requests_in_flight (\d+)", s3.a.get("/metrics").text)[1] == "1", "the completion to wait for the store")
            cancel(s3, made)
        finally:
            s3.world.store.resume()
        assert waiting.result() == {"message": "This upload has been canceled"}
    assert s3.job(made)[:3] == ("CANCELED", None, None)
    assert run("job", "run", "store-cleanup", **s3.env).returncode == 0
    assert s3.world.store.keys(s3.world.bucket) == [] and s3.world.store.uploads(s3.world.bucket) == []


def test_what_the_store_lost_is_said(s3):
    made = s3.init()
    s3.world.store.client().abort_multipart_upload(Bucket=s3.world.bucket, Key=made["key"], UploadId=made["uploadId"])
    lost = {"message": "Object storage no longer has this upload: complete it, or upload the film again"}
    assert parts_of(s3, made, 409) == s3.post("/api/admin/uploads/%s/parts" % made["jobId"], status=409) == lost
    for method, path in (("GET", "/999999/parts"), ("POST", "/999999/parts"), ("DELETE", "/999999")):
        r = s3.a.request(method, "/api/admin/uploads" + path, token=s3.token)
        assert (r.status_code, r.json()) == (404, {"message": "Job not found"})
        assert s3.a.request(method, "/api/admin/uploads" + path).status_code == 401


def test_a_job_is_completed_with_its_own_key_and_upload_only(api):
    one, two = api.init(), api.init()
    parts = api.put(one, b"hello world")
    path = "/api/admin/uploads/%s/complete" % two["jobId"]
    for body in ({"uploadId": one["uploadId"], "key": one["key"]}, {"uploadId": two["uploadId"], "key": one["key"]}, {"uploadId": "", "key": ""}):
        assert api.post(path, {**body, "parts": parts}, status=400)["message"] == "key and uploadId are not those of this job"
    assert api.job(two)[0] == "UPLOADING"
    unknown = {"uploadId": "x", "key": "y", "parts": parts}
    assert api.post("/api/admin/uploads/999999/complete", unknown, status=404) == {"message": "Job not found after completion"}
    assert api.post("/api/admin/uploads/x/complete", unknown, status=400) == {"message": "Invalid job id"}
    assert api.post("/api/admin/uploads/0/complete", unknown, status=400) == {"message": "Missing job id"}


def test_what_init_refuses_leaves_nothing_behind(s3):
    def errors(**body):
        return s3.init(status=400, **body)["errors"]["fieldErrors"]
    assert errors(kind="CLIP") == {"kind": ["Invalid enum value. Expected 'MOVIE' | 'SERIES' | 'EPISODE', received 'CLIP'"]}
    assert errors(fileName="") == {"fileName": ["String must contain at least 1 character(s)"]}
    assert errors(bytesTotal="x") == {"bytesTotal": ["Expected bigint, received string"]}
    assert list(errors(bytesTotal=0)) == list(errors(bytesTotal=-1)) == list(errors(bytesTotal=(5 << 40) + 1)) == ["bytesTotal"]
    assert errors(seasonNumber=1.5) == {"seasonNumber": ["Expected integer, received float"]}
    assert errors(seasonNumber="one") == {"seasonNumber": ["Expected number, received nan"]}
    assert errors(renditions=["R360", "R8K"]) == {"renditions": ["Invalid enum value. Expected 'R4K' | 'R2K' | 'R1080' | 'R720' | 'R360', received 'R8K'"]}
    assert s3.init(status=404, titleId=999999) == {"message": "Title not found"}
    assert s3.init(status=404, kind="EPISODE", episodeId="999999") == {"message": "Episode not found"}
    assert s3.init(status=400, kind="EPISODE", titleName="") == {"message": "titleId or titleName required for EPISODE uploads"}
    assert s3.world.rows('SELECT count(*) FROM "Title"') == s3.world.rows('SELECT count(*) FROM "UploadJob"') == [(0,)]
    assert s3.world.store.uploads(s3.world.bucket) == []


@pytest.mark.errors("statement failed")
def test_an_upload_whose_rows_cannot_be_written_is_aborted(s3):
    s3.world.rows('ALTER TABLE "UploadJob" ADD CONSTRAINT no CHECK (false) NOT VALID')
    s3.init(status=500)
    assert s3.world.rows('SELECT count(*) FROM "Title"') == [(0,)]
    wait_for(lambda: s3.world.store.uploads(s3.world.bucket) == [], "the upload to be aborted")


def test_only_administrators_upload(api):
    assert api.a.post("/api/admin/uploads/init", {}).status_code == 401
    assert api.a.get("/api/admin/uploads").status_code == 401
    assert api.a.patch("/api/admin/uploads/1/progress", {"bytesUploaded": 1}).status_code == 401
    assert api.a.post("/api/admin/assets/presign", {}).status_code == 401
    assert api.progress(999999, 1, status=404) == {"message": "Job not found"}
    assert list(api.progress(1, -1, status=400)["errors"]["fieldErrors"]) == ["bytesUploaded"]


def test_an_episode_gets_its_season_and_waits_for_review(api):
    api.init(kind="EPISODE", titleName="A series", seasonNumber="2", episodeNumber=3, episodeName="The third")
    [(series, archived, pending)] = api.world.rows('SELECT "id", "archived", "pendingReview" FROM "Title" WHERE "type" = \'SERIES\'')
    assert (archived, pending) == (True, True)
    rows = api.world.rows('SELECT e."name", e."seasonNumber", e."episodeNumber", e."pendingReview", s."seasonNumber", u."titleId", '
                          'u."episodeId" = e."id" FROM "Episode" e JOIN "Season" s ON s."id" = e."seasonId" '
                          'JOIN "UploadJob" u ON u."episodeId" = e."id"')
    assert rows == [("The third", 2, 3, True, 2, None, True)]
    assert api.init(kind="EPISODE", titleId=str(series), seasonNumber=-2147483649, status=400)["errors"]["fieldErrors"] == {
        "seasonNumber": ["Number must be greater than or equal to -2147483648"]}
    second = api.init(kind="EPISODE", titleId=str(series), seasonNumber=2, episodeNumber=-4)
    assert api.world.rows('SELECT min("episodeNumber") FROM "Episode"') == [(-4,)]
    assert api.world.rows('SELECT count(*) FROM "Season"') == [(1,)]
    episode, = api.world.rows('SELECT "episodeId" FROM "UploadJob" WHERE "id" = %s', (second["jobId"],))[0]
    again = api.init(kind="EPISODE", episodeId=episode)
    assert api.world.rows('SELECT "episodeId", "titleId" FROM "UploadJob" WHERE "id" = %s', (again["jobId"],)) == [(episode, None)]
    assert api.world.rows('SELECT count(*) FROM "Episode"') == [(2,)]
    api.complete(again, api.put(again, b"hello world"))
    assert api.world.rows('SELECT DISTINCT "titleId", "episodeId" FROM "AssetVersion"') == [(None, episode)]


def test_the_uploads_of_a_title(s3):
    """Those of its episodes are among them, those of others are not; the one whose renditions are played is marked."""
    def asked(title, status=200):
        r = s3.a.get("/api/admin/titles/%s/uploads" % title, token=s3.token)
        assert r.status_code == status, r.text
        return r.json()
    film = s3.init(titleName="T")
    title = s3.world.rows('SELECT id::text FROM "Title" WHERE name = \'T\'')[0][0]
    other = s3.init(titleName="U")
    episode = s3.init(kind="EPISODE", titleId=title, episodeName="E", seasonNumber=1, episodeNumber=2)
    seen = asked(title)["uploads"]
    assert [(u["id"], u["status"], u["episodeName"], u["state"], u["inUse"]) for u in seen] == [
        (episode["jobId"], "UPLOADING", "E", None, False), (film["jobId"], "UPLOADING", None, None, False)]
    assert [u["id"] for u in asked(s3.world.rows('SELECT id FROM "Title" WHERE name = \'U\'')[0][0])["uploads"]] == [other["jobId"]] and seen[0]["episodeId"] and seen[0]["titleId"] == title
    s3.world.rows("""INSERT INTO wanzami.transcode_job (upload_job_id, source_key, state, attempts, error) VALUES (%s, 'k', 'done', 2, 'away');
        INSERT INTO "AssetVersion" (id, "titleId", rendition, status, url, "updatedAt") VALUES (5000, %s, 'R360', 'READY', 'u', now())""", (film["jobId"], title))
    s3.world.rows("""INSERT INTO wanzami.rendition (asset_version_id, object_key, job_number, size_bytes, duration_ms, codecs, bandwidth, average_bandwidth, init_size)
        SELECT 5000, 'vod/5000', number, 1, 1, 'avc1', 1, 1, 1 FROM wanzami.transcode_job""")
    assert [(u["state"], u["attempts"], u["attemptError"], u["inUse"]) for u in asked(title)["uploads"]] == [(None, None, None, False), ("done", 2, "away", True)]
    assert asked(999999, 404) == {"message": "Title not found"}


@pytest.mark.parametrize("init, complete, made", [
    ({}, {}, "{R1080,R720,R360}"), ({"renditions": ["R360"]}, {}, "{R360}"), ({"renditions": ["R360"]}, {"renditions": ["R4K", "R720"]}, "{R4K,R720}"),
    ({"rendition": "4k"}, {}, "{R4K}"), ({"rendition": "480p"}, {}, "{R360}"), ({"rendition": "1440P"}, {}, "{R2K}"),
    ({"rendition": "8k"}, {}, "{R1080,R720,R360}"),
    ({"rendition": "4k", "renditions": ["R720"]}, {"renditions": []}, "{R720}")])
def test_which_renditions_are_made(local, init, complete, made):
    upload = local.init(**init)
    local.complete(upload, local.put(upload, b"hello world"), **complete)
    assert local.job(upload)[5] == made


def test_what_plays_goes_on_playing_while_the_next_is_made(local):
    first = local.init(renditions=["R360", "R720"])
    local.complete(first, local.put(first, b"hello world"))
    title, = local.world.rows('SELECT "titleId" FROM "UploadJob"')[0]
    local.world.rows("""UPDATE "AssetVersion" SET "status" = 'READY', "url" = 's3://local/vod/1/x/R360.mp4' WHERE "rendition" = 'R360'""")
    second = local.init(titleId=title, renditions=["R360", "R720"])
    local.complete(second, local.put(second, b"hello again"))
    assert local.assets() == [("R360", "READY", "s3://local/vod/1/x/R360.mp4"), ("R720", "PROCESSING", "s3://local/" + second["key"])]


def test_large_files_get_larger_parts(s3):
    for size, part, count in [(1, 10 * MIB, 1), (10 * MIB, 10 * MIB, 1), (10 * MIB + 1, 10 * MIB, 2), (20000 * MIB, 10 * MIB, 2000)]:
        made = s3.init(bytesTotal=size)
        assert (made["partSize"], made["partCount"], len(made["presignedParts"])) == (part, count, count)
    for size in (20000 * MIB + 1, 5 << 40):
        made = s3.init(bytesTotal=str(size))
        assert made["partCount"] <= 2000 and made["partSize"] * (made["partCount"] - 1) < size <= made["partSize"] * made["partCount"]
        assert made["partSize"] % MIB == 0 and made["partSize"] <= 5 << 30


@pytest.mark.parametrize("name, kept", [
    ("../../etc/passwd", "passwd"), ("C:\\films\\a.mp4", "a.mp4"), ("a/", "film"), ("..", "film"), ("a\nb\x7f.mp4", "ab.mp4"),
    ("é" * 150 + ".mkv", "é" * 98 + ".mkv"), ("x" * 300, "x" * 200)])
def test_file_names_are_made_harmless(local, name, kept):
    made = local.init(fileName=name)
    assert re.fullmatch(KEY + re.escape(kept), made["key"]), made["key"]
    local.complete(made, local.put(made, b"hello world"))
    assert local.read(made["key"]).content == b"hello world"
    assert local.world.rows('SELECT "payload"->>\'fileName\' FROM "UploadJob"') == [(name,)]


def test_a_store_that_is_away_is_said_so_and_nothing_is_begun(s3):
    s3.world.store.kill()
    try:
        answer = s3.init(status=500)
    finally:
        s3.world.store.start()
    assert answer["message"] == "Failed to init upload" and "object storage is unreachable" in answer["error"]
    assert s3.world.rows('SELECT count(*) FROM "Title"') == s3.world.rows('SELECT count(*) FROM "UploadJob"') == [(0,)]
    s3.init()


def test_a_silent_store_keeps_nobody_from_signing_in(world):
    """Who waits for the store takes no thread from those who wait for bcrypt."""
    api, asked = Api(world, WORKERS=1), 8
    world.store.pause()
    with concurrent.futures.ThreadPoolExecutor(asked) as pool:
        try:
            waiting = [pool.submit(api.a.post, "/api/admin/uploads/init", {"kind": "MOVIE", "titleName": "A film", "fileName": "film.mp4", "bytesTotal": 11,
                                                                           "contentType": "video/mp4"}, token=api.token) for _ in range(asked)]
            wait_for(lambda: re.search(r"requests_in_flight (\d+)", api.a.get("/metrics").text)[1] == str(asked), "those who wait for the store")
            for _ in range(3):
                api.sign_in("ada@example.com", PASSWORD)
            assert not any(w.done() for w in waiting)
        finally:
            world.store.resume()
    assert {w.result().status_code for w in waiting} == {200}


def test_without_a_store(world):
    api = Api(world)
    api.start(S3_BUCKET="")
    assert api.init(status=500) == {"message": "S3 is not configured"}
    assert api.post("/api/admin/assets/presign", status=500) == {"message": "Failed to presign asset upload", "error": "S3 bucket not configured"}
    assert api.post("/api/admin/assets/get-url", {"key": "a"}, status=500) == {"message": "Failed to presign asset read", "error": "S3 bucket not configured"}


def test_artwork(api):
    made = api.post("/api/admin/assets/presign", {"kind": "poster", "contentType": "image/png"})
    assert re.fullmatch(r"poster/\d{13}-[0-9a-f-]{36}", made["key"]) and made["publicUrl"].endswith("/" + made["key"])
    image = b"\x89PNG\r\n\x1a\n" + os.urandom(2 * MIB)
    r = requests.put(made["url"], data=image, headers={"Content-Type": "application/json", "Origin": "https://admin.example"}, timeout=60)
    assert r.status_code == 200 and r.headers["ETag"]
    assert api.read(made["key"]).content == image
    assert api.world.rows('SELECT "userId" IS NOT NULL, "action", "resource", "detail" FROM "AdminAuditLog" WHERE "action" = \'ASSET_PRESIGN\'') == [
        (True, "ASSET_PRESIGN", made["key"], {"kind": "poster", "publicUrl": made["publicUrl"]})]
    assert api.post("/api/admin/assets/presign", {"kind": None})["key"].startswith("asset/")
    for kind in ("../x", "", "a/b", 7, "k" * 33):
        api.post("/api/admin/assets/presign", {"kind": kind}, status=400)
    for key in (None, "", 7):
        assert api.post("/api/admin/assets/get-url", {"key": key}, status=400) == {"message": "key is required"}


def test_the_public_address_of_artwork_may_be_a_cdn(local):
    local.a.close()
    local.start(PUBLIC_ASSET_BASE="https://cdn.example/art", PUBLIC_API_ORIGIN="https://api.example/")
    made = local.post("/api/admin/assets/presign")
    assert made["publicUrl"] == "https://cdn.example/art/" + made["key"]
    assert made["url"].startswith("https://api.example/media-local/" + made["key"] + "?")


def test_how_long_an_address_lives(s3):
    for given, seconds in [(60, 60), ("120", 120), (999999, 86400), (0, 3600), ("", 3600), ("x", 3600), (None, 3600), (-5, 1), (1.5, 1), ("inf", 3600), ("Infinity", 86400), (" 60 ", 60), (True, 1)]:
        url = s3.post("/api/admin/assets/get-url", {"key": "some/other key.png", "expiresIn": given})["url"]
        assert "X-Amz-Expires=%d&" % seconds in url, given


def test_any_object_may_be_read(s3):
    """Others may have named objects as we would not (docs/compatibility.md#asset-get-url)."""
    for key, path in (("/poster/a.png", "/poster/a.png"), ("a//b", "a//b"), ("folder/", "folder/"), ("s3://b/é", "s3%3A//b/%C3%A9"), ("x" * 1024, "x" * 1024)):
        assert "/%s/%s?" % (s3.world.bucket, path) in s3.post("/api/admin/assets/get-url", {"key": key})["url"], key
    assert s3.post("/api/admin/assets/get-url", {"key": "x" * 1025}, status=400) == {"message": "key is not a valid object key"}


def test_a_directory_has_no_objects_of_other_names(local):
    for key in ("/poster/a.png", "a//b", "../x", "x" * 1025):
        assert local.post("/api/admin/assets/get-url", {"key": key}, status=400) == {"message": "key is not a valid object key"}


# The directory, served by the appliance itself

def artwork(local, body, kind="asset"):
    made = local.post("/api/admin/assets/presign", {"kind": kind})
    assert requests.put(made["url"], data=body, timeout=60).status_code == 200
    return made


def test_ranges_of_a_local_object(local):
    body = os.urandom(3 * MIB + 11)
    made = artwork(local, body)
    url = local.post("/api/admin/assets/get-url", {"key": made["key"]})["url"]
    with requests.Session() as session:  # one connection for all of it
        def get(**headers):
            return session.get(url, headers={k.replace("_", "-"): v for k, v in headers.items()}, timeout=60)
        whole = get()
        assert (whole.status_code, whole.content, whole.headers["Accept-Ranges"]) == (200, body, "bytes")
        for text, first, last in [("bytes=0-0", 0, 0), ("bytes=5-70000", 5, 70000), ("bytes=3000000-", 3000000, len(body) - 1),
                                  ("bytes=-7", len(body) - 7, len(body) - 1), ("bytes=0-99999999999", 0, len(body) - 1),
                                  ("bytes=-99999999999", 0, len(body) - 1), ("bytes=%d-" % (len(body) - 1), len(body) - 1, len(body) - 1)]:
            r = get(Range=text)
            assert (r.status_code, r.headers["Content-Range"]) == (206, "bytes %d-%d/%d" % (first, last, len(body))), text
            assert r.content == body[first:last + 1]
        for text in ("bytes=%d-" % len(body), "bytes=99999999999-", "bytes=-0"):
            r = get(Range=text)
            assert (r.status_code, r.headers["Content-Range"], r.content) == (416, "bytes */%d" % len(body), b""), text
        for text in ("bytes=5-4", "bytes=a-b", "bytes=0-1,5-6", "items=0-1", "bytes=", "bytes=-"):
            assert (get(Range=text).status_code, text) == (200, text)
        etag = whole.headers["ETag"]
        assert get(Range="bytes=0-1", If_Range=etag).status_code == 206
        assert get(Range="bytes=0-1", If_Range='"other"').content == body
        assert (get(If_None_Match=etag).status_code, get(If_None_Match=etag).content) == (304, b"")
        head = session.head(url, timeout=60)
        assert (head.status_code, int(head.headers["Content-Length"]), head.content) == (200, len(body), b"")


@pytest.mark.parametrize("body, kind", [(b"\x89PNG\r\n\x1a\n...", "image/png"), (b"\xff\xd8\xff\xe0...", "image/jpeg"),
                                        (b"RIFF....WEBPVP8 ", "image/webp"), (b"\0\0\0\x20ftypisom....", "video/mp4"),
                                        (b"WEBVTT\n\n", "text/vtt"), (b"<html><script>alert(1)</script>", "application/octet-stream"), (b"", "application/octet-stream")])
def test_types_are_what_the_bytes_say(local, body, kind):
    made = artwork(local, body)
    r = requests.get(made["publicUrl"], timeout=60)
    assert (r.status_code, r.content, r.headers["Content-Type"], r.headers["X-Content-Type-Options"]) == (200, body, kind, "nosniff")


def test_preconditions_of_a_local_object(local):
    """RFC 9110 §13: lists, weak ETags and "*", and their order, which is If-Match, If-None-Match, Range with If-Range."""
    body = os.urandom(1000)
    made = artwork(local, body)
    url, other, part = made["publicUrl"], '"other"', "bytes=0-1"
    with requests.Session() as session:
        etag = session.get(url, timeout=60).headers["ETag"]
        weak, lists = "W/" + etag, '"a,b" , W/"x",%s, "c"' % etag
        for method in ("GET", "HEAD"):
            def status(**headers):
                r = session.request(method, url, headers={k.replace("_", "-"): v for k, v in headers.items()}, timeout=60)
                assert r.headers.get("ETag") == (etag if r.status_code != 412 else None)
                if method == "GET":
                    assert r.content == {200: body, 206: body[:2], 304: b""}.get(r.status_code, r.content)
                    assert r.status_code != 412 or r.json()["message"] == "The object does not have the ETag that the request requires"
                return r.status_code
            for match, expected in [(etag, 200), ("*", 200), (lists, 200), (etag[1:-1], 200), (weak, 412), (other, 412), ('"a", "b"', 412),
                                    ('"a,%s"' % etag[1:-1], 412), (etag[:-2] + '"', 412)]:
                assert (match, status(If_Match=match)) == (match, expected)
            for known, expected in [(etag, 304), (weak, 304), ("*", 304), (lists, 304), (other, 200), ('"a", W/"b"', 200), (etag[:-2] + '"', 200)]:
                assert (known, status(If_None_Match=known)) == (known, expected)
            assert status(If_Match=other, If_None_Match=etag, Range=part) == 412
            assert status(If_Match=etag, If_None_Match=etag, Range=part) == 304
            assert status(If_Match=etag, If_None_Match=other, Range=part) == 206
            assert status(If_Match=etag, If_None_Match=other, Range=part, If_Range=other) == 200
            assert status(Range=part, If_Range=weak) == 200
    assert requests.get(url + "x", headers={"If-Match": "*"}, timeout=60).status_code == 404


@pytest.mark.parametrize("size", [1000, 5 * MIB], ids=["in memory", "on disk"])
def test_a_local_object_may_be_put_only_if_there_is_none(local, size):
    made = local.post("/api/admin/assets/presign")
    bodies = [bytes([n]) * size for n in range(8)]

    def put(body, **headers):
        return requests.put(made["url"], data=body, headers={k.replace("_", "-"): v for k, v in headers.items()}, timeout=60)

    assert put(b"x", If_Match="*").status_code == 412
    with concurrent.futures.ThreadPoolExecutor(len(bodies)) as pool:
        answers = list(pool.map(lambda body: put(body, If_None_Match="*"), bodies))
    assert sorted(r.status_code for r in answers) == [200] + [412] * 7
    assert {r.json()["message"] for r in answers if r.status_code == 412} == {"The object exists already"}
    (winner,) = [n for n, r in enumerate(answers) if r.status_code == 200]
    r = requests.get(made["publicUrl"], timeout=60)
    assert r.content == bodies[winner] and r.headers["ETag"] == answers[winner].headers["ETag"]
    assert put(b"y", If_Match='"other"').status_code == put(b"y", If_None_Match='"z", ' + r.headers["ETag"]).status_code == 412
    assert requests.get(made["publicUrl"], timeout=60).content == bodies[winner]
    assert put(b"y", If_Match=r.headers["ETag"]).status_code == 200
    assert requests.get(made["publicUrl"], timeout=60).content == b"y"
    assert os.listdir(local.folder + "/tmp") == []
    # The conditions are those of a whole object: a part has none, as with S3.
    film = local.init()
    for _ in range(2):
        assert requests.put(film["presignedParts"][0]["url"], data=b"hello world", headers={"If-None-Match": "*"}, timeout=60).status_code == 200


def raw_put(url, head, body=b""):
    """The response to a PUT with these header lines."""
    url = urllib.parse.urlsplit(url)
    with socket.create_connection((url.hostname, url.port), 60) as s:
        s.sendall(("PUT %s?%s HTTP/1.1\r\nHost: x\r\n%s\r\n" % (url.path, url.query, head)).encode() + body)
        answer = http.client.HTTPResponse(s)
        answer.begin()
        return answer.status, json.loads(answer.read() or b"null")


def test_a_body_to_a_directory_needs_its_length(local):
    made = local.post("/api/admin/assets/presign")
    for head, body in (("", b""), ("Transfer-Encoding: chunked\r\n", b"5\r\nhello\r\n0\r\n\r\n"), ("Expect: 100-continue\r\n", b"")):
        assert raw_put(made["url"], head, body) == (411, {"message": "Content-Length is required"}), head
    assert raw_put(made["url"][:-1], "")[0] == 403
    assert requests.get(made["publicUrl"], timeout=60).status_code == 404
    assert raw_put(made["url"], "Content-Length: 0\r\n")[0] == 200
    assert requests.get(made["publicUrl"], timeout=60).content == b""


def test_a_request_behind_a_body_on_disk_is_answered(local):
    made, body = local.post("/api/admin/assets/presign"), os.urandom(5 * MIB)
    url = urllib.parse.urlsplit(made["url"])
    with socket.create_connection((url.hostname, url.port), 60) as s:
        for _ in range(2):  # the connection goes on
            s.sendall(("PUT %s?%s HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % (url.path, url.query, len(body))).encode() + body
                      + ("GET %s HTTP/1.1\r\nHost: x\r\nRange: bytes=-7\r\n\r\n" % url.path).encode())
            with s.makefile("rb") as f:
                assert b" 200 " in f.readline()
                assert b"content-length: 0\r\n" in list(iter(f.readline, b"\r\n"))
                assert b" 206 " in f.readline()
                assert b"content-length: 7\r\n" in list(iter(f.readline, b"\r\n"))
                assert f.read(7) == body[-7:]


@pytest.fixture
def disk(world, tmp_path):
    """An appliance whose media are on a file system of the size that disk(size) gives."""
    folder = tmp_path / "disk"
    folder.mkdir()

    def mount(size, **env):
        again = os.path.ismount(folder)
        r = subprocess.run(["mount", "-t", "tmpfs", "-o", "%ssize=%d" % ("remount," if again else "", size), "tmpfs", str(folder)],
                           capture_output=True, text=True)
        if r.returncode and not again:
            pytest.skip("a file system cannot be mounted here: " + r.stderr.strip())
        assert r.returncode == 0, r.stderr
        return None if again else Api(world, str(folder), **env)

    yield mount
    subprocess.run(["umount", "-l", str(folder)], capture_output=True)


def no_space(api):
    """The log lines about a full disk, each of which names the folder."""
    lines = [line for line in api.a.log_lines() if line["level"] == "error"]
    assert all(line["msg"].startswith("MEDIA_DIR is full: ") and line["folder"] == api.folder and "No space left" in line["error"] for line in lines), lines
    return len(lines)


def files(folder):
    return [os.path.join(path, name) for path, _, names in os.walk(folder) for name in names]


@pytest.mark.errors("MEDIA_DIR is full")
@pytest.mark.parametrize("size", [3 * MIB, 20 * MIB], ids=["in memory", "on disk"])
def test_a_full_disk_is_answered_507(disk, size):
    api = disk(2 * MIB, WORKERS="1")
    made = api.post("/api/admin/assets/presign")
    for n in (1, 2):
        r = requests.put(made["url"], data=bytes(size), headers={"Origin": "https://admin.example"}, timeout=60)
        assert (r.status_code, r.json()) == (507, {"message": "The storage for media is full"})
        assert r.headers["Access-Control-Allow-Origin"] in ("*", "https://admin.example")
        assert no_space(api) == n
        wait_for(lambda: files(api.folder) == [], "the end of what was received")
    # A client that reads only when it has sent everything: the last bytes are taken as well.
    assert raw_put(made["url"], "Content-Length: %d\r\n" % size, bytes(size)) == (507, {"message": "The storage for media is full"})
    # A part, too; what is small enough is stored.
    film = api.init(bytesTotal=size)
    assert requests.put(film["presignedParts"][0]["url"], data=bytes(min(size, 10 * MIB)), timeout=60).status_code == 507
    assert no_space(api) == 4
    assert requests.put(made["url"], data=bytes(MIB), timeout=60).status_code == 200
    wait_for(lambda: len(files(api.folder)) == 2, "an object and the key of the upload")


@pytest.mark.errors("MEDIA_DIR is full")
def test_a_client_may_go_on_sending_to_a_full_disk(disk):
    """It does so for longer than a refused connection is kept otherwise, and still finds the response."""
    api = disk(2 * MIB, WORKERS="1", HEADER_TIMEOUT_SEC="1")
    url = urllib.parse.urlsplit(api.post("/api/admin/assets/presign")["url"])
    with socket.create_connection((url.hostname, url.port), 60) as s:
        s.sendall(("PUT %s?%s HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % (url.path, url.query, 100 * MIB)).encode() + bytes(20 * MIB))
        left = 80 * MIB
        wait_for(lambda: no_space(api) == 1, "the refusal")
        refused = time.monotonic()

        def send():
            nonlocal left
            left -= s.send(bytes(min(left, MIB)))
            return time.monotonic() > refused + 3
        wait_for(send, "three times the limit")
        s.sendall(bytes(left))
        answer = http.client.HTTPResponse(s)
        answer.begin()
        assert answer.status == 507 and json.loads(answer.read()) == {"message": "The storage for media is full"}
        assert s.recv(1) == b""
    assert no_space(api) == 1 and files(api.folder) == []


@pytest.mark.errors("MEDIA_DIR is full")
def test_an_upload_is_completed_when_the_full_disk_has_space_again(disk):
    api = disk(20 * MIB)
    data = os.urandom(12 * MIB)
    made = api.init(bytesTotal=len(data))
    parts = api.put(made, data)
    answer = api.complete(made, parts, status=507)
    assert answer["message"] == "Failed to complete multipart upload" and "No space left" in answer["error"]
    assert no_space(api) == 1 and api.job(made)[0] == "FAILED"
    assert len(files(api.folder)) == 3  # the parts and the key of the upload, nothing of the object
    disk(40 * MIB)
    api.complete(made, parts)
    assert api.job(made)[0] == "PROCESSING" and api.read(made["key"]).content == data


def test_browsers_of_other_origins_may_put_and_see_the_etag(local):
    made = local.post("/api/admin/assets/presign")
    r = requests.options(made["url"], headers={"Origin": "https://admin.example", "Access-Control-Request-Method": "PUT",
                                               "Access-Control-Request-Headers": "content-type"}, timeout=60)
    assert r.status_code == 204 and r.headers["Access-Control-Allow-Origin"] == "https://admin.example"
    assert "PUT" in r.headers["Access-Control-Allow-Methods"]
    # What a player or the admin app may send to the bucket (ecs-taskdefs/storage/bucket-cors.json), it may send here.
    allowed = {name.lower() for name in r.headers["Access-Control-Allow-Headers"].split(",")}
    assert allowed == {"content-type", "authorization", "range", "if-range", "if-match", "if-none-match"}
    r = requests.options(local.a.url + "/api/titles", headers={"Origin": "https://admin.example"}, timeout=60)
    assert r.headers["Access-Control-Allow-Headers"] == "Content-Type,Authorization"
    r = requests.put(made["url"], data=b"x", headers={"Origin": "https://admin.example"}, timeout=60)
    assert r.headers["Access-Control-Allow-Origin"] == "https://admin.example" and "ETag" in r.headers["Access-Control-Expose-Headers"]


def test_an_address_is_good_for_what_it_says_and_nothing_else(local):
    secret = local.init()
    local.complete(secret, local.put(secret, b"hello world"))
    part = secret["presignedParts"][0]["url"]
    url = local.post("/api/admin/assets/get-url", {"key": secret["key"]})["url"]
    put = local.post("/api/admin/assets/presign")["url"]
    base = local.a.url + "/media-local/"
    assert requests.get(url, timeout=60).content == b"hello world"
    query = url.split("?")[1]
    forged = [url[:-1] + ("0" if url[-1] != "0" else "1"), base + secret["key"], base + "vod/x.mp4?" + query,
              re.sub(r"expires=(\d+)", lambda m: "expires=%d" % (int(m.group(1)) + 1), url), url.replace("method=GET", "method=PUT"),
              url + "&upload=a&part=1", base + "..%2f..%2fetc/passwd?" + query, base + "../../etc/passwd", base + "poster/../" + secret["key"],
              base + "poster/%2e%2e/" + secret["key"], put]
    for other in forged:
        s = requests.Session()
        request = requests.Request("GET", other).prepare()
        request.url = other  # as it stands: requests would tidy the path
        assert s.send(request, timeout=60).status_code in (403, 404), other
        s.close()
    for other in (url, put.replace("method=PUT", "method=GET"), put[:-1], part.replace("part=1", "part=2"), base + "poster/mine", base + secret["key"]):
        assert requests.put(other, data=b"evil", timeout=60).status_code == 403, other
    assert local.read(secret["key"]).content == b"hello world"
    expired = local.post("/api/admin/assets/get-url", {"key": secret["key"], "expiresIn": 1})["url"]
    wait_for(lambda: requests.get(expired, timeout=60).status_code == 403, "the end of an address")


def test_a_body_without_a_good_address_is_not_written(local):
    made = local.post("/api/admin/assets/presign")
    url = urllib.parse.urlsplit(made["url"][:-1])
    with socket.create_connection((url.hostname, url.port), 20) as s:
        s.sendall(("PUT %s?%s HTTP/1.1\r\nHost: x\r\nContent-Length: 5368709120\r\n\r\n" % (url.path, url.query)).encode())
        assert b" 403 " in s.recv(4096)
    url = urllib.parse.urlsplit(made["url"])
    with socket.create_connection((url.hostname, url.port), 20) as s:
        s.sendall(("PUT %s?%s HTTP/1.1\r\nHost: x\r\nContent-Length: 5368709121\r\n\r\n" % (url.path, url.query)).encode())
        assert b" 413 " in s.recv(4096)
    with socket.create_connection((url.hostname, url.port), 20) as s:
        s.sendall(b"POST /api/auth/login HTTP/1.1\r\nHost: x\r\nContent-Length: 1048577\r\n\r\n")
        assert b" 413 " in s.recv(4096)
    assert os.listdir(local.folder + "/tmp") == []


def test_large_parts_go_to_disk_and_not_into_memory(local):
    """While a body of 300 MB arrives and leaves again, the worker stays small and answers others."""
    total, piece = 300 * MIB, os.urandom(MIB)
    made = local.post("/api/admin/assets/presign")
    local.get = lambda: local.a.get("/health", timeout=5)

    def body():
        for n in range(total // MIB):
            if n % 100 == 50:
                assert local.get().status_code == 200
            yield piece

    class Sized:
        def __init__(self):
            self.pieces, self.rest = body(), b""

        def __len__(self):
            return total

        def read(self, size=-1):
            if not self.rest:
                self.rest = next(self.pieces, b"")
            out, self.rest = self.rest[:size], self.rest[size:]
            return out

    r = requests.put(made["url"], data=Sized(), timeout=120)
    assert r.status_code == 200, r.text
    digest, count = hashlib.sha256(), 0
    with requests.get(made["publicUrl"], stream=True, timeout=120) as r:
        for chunk in r.iter_content(MIB):
            digest.update(chunk)
            count += len(chunk)
    expected = hashlib.sha256()
    for _ in range(total // MIB):
        expected.update(piece)
    assert (count, digest.digest()) == (total, expected.digest())
    for pid in local.a.workers():
        with open("/proc/%d/status" % pid) as f:
            peak = int(re.search(r"VmHWM:\s+(\d+) kB", f.read()).group(1))
        if "asan" not in local.a.command[0]:
            assert peak < 64 * 1024, "%d kB" % peak


def test_a_client_that_leaves_in_the_middle_leaves_nothing(local):
    made = local.post("/api/admin/assets/presign")
    url = urllib.parse.urlsplit(made["url"])
    s = socket.create_connection((url.hostname, url.port), 20)
    s.sendall(("PUT %s?%s HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % (url.path, url.query, 20 * MIB)).encode() + b"x" * 5 * MIB)
    wait_for(lambda: os.listdir(local.folder + "/tmp"), "the body on disk")
    s.close()
    wait_for(lambda: os.listdir(local.folder + "/tmp") == [], "its end")
    assert requests.get(made["publicUrl"], timeout=60).status_code == 404
    # And one that leaves while an object is sent.
    made = artwork(local, os.urandom(30 * MIB))
    with requests.get(made["publicUrl"], stream=True, timeout=60) as r:
        assert next(r.iter_content(1000))
    pids = local.a.workers()

    def closed():
        held = [os.readlink(os.path.join("/proc/%d/fd" % p, f)) for p in pids for f in os.listdir("/proc/%d/fd" % p)
                if os.path.islink("/proc/%d/fd/%s" % (p, f))]
        return not any(made["key"] in h for h in held)
    wait_for(closed, "the file to be closed")
    assert requests.get(made["publicUrl"], headers={"Range": "bytes=0-9"}, timeout=60).status_code == 206


def test_playback_of_what_is_in_the_directory(local):
    made = artwork(local, b"\0\0\0\x20ftypisom....", kind="trailer")
    [(title,)] = local.world.rows("""INSERT INTO "Title" ("type", "name", "trailerUrl", "updatedAt")
        VALUES ('MOVIE', 'Film', %s, now()) RETURNING "id" """, ("s3://local/" + made["key"],))
    for headers, front in [({}, local.a.url), ({"X-Forwarded-Proto": "https", "X-Forwarded-Host": "films.example"}, "https://films.example")]:
        url = local.a.get("/api/titles/%d" % title, headers=headers).json()["title"]["trailerUrl"]
        assert url.startswith(front + "/media-local/" + made["key"] + "?expires=")
    url = local.a.get("/api/titles/%d" % title).json()["title"]["trailerUrl"]
    r = requests.get(url, timeout=60)
    assert (r.status_code, r.headers["Content-Type"]) == (200, "video/mp4")
    r = local.a.get("/api/titles/%d" % title, headers={"X-Forwarded-Host": 'evil"</script>'})
    assert json.loads(r.text)["title"]["trailerUrl"].startswith(local.a.url)


def test_addresses_are_not_what_a_stranger_says(local):
    """X-Forwarded-Host and -Proto of somebody who is no proxy of ours would send others to a host of his."""
    made = artwork(local, b"\0\0\0\x20ftypisom....", kind="trailer")
    [(title,)] = local.world.rows("""INSERT INTO "Title" ("type", "name", "trailerUrl", "updatedAt")
        VALUES ('MOVIE', 'Film', %s, now()) RETURNING "id" """, ("s3://local/" + made["key"],))
    a = local.start(TRUSTED_PROXIES="10.0.0.0/8").a
    evil = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "evil.example"}
    r = a.get("/api/titles/%d" % title, headers=evil)
    assert r.json()["title"]["trailerUrl"].startswith(a.url)
    for trusting, front, warnings in ((local.start(WORKERS="1").a, "https://evil.example/", 1),
                                      (local.start(WORKERS="1", PUBLIC_API_ORIGIN="https://films.example").a, "https://films.example/", 0)):
        for _ in range(3):
            assert trusting.get("/api/titles/%d" % title, headers=evil).json()["title"]["trailerUrl"].startswith(front)
        assert sum("X-Forwarded-Host" in line.get("msg", "") for line in trusting.log_lines()) == warnings


def test_what_was_uploaded_is_kept_as_long_as_wanted(s3):
    made = {name: s3.init() for name in ("old", "young", "waiting")}
    for upload in made.values():
        s3.complete(upload, s3.put(upload, b"hello world"))
    for name, days in (("old", 3), ("young", 1)):
        s3.world.rows("""UPDATE "UploadJob" SET "status" = 'COMPLETED', "updatedAt" = timezone('UTC', now()) - %s * interval '1 day' WHERE "id" = %s""",
                      (days, made[name]["jobId"]))

    def reap(**env):
        for job in ("upload-reaper", "store-cleanup"):
            r = run("job", "run", job, **{**s3.env, **env})
            assert r.returncode == 0, r.stdout + r.stderr
        return [name for name in made if s3.read(made[name]["key"]).status_code == 200]

    assert reap() == ["old", "young", "waiting"]
    assert reap(SOURCE_RETENTION_DAYS=2) == ["young", "waiting"]
    answer = {"job": {"id": made["old"]["jobId"], "status": "PROCESSING"}}
    assert s3.complete(made["old"], [{"ETag": "x", "PartNumber": 1}]) == answer  # that it is done is known still
    reap(SOURCE_RETENTION_DAYS=2)
    assert s3.world.rows("SELECT key FROM wanzami.object_trash") == []


def test_uploads_that_nobody_goes_on_with_are_given_up(s3):
    made = {name: s3.init() for name in ("idle", "young", "failed", "whole")}
    s3.put(made["failed"], b"hello world")
    s3.complete(made["failed"], [{"ETag": "x", "PartNumber": 1}], status=400)
    s3.complete(made["whole"], s3.put(made["whole"], b"hello world"))
    for name in ("idle", "failed", "whole"):
        s3.world.rows('UPDATE "UploadJob" SET "updatedAt" = timezone(\'UTC\', now()) - interval \'8 days\' WHERE "id" = %s', (made[name]["jobId"],))
    s3.world._appliance(roles="cron", UPLOAD_REAPER_CRON="* * * * * *", **s3.env).wait_healthy()
    wait_for(lambda: s3.job(made["idle"])[0] == "CANCELED", "the idle upload to be given up")
    assert [s3.job(made[name])[0] for name in ("young", "failed", "whole")] == ["UPLOADING", "FAILED", "PROCESSING"]
    for name in ("idle", "failed"):  # its parts are trash, or gone already
        trash = s3.world.rows("SELECT reason FROM wanzami.object_trash WHERE key = %s", (made[name]["key"],))
        assert trash == [("abandoned",)] or made[name]["key"] not in s3.world.store.uploads(s3.world.bucket)
    assert made["young"]["key"] in s3.world.store.uploads(s3.world.bucket)
    s3.complete(made["idle"], [{"ETag": "x", "PartNumber": 1}], status=409)
