"""How the kernel shares the processors among the processes of a benchmark."""
import contextlib

AUTOGROUP = "/proc/sys/kernel/sched_autogroup_enabled"


@contextlib.contextmanager
def without_autogroups():
    """Outside of containers Linux may give every session the same share and apply niceness within a session only (autogroups, sched(7)). Each
    PostgreSQL process is a session, so low-priority password hashing would delay it. Disables autogroups during the block, if permitted."""
    try:
        with open(AUTOGROUP) as f:
            grouped = f.read().strip() == "1"
        if grouped:
            with open(AUTOGROUP, "w") as f:
                f.write("0")
    except FileNotFoundError:
        grouped = False
    except OSError:
        grouped = False
        print("bench: autogroups are enabled, so niceness applies within a session only; no permission to write %s" % AUTOGROUP)
    try:
        yield
    finally:
        if grouped:
            with open(AUTOGROUP, "w") as f:
                f.write("1")
