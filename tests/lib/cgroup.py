"""Control groups with a limit of memory or CPU time, of version 1 or 2. They need root and a writable /sys/fs/cgroup."""
import contextlib
import os
import signal
import subprocess
import sys
import time

import pytest

# Folder, file of the limit, file with the line "oom_kill N".
VERSIONS = (("/sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.oom_control"), ("/sys/fs/cgroup", "memory.max", "memory.events"))

# Folder, and the files of the limit with their text for a number of microseconds in each 100 ms.
CPU_VERSIONS = (("/sys/fs/cgroup/cpu", {"cpu.cfs_period_us": "100000", "cpu.cfs_quota_us": "%d"}), ("/sys/fs/cgroup", {"cpu.max": "%d 100000"}))

# Takes memory in steps of 4 MB until the kernel has killed a process of the group for it.
HOG = """
import sys, time
def kills():
    with open(sys.argv[1]) as f:
        return int([line for line in f if line.startswith("oom_kill ")][0].split()[1])
taken, before = [], kills()
while kills() == before:
    taken.append(bytearray(4 << 20))
    time.sleep(.01)
"""


class Group:
    def __init__(self, root, limit, count):
        self.folder, self.limit, self.count = root, limit, os.path.join(root, count)

    def enter(self, pid=0):
        """Moves a process into the group; 0 is the caller, so that this can be a preexec_fn."""
        with open(os.path.join(self.folder, "cgroup.procs"), "w") as f:
            f.write(str(pid))

    def starve(self, victim):
        """Uses up the memory of the group until the kernel has killed a process of it, which is to be this one. It may then kill the program that
        uses it up, too: what the victim had before it entered belongs to another group."""
        with open("/proc/%d/oom_score_adj" % victim, "w") as f:
            f.write("1000")
        assert subprocess.run([sys.executable, "-c", HOG, self.count], timeout=120, preexec_fn=self.enter).returncode in (0, -signal.SIGKILL)


def enter(folder):
    """Moves the caller into the group, as a preexec_fn."""
    with open(os.path.join(folder, "cgroup.procs"), "w") as f:
        f.write("0")


@contextlib.contextmanager
def cpu_group(quota):
    """A group with a quota in CPUs. Yields its folder. Skips the test where none can be made."""
    root, files = next((v for v in CPU_VERSIONS if os.path.exists(os.path.join(v[0], "cgroup.procs"))), (None, {}))
    folder = os.path.join(root or "/", "wanzami-cpu-%d" % os.getpid())
    try:
        os.mkdir(folder)
        for name, text in files.items():
            with open(os.path.join(folder, name), "w") as f:
                f.write(text % (quota * 100000) if "%" in text else text)
    except OSError as e:
        with contextlib.suppress(OSError):
            os.rmdir(folder)
        pytest.skip("no control group with a CPU quota can be made: %s" % e)
    try:
        yield folder
    finally:
        while os.path.exists(folder):  # busy until the kernel has removed its processes
            with contextlib.suppress(OSError):
                os.rmdir(folder)


@contextlib.contextmanager
def memory_group(megabytes):
    """A group with a memory limit. Skips the test where none can be made."""
    root, limit, count = next((v for v in VERSIONS if os.path.exists(os.path.join(v[0], "cgroup.procs"))), (None, "", ""))
    folder = os.path.join(root or "/", "wanzami-test-%d" % os.getpid())
    try:
        os.mkdir(folder)
        with open(os.path.join(folder, limit), "w") as f:
            f.write(str(megabytes << 20))
    except OSError as e:
        with contextlib.suppress(OSError):
            os.rmdir(folder)
        pytest.skip("no control group with a memory limit can be made: %s" % e)
    group = Group(folder, limit, count)
    try:
        yield group
    finally:
        with open(os.path.join(folder, "cgroup.procs")) as f:
            for pid in f.read().split():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(int(pid), signal.SIGKILL)
        while True:  # the group is busy until the kernel has removed its processes
            with contextlib.suppress(OSError):
                os.rmdir(folder)
                break
            time.sleep(.05)
