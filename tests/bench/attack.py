"""Sign-in of people on half a processor while one address sends ten wrong logins per second: latency, beside the same without the attack."""
import contextlib
import os
import statistics
import threading
import time

import requests

from crowd import FILL, PASSWORD, SALT, TITLES, VIEWERS, bcrypt
from report import line
from services import Appliance, KeyValue, Postgres, run, wait_for

PER_SECOND, PEOPLE, PAUSE = 10, 15, .5
GROUPS = (("/sys/fs/cgroup/cpu", "cpu.cfs_quota_us", "50000"), ("/sys/fs/cgroup", "cpu.max", "50000 100000"))  # version 1, version 2


@contextlib.contextmanager
def half_a_processor(pids):
    """Limits the processes to 50 ms of processor time in each 100 ms."""
    root, name, quota = next(g for g in GROUPS if os.path.exists(os.path.join(g[0], "cgroup.procs")))
    folder = os.path.join(root, "bench-%d" % os.getpid())
    os.mkdir(folder)
    with open(os.path.join(folder, name), "w") as f:
        f.write(quota)
    for pid in pids:
        with open(os.path.join(folder, "cgroup.procs"), "w") as f:
            f.write(str(pid))
    try:
        yield
    finally:
        for pid in pids:
            with contextlib.suppress(OSError), open(os.path.join(root, "cgroup.procs"), "w") as f:
                f.write(str(pid))
        os.rmdir(folder)


def login(a, address, viewer, password):
    return requests.post(a.url + "/api/auth/login", headers={"X-Forwarded-For": address}, timeout=60,
                         json={"email": "viewer%d@example.com" % viewer, "password": password, "deviceId": "phone"})


@contextlib.contextmanager
def attack(a):
    """Sends wrong logins from one address, for the accounts of the people in turn. Yields the statuses of the responses."""
    ended, statuses, threads = threading.Event(), [], []

    def guess(viewer):
        statuses.append(login(a, "203.0.113.9", viewer, "Wrong-horse-1").status_code)

    def send():
        n = 0
        while not ended.wait(1 / PER_SECOND):
            threads.append(threading.Thread(target=guess, args=(2 + n % (VIEWERS - 2),)))
            threads[-1].start()
            n += 1

    sender = threading.Thread(target=send)
    sender.start()
    wait_for(lambda: len(statuses) >= PER_SECOND, "the first wrong logins")
    try:
        yield statuses
    finally:
        ended.set()
        sender.join()
        for t in threads:
            t.join()


def people(a, network):
    """Signs people in from different networks. Returns the median of their latencies in ms, and how many succeeded."""
    times, succeeded = [], 0
    for n in range(PEOPLE):
        began = time.monotonic()
        succeeded += login(a, "198.%d.%d.7" % (network, n), 2 + n, PASSWORD).status_code == 200
        times.append((time.monotonic() - began) * 1000)
        time.sleep(PAUSE)
    return statistics.median(times), succeeded


def measure(folder):
    postgres, keyvalue = Postgres(), KeyValue()
    url, db = postgres.create()
    if run("migrate", DATABASE_URL=url).returncode != 0:
        raise SystemExit("migrate failed")
    db.cursor().execute(FILL % {"hash": bcrypt()(PASSWORD.encode(), SALT).decode(), "viewers": VIEWERS, "titles": TITLES})
    a = Appliance(folder, roles="api", WORKERS=1, DATABASE_URL=url, REDIS_URL=keyvalue.url).wait_healthy()
    try:
        print("\nattack: sign-in on half a processor, beside %d wrong logins per second from one address" % PER_SECOND)
        with half_a_processor([a.process.pid, *a.workers()]):
            alone, _ = people(a, 51)
            with attack(a) as statuses:
                beside, succeeded = people(a, 18)
        line("sign-in, ratio of the median latency to that without the attack", beside / alone, "", 3, True, "%.0f and %.0f ms" % (beside, alone))
        line("sign-ins that succeeded, of %d" % PEOPLE, succeeded, "", PEOPLE, False,
             "wrong logins: " + ", ".join("%d x %d" % (statuses.count(s), s) for s in sorted(set(statuses))))
    finally:
        a.close()
        db.close()
        for server in (postgres, keyvalue):
            server.close()
