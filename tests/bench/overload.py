"""Goodput at five times the peak load: accepted requests, their latency, and the share of 503. The service and its database have one half of
the processors, the clients the other half."""
import json
import os
import random
import subprocess

import services
from accounts import bearer
from crowd import FILL, PASSWORD, SALT, TITLES, VIEWERS, bcrypt
from report import line
from services import Appliance, KeyValue, Postgres, run
from tls import tool

CLIENTS = (32, 128)  # at the knee more clients do not increase the rate
SECONDS, ROUNDS, TIMES = 4, 3, 5


class LowPriorityPostgres(Postgres):
    """In production the database has its own processors; here lower priority keeps it from delaying the service."""

    def commands(self):
        return [["nice", "-n", "10", *command] for command in super().commands()]


def request(method, path, token=None, body=None):
    head = "%s %s HTTP/1.1\r\nHost: bench\r\n" % (method, path)
    if token:
        head += "Authorization: Bearer %s\r\n" % token
    if body is None:
        return (head + "\r\n").encode()
    text = json.dumps(body)
    return (head + "Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(text), text)).encode()


def reads():
    return [request("GET", "/api/titles/%d" % i) for i in range(1, TITLES + 1)]


def mixed():
    """Per thousand: 600 public reads, 240 reads of the user's own data, 140 events, 15 edits, 5 logins."""
    chance, made = random.Random(1), []
    for _ in range(1000):
        n, v = chance.random(), chance.randint(2, VIEWERS)
        if n < .6:
            made.append(request("GET", chance.choice(("/api/titles", "/api/titles/%d", "/api/titles/%d/episodes", "/api/popularity?country=NG")).replace(
                "%d", str(chance.randint(1, TITLES)))))
        elif n < .84:
            made.append(request("GET", chance.choice(("/api/auth/me", "/api/recs/continue-watching", "/api/user/devices", "/api/ppv/my-titles")), bearer(v, "d")))
        elif n < .98:
            made.append(request("POST", "/api/events", bearer(v, "d"), {"events": [{"eventType": "PLAY_END", "profileId": str(v), "titleId": "7"}]}))
        elif n < .995:
            made.append(request("PATCH", "/api/admin/titles/%d" % chance.randint(1, TITLES), bearer(1, "d"), {"description": "again"}))
        else:
            made.append(request("POST", "/api/auth/login", None, {"email": "viewer%d@example.com" % v, "password": PASSWORD, "deviceId": "phone"}))
    return made


class Flood:
    """Runs the load generator; `pinned` is the command that pins it to its processors."""

    def __init__(self, a, requests, pinned):
        self.a, self.pinned, self.tool = a, pinned, tool("flood")
        self.input = b"".join(r + b"\0" for r in requests)

    def run(self, how, value, seconds=SECONDS):
        r = subprocess.run([*self.pinned, self.tool, str(self.a.port), how, str(value), str(seconds)], input=self.input, capture_output=True, check=True)
        told = json.loads(r.stdout)
        bad = {s: n for s, n in told["statuses"].items() if s not in ("200", "201", "304", "503")}
        # The service may close an idle connection, to free a slot, at the moment at which its client sends a request.
        if bad or told["lost"] > .001 * sum(told["statuses"].values()):
            raise SystemExit("overload: %s, %d connections lost" % (bad, told["lost"]))
        return told["accepted"] / told["seconds"], told


def compare(name, flood):
    def at(clients):
        return sorted(flood.run("closed", clients)[0] for _ in range(ROUNDS))[ROUNDS // 2]
    peaks = {n: at(n) for n in CLIENTS}
    knee = max(peaks, key=peaks.get)
    rounds = []
    for _ in range(ROUNDS):  # alternating, so that other load on the machine affects both alike
        peak, _ = flood.run("closed", knee)
        rate, told = flood.run("open", TIMES * peak)
        refused = told["statuses"].get("503", 0)
        rounds.append((rate / peak, told["p99"], refused / (refused + told["accepted"]), peak, rate, told))
    ratio, p99, share, peak, rate, told = sorted(rounds, key=lambda r: r[0])[ROUNDS // 2]
    line("%s: accepted at %d times the peak, ratio to the peak" % (name, TIMES), ratio, "", .8, False, "%.0f/s of %.0f/s with %d clients" % (rate, peak, knee))
    line("%s: p99 of the accepted requests" % name, max(r[1] for r in rounds), "ms", 1000, True, "median %.0f ms; %.0f %% got 503; %.0f %% of the requests found no free connection" % (
        told["p50"], 100 * share, 100 * told["unasked"] / (told["unasked"] + sum(told["statuses"].values()))))


def measure(folder):
    cores = sorted(os.sched_getaffinity(0))
    ours, theirs = cores[:(len(cores) + 1) // 2], cores[(len(cores) + 1) // 2:] or cores
    pin = lambda list_: ["taskset", "-c", ",".join(map(str, list_))]
    keyvalue, everybody = KeyValue(), os.sched_getaffinity(0)
    os.sched_setaffinity(0, ours)  # inherited by the processes that are started from here on
    postgres = LowPriorityPostgres()
    url, db = postgres.create()
    if run("migrate", DATABASE_URL=url).returncode != 0:
        raise SystemExit("migrate failed")
    db.cursor().execute(FILL % {"viewers": VIEWERS, "titles": TITLES, "hash": bcrypt()(PASSWORD.encode(), SALT).decode()})
    db.cursor().execute("ANALYZE")
    a = Appliance(folder, roles="api", DATABASE_URL=url, REDIS_URL=keyvalue.url, WORKERS=len(ours), **services.SECRETS).wait_healthy()
    os.sched_setaffinity(0, everybody)
    try:
        print("\noverload: the service and PostgreSQL on processor %s, the clients on %s; median of %d rounds of %d s" % (
            ",".join(map(str, ours)), ",".join(map(str, theirs)), ROUNDS, SECONDS))
        compare("one title", Flood(a, reads(), pin(theirs)))
        compare("mixed", Flood(a, mixed(), pin(theirs)))
    finally:
        a.close()
        db.close()
        for server in (postgres, keyvalue):
            server.close()
