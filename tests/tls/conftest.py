import os
import subprocess

import pytest

import services
from services import ROOT, clean_environment


def build(name):
    target = "asan" if "asan" in os.path.basename(services.BINARY) else "musl"
    path = "out/test/%s/tool-%s" % (target, name)
    subprocess.run(["make", "--no-print-directory", "-f", "build/Makefile", "TARGET=" + target, path], cwd=ROOT, check=True,
                   stdout=subprocess.DEVNULL, timeout=600)
    return os.path.join(ROOT, path)


@pytest.fixture(scope="session")
def tls():
    """tls(host, port, option=value…) runs the client; the result has returncode and output as bytes."""
    tool = build("tls")

    def run(host, port, data=b"hello\n", env=None, **options):
        words = ["%s=%s" % pair for pair in options.items()]
        return subprocess.run([tool, host, str(port), *words], input=data, capture_output=True, timeout=100,
                              env=clean_environment(WANZAMI_ENV="development", **(env or {})))
    return run


@pytest.fixture
def folder(tmp_path):
    return str(tmp_path)
