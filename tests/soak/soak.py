#!/usr/bin/python3
"""Soak test: mixed load and faults for a given time, then checks for lost work, duplicated work and leaks.
usage: soak.py [TIME] [SEED]. TIME is 90s, 10m or 2h, for example; the default is 5m. Exits with 1 if a check fails."""
import collections
import logging
import os
import random
import re
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
for folder in (HERE, os.path.join(HERE, "../bench"), os.path.join(HERE, "../lib")):
    sys.path.insert(0, os.path.normpath(folder))
sys.dont_write_bytecode = True

from clients import Crowd  # noqa: E402
from faults import FAULTS, Faults  # noqa: E402
from stage import Stage  # noqa: E402
from verdict import Verdict  # noqa: E402
from watch import Watch, leaks  # noqa: E402

EARLY, WARM = .2, .35  # shares of the time: end of the faults on measured processes, and end of the warm-up


def say(text, *args):
    print(text % args if args else text, flush=True)


def quantile(sorted_, share):
    return sorted_[min(len(sorted_) - 1, int(len(sorted_) * share))]


class Soak:
    """run() runs the test; afterwards `bad` has the failed checks."""

    def __init__(self, folder, seconds, kinds=FAULTS, measured=True):
        self.seconds, self.measured = seconds, measured
        self.calm = min(15, max(2, seconds / 60))
        self.stage = Stage(folder)
        self.crowd = Crowd(self.stage)
        self.faults = Faults(self.stage, kinds)
        self.watch = Watch(self.stage, max(1, min(30, seconds / 200)))
        self.began = time.monotonic()
        self.bad = []

    def tell(self, text):
        say("  %6.0f s  %s", time.monotonic() - self.began, text)

    def run(self):
        try:
            self.faults.run(self.began + self.seconds * EARLY, self.calm, True, self.tell)
            self.faults.run(self.began + self.seconds * WARM, self.calm, False, self.tell)
            self.crowd.rest()
            before, self.warm = self.watch.rest() if self.measured else {}, time.monotonic()
            asked = self.crowd.ledger.count()
            self.tell("end of the warm-up, no load for the measurement")
            self.crowd.go()
            self.faults.run(self.began + self.seconds, self.calm, False, self.tell)
            self.crowd.stop()
            self.tell("end of the load")
            verdict = Verdict(self.stage, self.crowd.ledger, self.faults).check()
            after = self.watch.rest() if self.measured else {}
            self.watch.stop()
            wrong = [what for _, _, what in self.crowd.ledger.wrong]
            self.bad = verdict.bad + ["wrong response: " + what for what in wrong[:20]] + (["%d wrong responses in total" % len(wrong)] if wrong[20:] else [])
            self.bad += ["a response was lost during %s: %s: %s" % (fault.name, kind, what) for moment, kind, what in self.crowd.ledger.errors
                         for fault in [self.faults.of(moment)] if fault and fault.harmless]
            self.bad += ["sanitizer: " + line.strip() for line in self.stage.complaints()]
            if self.measured:
                self.usage(before, after, self.crowd.ledger.count() - asked)
            self.report(verdict)
        finally:
            self.crowd.over.set()
            self.watch.over.set()
            self.stage.close()
        return self

    def usage(self, before, after, answers):
        found = leaks(before, after)
        database, valkey, workers = self.watch.connections()
        if database > 3 * workers:
            found.append("%d database connections for %d workers" % (database, workers))
        if valkey > 2 * workers:
            found.append("%d Valkey connections for %d workers" % (valkey, workers))
        self.bad += ["leaked: " + f for f in found]
        say("\nmemory of one task, PSS of its processes in MB; slope after the warm-up, in which all tasks sent %d responses", answers)
        say("  %-12s %8s %8s %8s %8s %12s", "role", "first", "warm", "last", "maximum", "MB per hour")
        for role in ("api", "transcode", "cron"):
            line = [(t, s[role]) for t, s in self.watch.samples]
            warm = [size for t, size in line if t >= self.warm]
            say("  %-12s %8.1f %8.1f %8.1f %8.1f %+12.1f", role, line[0][1], warm[0], warm[-1], max(size for _, size in line), self.watch.slope(role, self.warm))
        say("\nwithout load, after the warm-up and at the end, of processes that existed both times")
        say("  %-12s %22s %22s %22s", "process", "private MB", "descriptors", "threads")
        for role, pid in sorted(before.keys() & after.keys()):
            b, a = before[role, pid], after[role, pid]
            say("  %-12s %10.1f %10.1f  %10d %10d  %10d %10d", role, b.private, a.private, b.descriptors, a.descriptors, b.threads, a.threads)
        say("  %d workers have %d database connections and %d Valkey connections", workers, database, valkey)

    def report(self, verdict):
        ledger = self.crowd.ledger
        say("\ncorrect responses, in milliseconds; calm: outside the time of faults")
        say("  %-16s %8s %8s %8s %8s %10s", "kind", "number", "p50", "p95", "p99", "calm p99")
        for kind, (moments, ms) in sorted(ledger.times.items()):
            all_, calm = sorted(ms), sorted(m for t, m in zip(moments, ms) if self.faults.of(t) is None)
            say("  %-16s %8d %8.0f %8.0f %8.0f %10.0f", kind, len(all_), *(quantile(all_, q) for q in (.5, .95, .99)), quantile(calm or [0], .99))
        say("\nerrors")
        found = collections.defaultdict(collections.Counter)
        for moment, kind, what in ledger.errors:
            fault = self.faults.of(moment)
            found[fault.name if fault else "outside of faults"]["%s: %s" % (kind, what)] += 1
        times = collections.defaultdict(list)
        for fault, began, ended in self.faults.done:
            times[fault.name].append(ended - began)
        for name in sorted(times.keys() | found.keys()):
            say("  %-28s %-34s %s", name, "%d times, ready after %.1f s at most" % (len(times[name]), max(times[name])) if name in times else "",
                ", ".join("%d %s" % (n, what) for what, n in found[name].most_common(6)) or "none")
        say("\nchecks")
        for line in verdict.notes:
            say("  " + line.replace("%", "%%"))
        say("\n%s", "no work was lost or duplicated, and no leak was found" if not self.bad else "\n".join("BAD  " + b for b in self.bad))


def main():
    found = re.fullmatch(r"(\d+)([smh])", sys.argv[1] if len(sys.argv) > 1 else "5m")
    if not found or len(sys.argv) > 3 or (len(sys.argv) == 3 and not sys.argv[2].isdigit()):
        raise SystemExit("usage: soak.py [TIME] [SEED], as in 90s, 10m or 2h; the seed is a number")
    seconds = int(found[1]) * {"s": 1, "m": 60, "h": 3600}[found[2]]
    seed = int(sys.argv[2]) if len(sys.argv) == 3 else random.randrange(10 ** 6)
    random.seed(seed)
    say("soak: %d s with seed %d", seconds, seed)
    logging.getLogger("mail").setLevel(logging.ERROR)  # aiosmtpd logs a warning for every AUTH without TLS
    os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1,localhost"
    with tempfile.TemporaryDirectory(prefix="wanzami-soak-") as folder:
        os.chmod(folder, 0o755)
        return 1 if Soak(folder, seconds).run().bad else 0


if __name__ == "__main__":
    sys.exit(main())
