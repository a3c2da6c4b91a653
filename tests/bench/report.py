"""How the benchmark says what it measured: one line each, beside what was wanted."""
import statistics


def line(what, value, unit, aim, at_most, beside=""):
    """`aim` is the least, or with at_most the most, that is wanted."""
    met = value <= aim if at_most else value >= aim
    print("  %-58s %8.2f %-5s wanted: at %s %g%s%s" % (
        what, value, unit, "most" if at_most else "least", aim, "" if met else "  SHORT OF IT", "  (%s)" % beside if beside else ""), flush=True)


def in_turn(rounds, *measures):
    """The middle result of each of the measures. They take turns, so that what else the machine does meets all of them alike."""
    results = [[m() for m in measures] for _ in range(rounds)]
    return [statistics.median(r) for r in zip(*results)]
