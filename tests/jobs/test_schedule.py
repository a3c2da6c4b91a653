"""Jobs: due by the clock, run by one process at a time, taken over from the dead, made up for once, run by hand."""
import os
import signal
import time

import pytest

from conftest import run, wait_for

EVERY_SECOND = "* * * * * *"
NEVER = {}  # filled from `wanzami job list`: every job off, so that a test turns on what it looks at


@pytest.fixture
def cron(world):
    return Cron(world)


class Cron:
    def __init__(self, world):
        self.world, self.rows = world, world.rows
        listed = run("job", "list", **world.env).stdout.splitlines()[1:]
        self.names = [line.split()[0] for line in listed]
        self.off = {variable(name): "off" for name in self.names}

    def command(self, *args, **env):
        return run("job", *args, **{**self.world.env, "JOB_LEASE_MS": 1500, **env})

    def start(self, **env):
        return self.world.start(roles="cron", **{**self.off, "JOB_LEASE_MS": 1500, **env})

    def runs(self, name="upload-reaper"):
        """What the history says: outcome, whether it was due by the clock."""
        return self.rows("SELECT outcome, slot IS NOT NULL FROM wanzami.job_run WHERE name = %s ORDER BY id", (name,))

    def missed(self, name="upload-reaper", ago="3 days"):
        """Nobody has run the job for that long."""
        self.rows("INSERT INTO wanzami.lease (name, owner, fence, expires_at, slot) VALUES (%s, '', 0, now(), now() - %s::interval) "
                  "ON CONFLICT (name) DO UPDATE SET slot = excluded.slot", (name, ago))


def variable(name):
    return name.upper().replace("-", "_") + "_CRON"


def test_the_list_shows_every_job_with_its_next_time(cron):
    r = cron.command("list", UPLOAD_REAPER_CRON="0 12 29 2 *")
    line, = [x for x in r.stdout.splitlines() if x.startswith("upload-reaper ")]
    assert r.returncode == 0 and "-02-29 12:00:00" in line and " never " in line
    assert cron.command("run", "upload-reaper").returncode == 0
    line, = [x for x in cron.command("list").stdout.splitlines() if x.startswith("upload-reaper ")]
    assert " ok " in line


def test_every_job_can_be_turned_off_by_its_variable(cron):
    for name in cron.names:
        line, = [x for x in cron.command("list", **{variable(name): "off"}).stdout.splitlines() if x.startswith(name + " ")]
        assert line.split()[1:3] == ["off", "never"]


def test_what_is_due_is_run_and_written_down(cron):
    a = cron.start(UPLOAD_REAPER_CRON=EVERY_SECOND)
    wait_for(lambda: len([r for r in cron.runs() if r == ("ok", True)]) >= 3, "three runs")
    line = next(x for x in a.log_lines() if x["msg"] == "job done")
    assert line["job"] == "upload-reaper" and line["ms"] >= 0 and line["detail"] == '{"uploads":0}'
    slots = [s for s, in cron.rows("SELECT slot FROM wanzami.job_run ORDER BY id")]
    assert sorted(set(slots)) == slots, "each time once, one after the other"
    assert a.stop() == 0
