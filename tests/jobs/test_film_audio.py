"""Audio objects of a film from its upload to their deletion."""
import os
import signal

import pytest

from accounts import Account
from conftest import wait_for
from films import FAST, Studio, film, film_of_languages, long_film


@pytest.fixture
def studio(world):
    return Studio(world)


def rows(studio):
    return studio.rows("""SELECT title_id, track, language, described, channels, bitrate, object_key FROM wanzami.stream
        WHERE asset_version_id IS NULL ORDER BY bitrate DESC, track""")


def test_audio_objects_are_published_replaced_and_deleted(studio, world):
    a = world.start()
    token = Account(world, "SUPER_ADMIN").token
    studio.wait(studio.upload(film(), renditions=["R720", "R360"]))
    title, = {row[0] for row in rows(studio)}
    first = rows(studio)
    folder = os.path.dirname(studio.rows("SELECT object_key FROM wanzami.rendition LIMIT 1")[0][0])
    assert first == [(title, 1, "und", False, 2, kbits * 1000, "%s/audio-1-%d.m4a" % (folder, kbits)) for kbits in (128, 64)]
    for (*_, key), (end,) in zip(first, studio.rows("SELECT offsets[cardinality(offsets)] + sizes[cardinality(sizes)] FROM wanzami.stream WHERE title_id IS NOT NULL ORDER BY bitrate DESC")):
        made = studio.s3.head_object(Bucket=world.bucket, Key=key)
        assert (made["ContentLength"], made["ContentType"]) == (end, "audio/mp4")
    studio.no_orphans()
    # One rendition more, without sound, changes nothing; a new film replaces them.
    studio.wait(studio.upload(film(sound=False), title, ["R360"]))
    assert rows(studio) == first
    studio.wait(studio.upload(film(3), title, ["R720", "R360"]))
    second = rows(studio)
    assert len(second) == 2 and not {row[-1] for row in first} & {row[-1] for row in second}
    gone = dict(studio.rows("SELECT key, reason FROM wanzami.object_trash WHERE key LIKE '%%.m4a'"))
    assert gone == {row[-1]: "replaced" for row in first}
    assert set(gone) <= set(world.store.keys(world.bucket)), "a playback that has begun continues"
    studio.rows("UPDATE wanzami.object_trash SET delete_after = now()")
    studio.no_orphans()
    assert {row[-1] for row in second} <= set(world.store.keys(world.bucket))
    # A new film without sound has none.
    studio.wait(studio.upload(film(sound=False), title, ["R720", "R360"]))
    assert rows(studio) == []
    studio.wait(studio.upload(film(), title, ["R720", "R360"]))
    assert len(rows(studio)) == 2
    assert a.delete("/api/admin/titles/%s" % title, token=token).status_code == 204
    assert rows(studio) == []
    studio.rows("UPDATE wanzami.object_trash SET delete_after = now()")
    studio.no_orphans()
    assert world.store.keys(world.bucket) == []


def test_each_language_is_published(studio, world):
    """A track that cannot be decoded leaves a note, but no object and no upload."""
    world.start()
    job = studio.upload(film_of_languages("eng", "fra", "yor", damaged=("fra",)), renditions=["R360"])
    studio.wait(job)
    assert [row[1:4] + row[5:6] for row in rows(studio)] == [(n, tag, False, kbits * 1000) for kbits in (128, 64) for n, tag in ((1, "en"), (3, "yo"))]
    assert studio.rows("SELECT DISTINCT purpose, label FROM wanzami.stream WHERE title_id IS NOT NULL") == [("main", "")]
    (notes,), = studio.rows("SELECT notes FROM wanzami.transcode_job WHERE upload_job_id = %s", (job,))
    assert notes == ["Audio track 2 (fr) was left out: no packet of it can be decoded."]
    studio.no_orphans()
    assert len([key for key in world.store.keys(world.bucket) if key.endswith(".m4a")]) == 4


def test_surround_is_published(studio, world):
    world.start()
    studio.wait(studio.upload(film_of_languages("eng", channels=6), renditions=["R360"]))
    assert [row[4:6] + (row[6].split("/")[-1],) for row in rows(studio)] == [(6, 384_000, "audio-1-surround.m4a"), (2, 128_000, "audio-1-128.m4a"), (2, 64_000, "audio-1-64.m4a")]
    (tracks,), = studio.rows("""SELECT wanzami.audio_tracks(title_id, NULL, 'English') FROM wanzami.stream WHERE track = 1 LIMIT 1""")
    assert tracks == [{"language": "en", "name": "English", "kind": "main", "default": True, "channels": 6}]
    studio.no_orphans()


def test_a_film_that_is_late_publishes_no_audio(studio, world):
    """The newer upload of two has ended first."""
    world.start(roles="transcode")
    job = studio.upload(film(), renditions=["R360"])
    studio.wait(job)
    first = rows(studio)
    studio.rows("UPDATE wanzami.rendition SET job_number = 1000; UPDATE wanzami.preview SET job_number = 1000")
    studio.wait(studio.upload(film(3), studio.title_of(job), ["R360"]))
    assert rows(studio) == first
    studio.rows("UPDATE wanzami.object_trash SET delete_after = now()")
    studio.no_orphans()


@pytest.mark.errors("worker died")
def test_a_worker_that_is_killed_leaves_no_audio(studio, world):
    a = world.start(roles="transcode,cron", **FAST)
    job = studio.upload(long_film(), renditions=["R360"])
    studio.wait_encoding(job)
    worker = wait_for(lambda: a.workers() and a.workers()[-1], "the worker")
    os.kill(worker, signal.SIGKILL)
    studio.wait(job, seconds=600)
    assert len(rows(studio)) == 2
    studio.no_orphans()


def test_a_film_that_is_deleted_meanwhile_leaves_no_audio(studio, world):
    a = world.start(**FAST)
    job = studio.upload(long_film(), renditions=["R360"])
    studio.wait_encoding(job)
    title = studio.title_of(job)
    assert a.delete("/api/admin/titles/%s" % title, token=Account(world, "SUPER_ADMIN").token).status_code == 204
    wait_for(lambda: studio.rows("SELECT count(*) FROM wanzami.transcode_job") == [(0,)], "the end of the job")
    studio.no_orphans(60)
    assert rows(studio) == [] and world.store.keys(world.bucket) == []
