"""clang-tidy with the checks of .clang-tidy. It takes about nine minutes of processor time for all files, nearly all of it in the analyzer. So the cache of
third-party builds has an empty file for each source that passed, named by a hash of everything that clang-tidy reads for it; a source whose
file is there is not checked again."""
import concurrent.futures
import glob
import hashlib
import os
import shutil
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
    if r.returncode < 0 and len(files) > 1:  # a crash of libclang, which a process with fewer files does not have
        found = [tidy([file]) for file in files]
        return max((status for status, _ in found), key=abs), "".join(text for status, text in found if status != 0)
    return r.returncode, r.stdout


def passed():
    """Returns the folder for the sources that have passed, in the cache of build/deps.sh."""
    cache = os.environ.get("WANZAMI_CACHE") or os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "wanzami")
    os.makedirs(cache + "/tidy", exist_ok=True)
    return cache + "/tidy"


def key(file, common):
    """Returns a hash of the program, its checks, the flags, and each file that the source includes, with its path."""
    r = subprocess.run(["clang", *flags(), "-M", "-MT", "x", file], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60)
    whole = common.copy()
    for path in r.stdout.replace("\\\n", " ").split()[1:]:
        with open(os.path.join(ROOT, path), "rb") as f:
            whole.update(b"%s\0%s" % (path.encode(), hashlib.sha256(f.read()).digest()))
    return whole.hexdigest()


def keys(files):
    """Returns a dictionary from each source to its key."""
    version = subprocess.run(["clang-tidy", "--version"], capture_output=True, check=True, timeout=60).stdout
    with open(os.path.join(ROOT, ".clang-tidy"), "rb") as f:
        common = hashlib.sha256(b"\0".join([version, f.read(), *(flag.encode() for flag in flags())]))
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        return dict(zip(files, pool.map(lambda file: key(file, common), files)))


def check(files, folder):
    """Checks those of the files that have not passed as they are now. Returns the findings."""
    names = keys(files)
    left = [file for file in files if not os.path.exists(os.path.join(folder, names[file]))]
    shares = [share for share in (left[n::16] for n in range(16)) if share]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        outcomes = list(pool.map(tidy, shares))
    for share, (status, _) in zip(shares, outcomes):
        for file in share if status == 0 else ():
            open(os.path.join(folder, names[file]), "w").close()
    return "".join(text or "clang-tidy ended with %d" % status for status, text in outcomes if status != 0)


def test_clang_tidy_finds_nothing():
    files = sorted(os.path.relpath(f, ROOT) for f in glob.glob(ROOT + "/src/**/*.c", recursive=True))
    assert len(files) > 50
    assert check(files, passed()) == ""


def test_a_source_is_checked_again_after_any_change(tmp_path):
    """A finding is never remembered, and a change of a header counts for the sources that include it."""
    source, header, folder = tmp_path / "a.c", tmp_path / "a.h", tmp_path / "passed"
    folder.mkdir()
    shutil.copy(ROOT + "/.clang-tidy", tmp_path)
    source.write_text('#include "a.h"\nint\ndivided(int n)\n{\n\treturn (n / BY);\n}\n')
    header.write_text("enum { BY = 1 };\nint divided(int);\n")
    assert check([str(source)], str(folder)) == "" and len(list(folder.iterdir())) == 1
    header.write_text("enum { BY = 0 };\nint divided(int);\n")
    for _ in range(2):
        assert "[clang-analyzer-core.DivideZero" in check([str(source)], str(folder))
    header.write_text("enum { BY = 1 };\nint divided(int);\n")
    assert check([str(source)], str(folder)) == "" and len(list(folder.iterdir())) == 1
