"""Unit tests in C: cmocka programs under AddressSanitizer and UBSan and in valgrind; and time zones and cron expressions compared with Python."""
import datetime
import glob
import os
import random
import subprocess
import zoneinfo

import pytest

from conftest import build

HERE = os.path.dirname(os.path.abspath(__file__))
UNITS = sorted(os.path.basename(p)[:-2] for p in glob.glob(os.path.join(HERE, "*.c")))
UTC = datetime.timezone.utc


@pytest.mark.parametrize("name", UNITS)
def test_unit_with_sanitizers(name):
    r = subprocess.run([build("unit/" + name, "asan")], capture_output=True, text=True, timeout=300)
    assert r.returncode == 0, r.stdout + r.stderr
    assert "[  PASSED  ]" in r.stderr + r.stdout


@pytest.mark.parametrize("name", UNITS)
def test_unit_in_valgrind(name):
    """Finds uninitialized and leaked memory in a build without sanitizers. That takes each path once, so that curves.c needs fewer rounds."""
    r = subprocess.run(["valgrind", "--quiet", "--leak-check=full", "--error-exitcode=9", build("unit/" + name, "memcheck")],
                       env={**os.environ, "ROUNDS": "33"}, capture_output=True, text=True, timeout=600)
    assert r.returncode == 0, r.stdout + r.stderr


# Time zones

class Clock:
    """Sends many queries at once to tests/tools/clock.c."""

    def __init__(self):
        self.path = build("tools/clock")

    def ask(self, lines):
        r = subprocess.run([self.path], input="".join(line + "\n" for line in lines), capture_output=True, text=True, timeout=300)
        assert r.returncode == 0, r.stderr
        return [line.split() for line in r.stdout.splitlines()]


@pytest.fixture(scope="module")
def clock():
    return Clock()


def unix(*date):
    return int(datetime.datetime(*date, tzinfo=UTC).timestamp())


def offset(zone, t):
    return int(datetime.datetime.fromtimestamp(t, zone).utcoffset().total_seconds())


def changes(zone, start, end, step=86400):
    """Returns (time, offset) at the start and at each change, found by bisection."""
    found = [(start, offset(zone, start))]
    for t in range(start, end, step):
        low, high = t, min(t + step, end)
        if offset(zone, low) == offset(zone, high):
            continue
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if offset(zone, middle) == offset(zone, low) else (low, middle)
        found.append((high, offset(zone, high)))
    return found


def test_offsets_of_all_zones_match_python(clock):
    """All time zones, over three years."""
    start, end = unix(2026, 1, 2), unix(2029, 1, 2)
    names = sorted(n for n in zoneinfo.available_timezones() if n not in ("localtime", "Factory") and not n.startswith(("posix", "right")))
    assert len(names) > 500
    for name, answer in zip(names, clock.ask("offset %s %d %d" % (name, start, end) for name in names)):
        ours = []
        for t, o in (map(int, word.split(":")) for word in answer):
            if not ours or ours[-1][1] != o:
                ours.append((t, o))
        assert ours == changes(zoneinfo.ZoneInfo(name), start, end), name


# Cron expressions

def field(rng, low, high):
    kind = rng.randrange(5)
    if kind == 0:
        return "*"
    if kind == 1:
        return "*/%d" % rng.randint(1, max(1, high // 2))
    if kind == 2:
        return ",".join(str(rng.randint(low, high)) for _ in range(rng.randint(1, 4)))
    a, b = sorted((rng.randint(low, high), rng.randint(low, high)))
    return "%d-%d" % (a, b) + ("/%d" % rng.randint(1, 5) if kind == 4 else "")


def members(text, low, high):
    found = set()
    for part in text.split(","):
        body, _, step = part.partition("/")
        a, _, b = ("%d-%d" % (low, high) if body == "*" else body).partition("-")
        found |= set(range(int(a), int(b or a) + 1, int(step or 1)))
    return found


def due(expression, zone, start, end):
    """Returns every time of the expression in (start, end], by trying every minute."""
    minute, hour, day, month, weekday = expression.split()
    minutes, hours, days = members(minute, 0, 59), members(hour, 0, 23), members(day, 1, 31)
    months, weekdays = members(month, 1, 12), {d % 7 for d in members(weekday, 0, 6)}

    def day_fits(d):
        in_month, in_week = d.day in days, d.isoweekday() % 7 in weekdays
        either = not day.startswith("*") and not weekday.startswith("*")
        return d.month in months and (in_month or in_week if either else in_month and in_week)

    def fits(d):
        return d.minute in minutes and d.hour in hours and day_fits(d)

    if hour.startswith("*"):
        return [t for t in range(start + 60 - start % 60, end + 1, 60) if fits(datetime.datetime.fromtimestamp(t, zone))]
    found = set()
    jumps = [t for t, _ in changes(zone, start - 172800, end + 172800)[1:]]
    shown = datetime.datetime.fromtimestamp(start - 172800, zone).replace(tzinfo=None, second=0)
    while shown < datetime.datetime.fromtimestamp(end + 172800, zone).replace(tzinfo=None):
        if fits(shown):
            t = int(shown.replace(tzinfo=zone, fold=0).timestamp())
            if datetime.datetime.fromtimestamp(t, zone).replace(tzinfo=None) != shown:
                t = min(jumps, key=lambda j: abs(j - t))  # a local time that is skipped
            found.add(t)
        shown += datetime.timedelta(minutes=1)
    return sorted(t for t in found if start < t <= end)


def test_cron_times_match_a_search_over_every_minute(clock):
    """Random expressions, around clock changes."""
    rng = random.Random(20260101)
    names = ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/St_Johns", "Africa/Casablanca", "Pacific/Chatham", "America/Santiago",
             "Asia/Gaza", "Africa/Cairo"]
    cases = []
    for _ in range(150):
        name = rng.choice(names)
        all_changes = changes(zoneinfo.ZoneInfo(name), unix(2026, 2, 1), unix(2027, 12, 1))
        start = rng.choice(all_changes)[0] - rng.randint(0, 2 * 86400)
        expression = "%s %s %s %s %s" % (field(rng, 0, 59), field(rng, 0, 23), rng.choice(["*", field(rng, 1, 31)]), rng.choice(["*", "*", field(rng, 1, 12)]),
                                         rng.choice(["*", field(rng, 0, 6)]))
        cases.append((name, start, start + 3 * 86400, expression))
    for case, answer in zip(cases, clock.ask("next %s %d %d %s" % case for case in cases)):
        name, start, end, expression = case
        if answer[:3] == ["there", "is", "no"]:
            continue
        assert [int(t) for t in answer] == due(expression, zoneinfo.ZoneInfo(name), start, end), case
