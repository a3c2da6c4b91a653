"""Subtitles of a film from its upload to the players."""
import os
import subprocess
import tempfile

import pytest

from accounts import Account
from films import Studio, film

SRT = "1\n00:00:00,500 --> 00:00:01,500\n<i>Hello</i>\n"
VTT = b"WEBVTT\n\n00:00:00.500 --> 00:00:01.500\n<i>Hello</i>\n"


@pytest.fixture
def studio(world):
    return Studio(world)


def with_text(*languages):
    """Returns a film with a track of subtitles for each language."""
    with tempfile.TemporaryDirectory() as folder:
        for name, body in (("a.mp4", film(sound=False)), ("a.srt", SRT.encode())):  # the sound of an MP4 would begin before the picture
            with open(os.path.join(folder, name), "wb") as f:
                f.write(body)
        more = [word for i, language in enumerate(languages) for word in ("-metadata:s:s:%d" % i, "language=" + language)]
        subprocess.run(["ffmpeg", "-v", "error", "-i", "a.mp4", "-i", "a.srt", "-map", "0", *["-map", "1"] * len(languages), "-c", "copy", "-c:s", "srt",
                        "-disposition:s:0", "default", *more, "b.mkv"], cwd=folder, check=True)
        with open(os.path.join(folder, "b.mkv"), "rb") as f:
            return f.read()


def rows(studio):
    return studio.rows("""SELECT title_id, upload_job_id, language, kind, is_default, is_forced, origin, object_key FROM wanzami.text_track ORDER BY id""")


def test_subtitles_of_a_film_are_published_replaced_and_deleted(studio, world):
    a = world.start()  # with a fast sweep, an upload without a job could get the usual renditions before the test has queued it
    token = Account(world, "SUPER_ADMIN").token
    job = studio.upload(with_text("eng", "ger"), renditions=["R720", "R360"])
    assert studio.wait(job)["error"] is None
    title = studio.title_of(job)
    found = rows(studio)
    assert [row[:-1] for row in found] == [(title, job, "en", "subtitles", True, False, "embedded"), (title, job, "de", "subtitles", False, False, "embedded")]
    folder = os.path.dirname(studio.rows("SELECT object_key FROM wanzami.rendition LIMIT 1")[0][0])
    assert [row[-1] for row in found] == [folder + "/text-1.vtt", folder + "/text-2.vtt"]
    for row in found:
        made = studio.s3.get_object(Bucket=world.bucket, Key=row[-1])
        assert (made["Body"].read(), made["ContentType"]) == (VTT, "text/vtt")
    studio.no_orphans()
    added = a.request("POST", "/api/admin/titles/%s/text?language=de" % title, token=token, data=SRT.replace("Hello", "Hallo").encode())
    assert added.status_code == 201
    shown, = studio.rows("SELECT wanzami.text_tracks(%s, NULL, 'direct', 'P')", (title,))[0]
    assert [(t["language"], t["default"], t["url"].split("/")[1]) for t in shown] == [("de", False, "text"), ("en", True, str(job))]
    # One rendition more, without text, changes nothing; a new film replaces the tracks of the old one, but not those of editors.
    studio.wait(studio.upload(film(), title, ["R360"]))
    assert [row[-1] for row in rows(studio)][:2] == [row[-1] for row in found]
    again = studio.upload(with_text("fre"), title, ["R720", "R360"])
    studio.wait(again)
    assert [row[1:3] for row in rows(studio)] == [(None, "de"), (again, "fr")]
    gone = dict(studio.rows("SELECT key, reason FROM wanzami.object_trash WHERE key LIKE '%%text-_.vtt'"))
    assert {row[-1] for row in found} <= set(gone) and set(gone.values()) == {"replaced"}
    assert {row[-1] for row in found} <= set(world.store.keys(world.bucket)), "a playback that has begun continues"
    studio.rows("UPDATE wanzami.object_trash SET delete_after = now()")
    studio.no_orphans()
    studio.wait(studio.upload(film(), title, ["R720", "R360"]))
    assert [row[1:3] for row in rows(studio)] == [(None, "de")]
    assert a.delete("/api/admin/titles/%s" % title, token=token).status_code == 204
    assert rows(studio) == []
    studio.rows("UPDATE wanzami.object_trash SET delete_after = now()")
    studio.no_orphans()
    assert world.store.keys(world.bucket) == []


def test_a_film_that_is_late_publishes_no_text(studio, world):
    """The newer upload of two has ended first."""
    world.start(roles="transcode")
    job = studio.upload(with_text("eng"), renditions=["R360"])
    studio.wait(job)
    studio.rows("UPDATE wanzami.rendition SET job_number = 1000")
    made = rows(studio)
    studio.wait(studio.upload(with_text("ger"), studio.title_of(job), ["R720", "R360"]))
    assert rows(studio) == made
    studio.rows("UPDATE wanzami.object_trash SET delete_after = now()")
    studio.no_orphans()
