"""What films that claim too much cost before they are refused: time and memory of each."""
import os
import subprocess
import time

import hostile
import services
from report import line


def measure(folder):
    print("\nmedia: hostile films, until they are refused")
    for name, make in hostile.FILMS.items():
        path = os.path.join(folder, "film")
        with open(path, "wb") as f:
            f.write(make())
        began = time.monotonic()
        p = subprocess.Popen([services.BINARY, "transcode", path, os.path.join(folder, "out")], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                             stderr=subprocess.PIPE, text=True)
        said = p.stderr.read().strip().split("\n")[-1]
        _, status, usage = os.wait4(p.pid, 0)
        p.returncode = os.waitstatus_to_exitcode(status)
        size = "%.1f KB" % (os.path.getsize(path) / 1e3)
        line(name + ": time", time.monotonic() - began, "s", 60, True, "%s; %s" % (size, said if p.returncode else "a film"))
        line(name + ": memory", usage.ru_maxrss / 1024, "MB", 1000, True, "%.1f s of processor time" % (usage.ru_utime + usage.ru_stime))
