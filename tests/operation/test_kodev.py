"""out/bin/kodev: Kore's development tool builds and serves the application."""
import os
import shutil
import subprocess

import pytest
import requests

from services import ROOT, SECRETS, clean_environment, wait_for

SOURCES = ("build", "conf", "src", "sql", "assets", "kore.conf")


@pytest.fixture
def kodev(tmp_path):
    """kodev in a separate tree, with the libraries of this one."""
    tree = tmp_path / "tree"
    (tree / "out/bin").mkdir(parents=True)
    for name in SOURCES:
        copy = shutil.copytree if os.path.isdir(os.path.join(ROOT, name)) else shutil.copy2
        copy(os.path.join(ROOT, name), tree / name)
    (tree / "out/deps").symlink_to(os.path.join(ROOT, "out/deps"))
    (tree / "out/bin/kodev").symlink_to("../../build/kodev.sh")

    def run(*words):
        return subprocess.run([tree / "out/bin/kodev", *words], env=clean_environment(), cwd="/", capture_output=True, text=True, timeout=60)
    run.path = str(tree / "out/bin/kodev")
    run.tree = tree
    return run


def test_kodev_builds_and_runs_the_service(kodev, appliance, postgres):
    url, db = postgres.create_migrated()
    db.close()
    a = appliance(command=[kodev.path, "run"], roles="api", WORKERS=1, DATABASE_URL=url, **SECRETS)
    wait_for(a._up, "the build and /health", 800)
    assert requests.get(a.url + "/health", timeout=30).json() == {"status": "ok"}
    assert requests.get(a.url + "/api/titles/1/episodes", timeout=30).json() == {"episodes": []}, "the binary contains the statements"
    assert os.readlink("/proc/%d/exe" % a.process.pid) == str(kodev.tree / "out/kodev/wanzami/wanzami")
    workers = a.workers()
    assert workers
    assert a.stop() == 0
    wait_for(lambda: not any(os.path.exists("/proc/%d" % pid) for pid in workers), "the end of the workers")


def test_kodev_prints_its_commands(kodev):
    for words in ((), ("start",)):
        r = kodev(*words)
        assert (r.returncode, r.stderr) == (2, "usage: kodev build | run [OPTION ...] | clean\n")
    assert kodev("clean").returncode == 0
    (kodev.tree / "out/deps").unlink()
    r = kodev("run")
    assert (r.returncode, r.stderr) == (1, "kodev: the libraries are missing; run ./build.sh build first\n")
