#!/usr/bin/python3
"""The benchmark: speed and size, measured beside another program in the same run.
usage: bench.py [footprint|serving|api|attack|overload|tls|transcode|media|playback]… (default: all). No other load should run on the machine."""
import os
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "lib"))
sys.dont_write_bytecode = True

import api  # noqa: E402
import attack  # noqa: E402
import footprint  # noqa: E402
import media  # noqa: E402
import overload  # noqa: E402
import playback  # noqa: E402
import serving  # noqa: E402
import tls  # noqa: E402
import transcode  # noqa: E402
from scheduler import without_autogroups  # noqa: E402

PARTS = {"footprint": footprint, "serving": serving, "api": api, "attack": attack, "overload": overload, "tls": tls, "transcode": transcode, "media": media,
         "playback": playback}


def main():
    wanted = sys.argv[1:] or list(PARTS)
    for name in wanted:
        if name not in PARTS:
            raise SystemExit("bench: unknown part %s; use %s" % (name, ", ".join(PARTS)))
    with without_autogroups():
        for name in wanted:
            with tempfile.TemporaryDirectory() as folder:
                PARTS[name].measure(folder)


main()
