"""The layers of the code: calls go down only, and files have no cyclic dependencies. Checks the symbols of the compiled objects."""
import collections
import glob
import os
import subprocess

import pytest

from services import ROOT

OBJECTS = os.path.join(ROOT, "out/obj/musl")
# Lowest first. Files of src itself are above all of them.
FLOORS = [{"base"}, {"tls", "kore", "media"}, {"net"}, {"store"}, {"http", "cron"}, {"transcode", "jobs", "api"}]


def floor(name):
    """Returns the layer of an object such as src/http/reply."""
    parts = name.split("/")
    if len(parts) == 2:
        return len(FLOORS)
    return next(i for i, folders in enumerate(FLOORS) if parts[1] in folders)


@pytest.fixture(scope="module")
def calls():
    """Returns the symbols that each object of src uses of another: {(caller, callee): symbols}."""
    defined, needed = {}, collections.defaultdict(set)
    for path in glob.glob(OBJECTS + "/src/**/*.o", recursive=True):
        name = os.path.relpath(path, OBJECTS)[:-2]
        if not os.path.exists(os.path.join(ROOT, name + ".c")):
            continue  # the object of a deleted source
        for line in subprocess.run(["nm", path], capture_output=True, text=True, check=True).stdout.splitlines():
            *_, kind, symbol = line.split()
            if kind == "U":
                needed[name].add(symbol)
            elif kind in "TDBRVW":
                defined[symbol] = name
    found = collections.defaultdict(set)
    for name, symbols in needed.items():
        for symbol in symbols & defined.keys():
            if defined[symbol] != name:
                found[name, defined[symbol]].add(symbol)
    assert len(found) > 100, "no objects in out/obj/musl; build first"
    return found


def test_calls_go_down_only(calls):
    assert [(a, b, sorted(s)) for (a, b), s in sorted(calls.items()) if floor(b) > floor(a)] == []


def test_files_have_no_cycles(calls):
    """Removes files without dependencies on the others until only cycles are left."""
    below = collections.defaultdict(set)
    for a, b in calls:
        below[a].add(b)
    left = set(below)
    while free := {a for a in left if not below[a] & left}:
        left -= free
    assert {a: sorted(below[a] & left) for a in sorted(left)} == {}
