"""How the kernel shares the processors among what a benchmark starts."""
import contextlib

AUTOGROUP = "/proc/sys/kernel/sched_autogroup_enabled"


@contextlib.contextmanager
def as_in_a_container():
    """Outside of containers Linux may give every session the same share, whatever the niceness of what is in it (sched(7)), and each of PostgreSQL's
    processes is a session: passwords that stand back would hold it up. Switched off meanwhile, where we may."""
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
        print("bench: sessions share the processors here, and niceness counts within one only; %s is not ours to change" % AUTOGROUP)
    try:
        yield
    finally:
        if grouped:
            with open(AUTOGROUP, "w") as f:
                f.write("1")
