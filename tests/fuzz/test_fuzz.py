"""Parsers of external input under libFuzzer with AddressSanitizer and UBSan: a short run each, always with the same seed.
For a longer one: make -f build/Makefile TARGET=fuzz out/test/fuzz/fuzz/NAME; out/test/fuzz/fuzz/NAME FOLDER tests/fuzz/corpus/NAME"""
import glob
import os
import subprocess

import pytest

from conftest import build

HERE = os.path.dirname(os.path.abspath(__file__))
NAMES = sorted({os.path.basename(p)[:-2] for p in glob.glob(os.path.join(HERE, "*.c"))} - {"certificates"})  # tests/tls/test_fuzz_tls.py
RUNS = 20000
FEWER = {"media": 1000}  # an input takes milliseconds


@pytest.mark.parametrize("name", NAMES)
def test_a_libfuzzer_run_finds_nothing(name, tmp_path):
    """libFuzzer finds no input that violates the assertions of the program."""
    r = subprocess.run([build("fuzz/" + name, "fuzz"), "-seed=1", "-runs=%d" % FEWER.get(name, RUNS), "-max_total_time=20", "-max_len=4096", "-rss_limit_mb=2048",
                        "-artifact_prefix=%s/" % tmp_path, str(tmp_path), os.path.join(HERE, "corpus", name)],
                       capture_output=True, text=True, errors="replace", timeout=300, env={**os.environ, "ASAN_OPTIONS": "detect_leaks=1"})
    assert r.returncode == 0, r.stderr[-6000:]
    assert "INITED" in r.stderr
