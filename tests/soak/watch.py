"""Resource use of the tasks: memory over time; without load also descriptors and threads, per process."""
import collections
import contextlib
import glob
import os
import re
import statistics
import threading
import time

from services import children, wait_for

Rest = collections.namedtuple("Rest", "private descriptors threads")  # MB, count, count

# Allowed increase between two rests: connections that are opened on demand, and memory that a heap keeps.
SPARE = Rest(4, 6, 6)


def memory(pid):
    """Returns PSS and private memory in MB."""
    with open("/proc/%d/smaps_rollup" % pid) as f:
        text = f.read()
    sizes = {name: int(kb) / 1024 for name, kb in re.findall(r"^(\w+):\s+(\d+) kB", text, re.M)}
    return sizes["Pss"], sizes["Private_Clean"] + sizes["Private_Dirty"]


def processes(task):
    return [task.process.pid] + children(task.process.pid)


def serving(port):
    """Returns the inodes of sockets on this local port: the number of client connections is not counted."""
    found = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        with open(table) as f:
            for line in f.readlines()[1:]:
                fields = line.split()
                if fields[1].endswith(":%04X" % port):
                    found.add("socket:[%s]" % fields[9])
    return found


def descriptors(pid, without):
    n = 0
    for path in glob.glob("/proc/%d/fd/*" % pid):
        with contextlib.suppress(OSError):
            n += os.readlink(path) not in without
    return n


class Watch(threading.Thread):
    """Samples all tasks every few seconds. `samples` are (time, {role: PSS in MB of its first task})."""

    def __init__(self, stage, seconds):
        super().__init__(daemon=True)
        self.stage, self.seconds, self.samples, self.over = stage, seconds, [], threading.Event()
        self.start()

    def run(self):
        while not self.over.wait(self.seconds):
            with contextlib.suppress(OSError, IndexError, KeyError):  # the process has just ended
                self.samples.append((time.monotonic(), self.look()))

    def look(self):
        return {role: sum(memory(pid)[0] for pid in processes(self.stage.tasks(role)[0])) for role in ("api", "transcode", "cron")}

    def stop(self):
        self.over.set()
        self.join(60)

    def slope(self, role, since):
        """Returns the slope in MB per hour (least squares)."""
        points = [(t, s[role]) for t, s in self.samples if t >= since]
        return statistics.linear_regression(*zip(*points)).slope * 3600 if len(points) > 2 else 0

    # Without load

    def rest(self):
        """Waits until no work is left and the memory is constant. Returns the Rest of each process, by (role, pid)."""
        idle = """SELECT (SELECT count(*) FROM wanzami.transcode_job WHERE state IN ('queued', 'running'))
            + (SELECT count(*) FROM wanzami.mail_outbox WHERE sent_at IS NULL AND failed_at IS NULL AND next_attempt_at <= now())"""
        wait_for(lambda: self.stage.rows(idle)[0][0] == 0, "the end of all work", 300)
        last = [self.everything()]

        def still():
            time.sleep(1)
            last.append(self.everything())
            return last[-1].keys() == last[-2].keys() and all(abs(last[-1][k].private - last[-2][k].private) < .2 for k in last[-1])

        wait_for(still, "the memory to be constant", 120)
        return {k: Rest(*(min(a, b) for a, b in zip(last[-1][k], last[-2][k]))) for k in last[-1]}

    def everything(self):
        return {(t.role, pid): Rest(memory(pid)[1], descriptors(pid, serving(t.port)), len(os.listdir("/proc/%d/task" % pid)))
                for t in self.stage.tasks() for pid in processes(t)}

    def connections(self):
        """Returns the number of connections to the database and to Valkey, and the number of workers."""
        database = self.stage.rows("SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'wanzami %'")[0][0]
        valkey = len(self.stage.keyvalue.command("CLIENT", "LIST").splitlines()) - 1  # the connection of this command
        return database, valkey, sum(len(t.workers()) for t in self.stage.tasks())


def leaks(before, after):
    """Returns the increases of processes that exist in both rests beyond SPARE."""
    found = []
    for key in before.keys() & after.keys():
        for name, was, now, spare in zip(Rest._fields, before[key], after[key], SPARE):
            if now - was > spare:
                found.append("%s of process %d (%s): %.1f, then %.1f" % (name, key[1], key[0], was, now))
    return found
