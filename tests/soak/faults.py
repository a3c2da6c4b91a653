"""The faults of a soak test: injection, and the time until all tasks are ready again."""
import contextlib
import os
import random
import signal
import socket
import time

import disconnects
from services import wait_for

CALM = 2  # seconds after a fault in which errors are attributed to it


class Fault:
    """One kind of fault. `early`: it ends processes whose memory is measured, so it is injected only during the warm-up. `resends`: it may end
    a sender between the mail server's response and its record, so that the same mail is sent again. `harmless`: no client may lose a response."""

    def __init__(self, name, act, early=False, resends=False, harmless=False):
        self.name, self.act, self.early, self.resends, self.harmless = name, act, early, resends, harmless


def victim(stage, role):
    """Returns the last task of a role; the first is measured."""
    return stage.tasks(role)[-1]


def kill_worker(task, which=None):
    """Sends SIGKILL to a worker and waits until its parent has started another."""
    before = wait_for(task.workers, "a worker")
    pid = random.choice(before) if which is None else before[which]
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    wait_for(lambda: pid not in task.workers() and len(task.workers()) >= len(before), "a new worker", 60)


def kill_task(task):
    task.kill()
    task.start()


def pause(server, seconds):
    server.pause()
    time.sleep(seconds)
    server.resume()


def outage(server, seconds, stop="kill"):
    getattr(server, stop)()
    time.sleep(seconds)
    server.start()


def hang_ups(stage, count):
    """Runs clients that connect to every API task directly and disconnect during work on threads, statements and timers."""
    chance, before = random.Random(random.random()), {t.port: t.workers() for t in stage.tasks("api")}
    requests = [("GET", "/api/titles"), ("GET", "/api/titles/1"), ("GET", "/health/ready"), ("GET", "/metrics"), ("GET", "/api/ppv/media/nothing"),
                ("GET", "/api/auth/me", None, stage.viewer()[1]),
                ("POST", "/api/auth/login", {"email": "nobody@soak.invalid", "password": "Wrong-guess-1"})]
    for _ in range(count):
        task = chance.choice(stage.tasks("api"))
        disconnects.hang_up(chance, lambda: socket.create_connection(("127.0.0.1", task.port), 30), lambda: disconnects.message(*chance.choice(requests)))
    assert before == {t.port: t.workers() for t in stage.tasks("api")}, "a client that disconnected ended a worker"


FAULTS = (
    Fault("API worker killed", lambda s: kill_worker(victim(s, "api")), resends=True),
    Fault("API task killed", lambda s: kill_task(victim(s, "api")), resends=True),
    Fault("transcode worker killed", lambda s: kill_worker(victim(s, "transcode"), -1)),
    Fault("transcode task killed", lambda s: kill_task(victim(s, "transcode"))),
    Fault("cron task killed", lambda s: kill_task(victim(s, "cron")), early=True, resends=True),
    Fault("PostgreSQL restarted", lambda s: s.postgres.restart()),
    Fault("PostgreSQL paused for 3 s", lambda s: pause(s.postgres, 3)),
    Fault("Valkey restarted", lambda s: s.keyvalue.restart()),
    Fault("Valkey wiped", lambda s: s.keyvalue.restart(wipe=True)),
    Fault("store paused for 5 s", lambda s: pause(s.store, 5)),
    Fault("store restarted", lambda s: s.store.restart()),
    Fault("mail server away for 3 s", lambda s: outage(s.mail, 3), resends=True),
    Fault("gateway away for 3 s", lambda s: outage(s.gateways, 3, "stop")),
    Fault("100 clients hang up", lambda s: hang_ups(s, 100), harmless=True),
    Fault("rolling restart", lambda s: s.roll(), early=True),
)


class Faults:
    """Injects the faults one after the other, each kind once before any is repeated. `done` has (fault, time of its begin, time when all tasks
    were ready again)."""

    def __init__(self, stage, kinds=FAULTS):
        self.stage, self.kinds, self.done = stage, kinds, []
        self.left = []

    def next(self, early):
        """Returns the next fault; early kinds come first, and only during the warm-up."""
        if not [f for f in self.left if early or not f.early]:
            self.left += random.sample(self.kinds, len(self.kinds))
            self.left.sort(key=lambda f: not f.early)
        fault = next(f for f in self.left if early or not f.early)
        self.left.remove(fault)
        return fault

    def run(self, until, calm, early, tell):
        """Injects faults with `calm` seconds between them until `until`."""
        while time.monotonic() + calm < until:
            time.sleep(calm)
            fault, began = self.next(early), time.monotonic()
            fault.act(self.stage)
            self.stage.wait_ready()
            self.done.append((fault, began, time.monotonic()))
            tell("%s, ready again after %.1f s" % (fault.name, time.monotonic() - began))
        time.sleep(max(0, until - time.monotonic()))

    def of(self, moment):
        """Returns the fault to which an error at this time is attributed, or None."""
        for fault, began, ended in self.done:
            if began <= moment <= ended + CALM:
                return fault
        return None
