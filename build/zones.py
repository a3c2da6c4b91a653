#!/usr/bin/python3
"""Prints assets/zones: the name of each time zone of the machine's tzdata with its current rules as a POSIX TZ string.
If rules cannot express a zone (such as one that follows the lunar calendar), explicit changes follow, as UNIX-TIME:SECONDS-EAST.
usage: build/zones.py > assets/zones, after an update of tzdata."""
import datetime
import io
import struct
import zoneinfo

FOLDER = "/usr/share/zoneinfo/"
SINCE = int(datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc).timestamp())


def read(name):
    """Return the changes after SINCE as (time, offset), and the TZ string of the footer (RFC 9636)."""
    with open(FOLDER + name, "rb") as f:
        data = f.read()
    for size in (4, 8):
        isut, isstd, leap, times, types, chars = struct.unpack(">6l", data[20:44])
        body, data = data[44:], data[44 + times * (size + 1) + types * 6 + chars + leap * (size + 4) + isstd + isut:]
    whens = struct.unpack(">%dq" % times, body[:8 * times])
    kinds = body[8 * times:9 * times]
    offsets = [struct.unpack(">l", body[9 * times + 6 * i:][:4])[0] for i in range(types)]
    return [(t, offsets[k]) for t, k in zip(whens, kinds) if t >= SINCE], data.strip(b"\n").decode()


def rules_only(tz):
    """Return a zone that has these rules and no explicit changes."""
    head = b"TZif2" + bytes(15) + struct.pack(">6l", 0, 0, 0, 0, 1, 1)
    one = struct.pack(">lbb", 0, 0, 0) + b"\0"
    return zoneinfo.ZoneInfo.from_file(io.BytesIO(head + one + head + one + b"\n" + tz.encode() + b"\n"))


def line(name):
    changes, tz = read(name)
    by_rule = rules_only(tz)
    offset = lambda t: int(datetime.datetime.fromtimestamp(t, by_rule).utcoffset().total_seconds())
    if all(offset(t) == o for t, o in changes):
        return "%s %s" % (name, tz)
    return "%s %s %s" % (name, tz, ",".join("%d:%d" % change for change in changes))


def main():
    with open(FOLDER + "tzdata.zi") as f:
        print("#", f.readline().strip("# \n"))
    for name in sorted(zoneinfo.available_timezones()):
        if not name.startswith(("posix", "right")) and name not in ("localtime", "Factory"):
            print(line(name))


main()
