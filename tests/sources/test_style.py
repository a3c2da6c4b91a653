"""clang-tidy with the checks of .clang-tidy."""
import concurrent.futures
import glob
import os
import subprocess

from services import ROOT

LIBRARIES = ("libpq", "bearssl", "jansson", "libjwt", "jsmn", "hiredis", "curl", "ffmpeg", "zlib")


def flags():
    deps = os.path.join(ROOT, "out", "deps")
    with open(deps + "/kore/features") as f:
        features = f.read().split()
    found = ["-std=gnu11", "-D_GNU_SOURCE", *features, "-Isrc", "-Iout/gen"]
    for name in ("kore",) + LIBRARIES:
        found += ["-isystem", "%s/%s/include" % (deps, name)]
    return found + ["-DUSE_SSL", "-isystem", deps + "/libpq/include/internal"]  # like the build of src/tls/pg_tls.c


def tidy(files):
    r = subprocess.run(["clang-tidy", "--quiet", *files, "--", *flags()], cwd=ROOT, capture_output=True, text=True, timeout=1200)
    return r.returncode, r.stdout


def test_clang_tidy_finds_nothing():
    files = sorted(os.path.relpath(f, ROOT) for f in glob.glob(ROOT + "/src/**/*.c", recursive=True))
    assert len(files) > 50
    shares = [files[n::16] for n in range(16)]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        outcomes = list(pool.map(tidy, shares))
    assert all(status == 0 for status, _ in outcomes), "".join(text for _, text in outcomes)
