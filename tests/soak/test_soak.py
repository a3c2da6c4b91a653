"""A minute of what ./build.sh soak does for as long as one likes (docs/soak.md): each kind of fault that loses most when it loses anything, under
load. Only what was lost or done twice counts here; memory and times are for the long one."""
import os
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, ROOT + "/bench")

from faults import FAULTS  # noqa: E402
from soak import Soak  # noqa: E402

KINDS = ("API worker killed", "transcode worker killed", "PostgreSQL restarted", "Valkey wiped", "store paused for 5 s", "100 clients hang up", "rolling restart")


def test_nothing_is_lost_or_done_twice(tmp_path):
    soak = Soak(str(tmp_path), 45, [f for f in FAULTS if f.name in KINDS], measured=False).run()
    assert soak.bad == []
    assert {f.name for f, _, _ in soak.faults.done} >= {"rolling restart"} and soak.crowd.ledger.count() > 100
