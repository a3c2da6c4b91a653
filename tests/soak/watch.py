"""What the tasks use: memory over time, and at rest everything that could leak, of each process by itself."""
import collections
import contextlib
import glob
import os
import re
import statistics
import threading
import time

from services import children, wait_for

Rest = collections.namedtuple("Rest", "private descriptors threads")  # MB, and counts

# What a process may have more at one rest than at another: connections that it makes when it first needs them, and memory that a heap keeps.
SPARE = Rest(4, 6, 6)


def memory(pid):
    """PSS and private memory in MB."""
    with open("/proc/%d/smaps_rollup" % pid) as f:
        text = f.read()
    sizes = {name: int(kb) / 1024 for name, kb in re.findall(r"^(\w+):\s+(\d+) kB", text, re.M)}
    return sizes["Pss"], sizes["Private_Clean"] + sizes["Private_Dirty"]


def processes(task):
    return [task.process.pid] + children(task.process.pid)


def serving(port):
    """The inodes of sockets on a port of ours: how many clients keep connections open is their business."""
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
    """Looks at all tasks every few seconds. `samples` are (when, {role: PSS in MB of one task of it})."""

    def __init__(self, stage, seconds):
        super().__init__(daemon=True)
        self.stage, self.seconds, self.samples, self.over = stage, seconds, [], threading.Event()
        self.start()

    def run(self):
        while not self.over.wait(self.seconds):
            with contextlib.suppress(OSError, IndexError, KeyError):  # one that was just ended
                self.samples.append((time.monotonic(), self.look()))

    def look(self):
        return {role: sum(memory(pid)[0] for pid in processes(self.stage.tasks(role)[0])) for role in ("api", "transcode", "cron")}

    def stop(self):
        self.over.set()
        self.join(60)

    def slope(self, role, since):
        """MB an hour, by least squares."""
        points = [(t, s[role]) for t, s in self.samples if t >= since]
        return statistics.linear_regression(*zip(*points)).slope * 3600 if len(points) > 2 else 0

    # At rest

    def rest(self):
        """When nothing is left to do and the memory no longer changes: of each process (role and pid) what it has, and the connections."""
        idle = """SELECT (SELECT count(*) FROM wanzami.transcode_job WHERE state IN ('queued', 'running'))
            + (SELECT count(*) FROM wanzami.mail_outbox WHERE sent_at IS NULL AND failed_at IS NULL AND next_attempt_at <= now())"""
        wait_for(lambda: self.stage.rows(idle)[0][0] == 0, "the end of all work", 300)
        last = [self.everything()]

        def still():
            time.sleep(1)
            last.append(self.everything())
            return last[-1].keys() == last[-2].keys() and all(abs(last[-1][k].private - last[-2][k].private) < .2 for k in last[-1])

        wait_for(still, "processes at rest", 120)
        return {k: Rest(*(min(a, b) for a, b in zip(last[-1][k], last[-2][k]))) for k in last[-1]}

    def everything(self):
        return {(t.role, pid): Rest(memory(pid)[1], descriptors(pid, serving(t.port)), len(os.listdir("/proc/%d/task" % pid)))
                for t in self.stage.tasks() for pid in processes(t)}

    def connections(self):
        """How many the database and Valkey have of ours, and how many workers there are."""
        database = self.stage.rows("SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'wanzami %'")[0][0]
        valkey = len(self.stage.keyvalue.command("CLIENT", "LIST").splitlines()) - 1  # this one
        return database, valkey, sum(len(t.workers()) for t in self.stage.tasks())


def leaks(before, after):
    """What processes that were there at both rests have more of than is to spare."""
    found = []
    for key in before.keys() & after.keys():
        for name, was, now, spare in zip(Rest._fields, before[key], after[key], SPARE):
            if now - was > spare:
                found.append("%s of process %d (%s): %.1f, then %.1f" % (name, key[1], key[0], was, now))
    return found
