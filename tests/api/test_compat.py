"""All recorded responses of the previous service. Needs the compat harness beside the repository (or in $COMPAT_DIR); without it these tests
are skipped."""
import os
import shutil
import subprocess

import pytest

from conftest import BINARY, ROOT, free_port, run

COMPAT = os.environ.get("COMPAT_DIR") or os.path.join(os.path.dirname(ROOT), "shared", "compat")


@pytest.mark.skipif(not os.path.exists(os.path.join(COMPAT, "run.mjs")), reason="no compat harness here")
@pytest.mark.skipif(shutil.which("node") is None, reason="no Node.js here")
def test_responses_match_the_recorded_ones(tmp_path, appliance):
    base = free_port()
    folder = str(tmp_path)
    os.chmod(folder, 0o755)
    for parent in tmp_path.parents:
        if parent.name.startswith(("pytest-", "popen-")):
            os.chmod(parent, 0o755)  # PostgreSQL runs as another user, who must be able to read the folder
    deps = [os.path.join(COMPAT, "tools", "deps.sh")]
    subprocess.run(["bash", *deps, "start", folder, str(base)], check=True, stdout=subprocess.DEVNULL, timeout=120)
    try:
        shown = subprocess.run(["bash", "-c", ". %s/env.sh && env -0" % folder], capture_output=True, text=True, check=True, env={}).stdout
        env = dict(pair.split("=", 1) for pair in shown.split("\0") if "=" in pair)
        env = {k: v for k, v in env.items() if k not in ("PATH", "PWD", "SHLVL", "_")}
        assert run("migrate", **env).returncode == 0
        a = appliance(roles="api,transcode", **env).wait_healthy()
        r = subprocess.run(["node", os.path.join(COMPAT, "run.mjs"), "--cron-cmd", BINARY + " --role cron"], env={**os.environ, **env},
                           capture_output=True, text=True, timeout=1500)
        assert r.returncode == 0, r.stdout + r.stderr
        assert a.healthy()
    finally:
        subprocess.run(["bash", *deps, "stop", folder, str(base)], stdout=subprocess.DEVNULL, timeout=60)
