"""Threads by the CPUs that the process may use."""
import os
import subprocess

import pytest

import services
from cgroup import cpu_group, enter
from conftest import build
from films import film


@pytest.fixture(scope="module")
def cpus():
    tool = build("tools/cpus")

    def count(folder=None, affinity=None):
        def begin():
            if folder:
                enter(folder)
            if affinity:
                os.sched_setaffinity(0, affinity)
        return int(subprocess.run([tool], preexec_fn=begin, capture_output=True, check=True, timeout=60).stdout)
    return count


def test_the_lowest_of_affinity_and_quotas_counts(cpus):
    have = len(os.sched_getaffinity(0))
    assert cpus() <= have and cpus(affinity={min(os.sched_getaffinity(0))}) == 1
    with cpu_group(.5) as folder:
        assert cpus(folder) == 1
    with cpu_group(1.5) as folder:
        assert cpus(folder) == min(2, have)  # rounded up
        assert cpus(folder, {min(os.sched_getaffinity(0))}) == 1
    with cpu_group(1000) as folder:
        assert cpus(folder) == cpus()


def test_an_ancestor_with_a_lower_quota_counts(cpus):
    with cpu_group(.5) as folder:
        os.mkdir(folder + "/inner")
        try:
            assert cpus(folder + "/inner") == 1
        finally:
            os.rmdir(folder + "/inner")


def threads(folder, path, output):
    """Transcodes the film and returns the greatest number of threads that the process had."""
    p = subprocess.Popen(services.command("transcode", path, str(output)), preexec_fn=(lambda: enter(folder)) if folder else None,
                         stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=services.clean_environment(WANZAMI_ENV="test"))
    most = 0
    while p.poll() is None:
        try:
            most = max(most, len(os.listdir("/proc/%d/task" % p.pid)))
        except OSError:
            break
    assert p.wait(timeout=300) == 0
    return most


@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="needs two CPUs")
def test_a_cpu_quota_lowers_the_threads_of_a_transcode(tmp_path):
    path = tmp_path / "film.mp4"
    path.write_bytes(film(3, "1280x720"))
    with cpu_group(1) as folder:
        few = threads(folder, str(path), tmp_path / "few")
    assert few < threads(None, str(path), tmp_path / "all")
