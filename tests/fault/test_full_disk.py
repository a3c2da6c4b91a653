"""A database whose disk is full: it is named, events are refused and not lost, and all goes on when there is room again."""
import os
import subprocess

import pytest

from accounts import Account
from services import run, wait_for

pytestmark = [pytest.mark.skipif(os.getuid() != 0, reason="needs root for a disk of its own"), pytest.mark.errors("statement failed")]
EVENTS = {"events": [{"eventType": "PLAY_START", "titleId": "1", "deviceId": "d", "metadata": {"note": "x" * 900}}] * 50}


@pytest.fixture
def small_disk(world, tmp_path):
    """A disk of 8 MB with the events of the database."""
    place = tmp_path / "disk"
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m,mode=777", "tmpfs", str(place)], check=True)
    try:
        tmp_path.chmod(0o755)
        (place / "space").mkdir()
        subprocess.run(["chown", "-R", "postgres", str(place)], check=True)
        for folder in tmp_path.parents:
            if str(folder).startswith("/tmp/"):
                folder.chmod(folder.stat().st_mode | 0o011)
        world.db.autocommit = True
        world.rows("CREATE TABLESPACE small LOCATION '%s'" % (place / "space"))
        world.rows('ALTER TABLE "EngagementEvent" SET TABLESPACE small')
        yield place
        world.rows('ALTER TABLE "EngagementEvent" SET TABLESPACE pg_default; ')
        world.rows("DROP TABLESPACE small")
    finally:
        subprocess.run(["umount", str(place)], check=True)


def test_a_full_disk_of_the_database_is_named(world, small_disk):
    a, viewer = world.start("api", WORKERS=1), Account(world).token
    stored = lambda: world.rows('SELECT count(*) FROM "EngagementEvent"')[0][0]  # noqa: E731
    world.rows("INSERT INTO \"Title\" (id, type, name, \"updatedAt\") VALUES (1, 'MOVIE', 'Dusk', now())")
    assert a.get("/health/ready").json()["postgres"]["state"] == "up"
    taken = 0
    while (status := a.post("/api/events", EVENTS, token=viewer).status_code) < 300:
        taken += 50
    assert status == 500 and stored() == taken, "what was acknowledged is stored, and nothing else"
    r = a.get("/health/ready")
    assert r.status_code == 503 and r.json()["postgres"]["reason"] == "its disk is full" and a.get("/health").status_code == 200
    subprocess.run(["mount", "-o", "remount,size=64m", str(small_disk)], check=True)
    wait_for(lambda: a.post("/api/events", EVENTS, token=viewer).status_code < 300, "room for events")
    assert stored() == taken + 50
    assert "database writable" in run("doctor", **world.env).stdout
