"""The console in Chromium, without a mouse: signing in, a film from its file to the screen, and what goes wrong on the way.
WANZAMI_PICTURE=docs/console.png makes the picture of the README."""
import json
import os
import shutil
import subprocess

import pytest

from services import ROOT, run

HERE = os.path.join(ROOT, "tests", "e2e")
EMAIL, PASSWORD = "root@example.com", "Correct-horse-1"


@pytest.fixture(scope="session")
def playwright():
    """playwright-core as package-lock.json has it."""
    if not os.path.exists(HERE + "/node_modules/.package-lock.json"):
        subprocess.run(["npm", "ci", "--no-audit", "--no-fund", "--loglevel=error"], cwd=HERE, check=True, timeout=300)


@pytest.fixture
def console(world, playwright):
    """Plays a scene of console.mjs against a running appliance; what was seen."""
    r = run("admin", "create", "--email", EMAIL, "--name", "Ada Obi", stdin=PASSWORD + "\n", **world.env)
    assert r.returncode == 0, r.stdout + r.stderr
    a = world.start()

    def play(scene, **given):
        given = {"base": a.url, "email": EMAIL, "password": PASSWORD, "chromium": shutil.which("chromium"), **given}
        r = subprocess.run(["node", "console.mjs", scene], cwd=HERE, input=json.dumps(given), capture_output=True, text=True, timeout=400)
        assert r.returncode == 0, r.stderr
        saw = json.loads(r.stdout)
        assert saw["errors"] == []
        return saw
    play.appliance = a
    return play


def test_in_and_out_by_keyboard(console):
    saw = console("door")
    assert saw["refused"] == "Invalid credentials"
    assert saw["focusAfterRefusal"] == "password" and saw["focusInside"] == "drop" and saw["who"] == "Ada Obi"


def test_a_session_that_ends(console):
    """A new access token is fetched unnoticed; when there is none to be had, somebody signs in again."""
    saw = console("expiry")
    assert saw["renewed"] and "session has ended" in saw["told"]
