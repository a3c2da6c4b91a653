"""A TypeScript client whose types are generated from assets/openapi.yaml compiles without errors and plays the main job with the service."""
import json
import os
import shutil
import subprocess

import pytest

from editor import PASSWORD, Api
from films import film
from services import ROOT, npm_install

SOURCE = os.path.join(ROOT, "tests", "openapi")


def command(folder, *words, **env):
    r = subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=600, env={**os.environ, **env})
    assert r.returncode == 0, r.stdout + r.stderr
    return r.stdout


@pytest.fixture
def client(tmp_path):
    """The folder of the compiled client. Node finds packages above the file of a module, so that they are linked beside it."""
    npm_install(SOURCE)
    folder = tmp_path / "client"
    folder.mkdir()
    (folder / "node_modules").symlink_to(os.path.join(SOURCE, "node_modules"))
    for name in ("client.mts", "tsconfig.json"):
        shutil.copy(os.path.join(SOURCE, name), folder)
    command(folder, "node_modules/.bin/openapi-typescript", os.path.join(ROOT, "assets", "openapi.yaml"), "--output", "api.d.ts")
    command(folder, "node_modules/.bin/tsc", "--project", ".")
    return folder


def test_a_generated_client_plays_the_main_job(client, world, tmp_path):
    (tmp_path / "film.mp4").write_bytes(film())
    api = Api(world, roles="api,transcode")
    made = json.loads(command(client, "node", "client.mjs", api.a.url, str(tmp_path / "film.mp4"), EMAIL="ada@example.com", PASSWORD=PASSWORD))
    assert world.rows('SELECT "id"::text, "name", "archived", "pendingReview" FROM "Title"') == [(made["title"], "The main job", False, False)]
    assert world.rows('SELECT "id"::text, "status"::text FROM "UploadJob"') == [(made["job"], "COMPLETED")]
    assert world.rows('SELECT "rendition"::text, "status"::text FROM "AssetVersion"') == [("R360", "READY")]
    assert world.rows('SELECT "id"::text FROM "User" WHERE "role" = \'USER\'') == [(made["viewer"],)]
