"""A long film in Chromium and in Firefox over a slow connection: the number of bytes before the first frame and for a seek far ahead, and playback to
the end, beside a plain MP4. A film of a few seconds cannot show this, because a browser reads all of it at once."""
import os

import pytest

from browsers import BROWSERS
from conftest import build
from longfilm import FILMS, LAP, make, show

LAPS = 28  # half an hour
TRIES = 3  # the minimum counts: a busy machine can only add bytes
MARGIN = 1_000_000  # bytes that may be in flight when a browser closes a connection


@pytest.fixture(scope="module")
def films(tmp_path_factory):
    folder = str(tmp_path_factory.mktemp("films"))
    make(folder, LAPS, build("tools/renditions"))
    assert os.path.getsize(os.path.join(folder, FILMS[0])) > 20_000_000
    return folder


@pytest.fixture(scope="module", params=BROWSERS)
def report(request, films, tmp_path_factory):
    return show(films, request.param, TRIES, str(tmp_path_factory.mktemp("browser")))


def least(report, what, number):
    """Returns the smallest number of all tries, of our film and of the plain one."""
    return [min(one[number] for one in report[what][film]) for film in FILMS]


def test_the_first_frame_needs_little_of_a_long_film(report):
    ours, plain = least(report, "first", "bytes")
    assert ours <= max(1.5 * plain, MARGIN), report


def test_a_far_seek_needs_what_it_needs_in_a_plain_file(report):
    ours, plain = least(report, "seeks", "bytes")
    assert ours <= max(1.5 * plain, MARGIN), report
    ours, plain = least(report, "seeks", "requests")
    assert ours <= plain + 1, report


def test_a_long_film_plays_to_its_end(report):
    seconds, (ours, plain) = LAPS * LAP, [report["watched"][film] for film in FILMS]
    seen = ours["seen"]
    assert seen["duration"] == pytest.approx(seconds, abs=0.2) and seen["end"] == pytest.approx(seconds, abs=0.2)
    assert seen["start"] < 60 and seen["middle"] >= seconds / 2 and 4 <= seen["back"] < 60, seen
    assert ours["bytes"] <= 1.5 * plain["bytes"] + MARGIN and ours["requests"] <= plain["requests"] + 3, report
