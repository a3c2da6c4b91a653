"""The container image: its files, its configuration, and its start."""
import gzip
import json
import os
import signal
import tarfile

import pytest

from conftest import BINARY, ROOT
from services import EMULATOR


ARCHIVE = os.path.join(ROOT, "out", os.path.basename(BINARY).replace("wanzami", "wanzami-image", 1) + ".tar")


@pytest.fixture
def image(tmp_path):
    """The configuration and the unpacked file system of the image."""
    root = tmp_path / "root"
    with tarfile.open(ARCHIVE) as archive:
        manifest, = json.load(archive.extractfile("manifest.json"))
        description = json.load(archive.extractfile(manifest["Config"]))
        assert (description["os"], description["architecture"]) == ("linux", "arm64" if EMULATOR else {"x86_64": "amd64", "aarch64": "arm64"}[os.uname().machine])
        for layer in manifest["Layers"]:
            with tarfile.open(fileobj=archive.extractfile(layer)) as files:
                files.extractall(root)
    return description["config"], root


def test_the_image_contains_only_the_binary(image):
    config, root = image
    assert [os.path.join(folder, f) for folder, _, files in os.walk(root) for f in files] == [str(root / "wanzami")]
    with open(root / "wanzami", "rb") as ours, open(BINARY, "rb") as built:
        assert ours.read() == built.read()
    assert config["Entrypoint"] == ["/wanzami"]
    assert config["User"] == "65532:65532"
    assert config["Healthcheck"]["Test"] == ["CMD", "/wanzami", "--probe"]


def test_the_image_is_small_and_labeled(image):
    config, _ = image
    with open(ARCHIVE, "rb") as archive:
        assert len(gzip.compress(archive.read(), 6)) <= 8 * 1024 * 1024
    with open(os.path.join(ROOT, "build", "version")) as f:
        version = f.read().strip()
    labels = {name.rsplit(".", 1)[1]: value for name, value in config["Labels"].items() if name.startswith("org.opencontainers.image.")}
    assert set(config["Labels"]) == {"org.opencontainers.image." + name for name in labels}
    assert (labels["version"], labels["licenses"]) == (version, "GPL-2.0-or-later")
    assert set(labels) == {"title", "description", "version", "revision", "source", "licenses"}


@pytest.mark.skipif(os.getuid() != 0, reason="needs root to enter another root")
@pytest.mark.skipif(bool(EMULATOR), reason="workers have no sandbox in an emulated process; tests/arm64 runs them in a machine")
def test_the_image_runs_as_pid_1_on_a_read_only_root_without_capabilities(image, appliance):
    config, root = image
    command = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c",
               'mount --bind "$1" "$1" && mount -o remount,ro,bind "$1" && exec chroot --userspec="$2" "$1" "$3"',
               "sh", str(root), config["User"], config["Entrypoint"][0]]
    a = appliance(command=command).wait_healthy()
    init, = a.workers()
    with open("/proc/%d/status" % init) as f:
        status = dict(line.rstrip("\n").split(":\t") for line in f if ":\t" in line)
    assert status["NSpid"].split()[-1] == "1"
    assert status["Uid"].split() == ["65532"] * 4
    assert status["CapEff"] == "0" * 16
    os.kill(init, signal.SIGTERM)
    assert a.process.wait(timeout=20) == 0
    assert a.log_lines()[-1]["msg"] == "drained"
