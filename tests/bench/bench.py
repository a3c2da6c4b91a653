#!/usr/bin/python3
"""The benchmark: speed and size, measured beside another program in the same run.
usage: bench.py [--scale SCALE] [footprint|serving|api|attack|overload|tls|transcode|media|playback|mail|console|growth]… (default: all but growth). No other load
should run on the machine. SCALE is a fraction of the rows of the large database of growth."""
import argparse
import os
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "lib"))
sys.dont_write_bytecode = True

import api  # noqa: E402
import attack  # noqa: E402
import console  # noqa: E402
import footprint  # noqa: E402
import growth  # noqa: E402
import mail  # noqa: E402
import media  # noqa: E402
import overload  # noqa: E402
import playback  # noqa: E402
import serving  # noqa: E402
import tls  # noqa: E402
import transcode  # noqa: E402
from scheduler import without_autogroups  # noqa: E402

PARTS = {"footprint": footprint, "serving": serving, "api": api, "attack": attack, "overload": overload, "tls": tls, "transcode": transcode, "media": media,
         "playback": playback, "mail": mail, "console": console, "growth": growth}


def main():
    options = argparse.ArgumentParser(prog="bench")
    options.add_argument("--scale", type=float, default=1)
    options.add_argument("parts", nargs="*", metavar="PART", help=", ".join(PARTS))
    options = options.parse_args()
    growth.SCALE = options.scale
    wanted = options.parts or [name for name in PARTS if name != "growth"]
    for name in wanted:
        if name not in PARTS:
            raise SystemExit("bench: unknown part %s; use %s" % (name, ", ".join(PARTS)))
    with without_autogroups():
        for name in wanted:
            with tempfile.TemporaryDirectory() as folder:
                PARTS[name].measure(folder)


main()
