"""Output of the benchmark: one line per figure, with its target."""
import statistics


def line(what, value, unit, aim, at_most, beside=""):
    """`aim` is the minimum, or with at_most the maximum."""
    met = value <= aim if at_most else value >= aim
    print("  %-58s %8.2f %-5s target: at %s %g%s%s" % (
        what, value, unit, "most" if at_most else "least", aim, "" if met else "  MISSED", "  (%s)" % beside if beside else ""), flush=True)


def in_turn(rounds, *measures):
    """Returns the median of each measure. The measures alternate, so that other load on the machine affects all of them alike."""
    results = [[m() for m in measures] for _ in range(rounds)]
    return [statistics.median(r) for r in zip(*results)]
