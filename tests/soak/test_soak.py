"""One minute of the soak test (docs/soak.md) with the kinds of faults that can lose most. Checks only for lost and duplicated work; the long
run also measures memory and times."""
import os
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, ROOT + "/bench")

from faults import FAULTS  # noqa: E402
from soak import Soak  # noqa: E402

KINDS = ("API worker killed", "transcode worker killed", "PostgreSQL restarted", "Valkey wiped", "store paused for 5 s", "100 clients hang up", "rolling restart")


def test_no_work_is_lost_or_duplicated(tmp_path):
    soak = Soak(str(tmp_path), 45, [f for f in FAULTS if f.name in KINDS], measured=False).run()
    assert soak.bad == []
    assert {f.name for f, _, _ in soak.faults.done} >= {"rolling restart"} and soak.crowd.ledger.count() > 100
