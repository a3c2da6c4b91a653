#!/usr/bin/python3
"""schema_history.py: for every commit that changed sql/schema, creates a database with the files of this commit, and one with those of all
later commits on top; migrates both with the binary, and compares them with a database that the binary has created from nothing. Needs the
complete history; takes some minutes.
tests/database/test_adoption.py does the same for the commits that changed the tables."""
import os
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.append(ROOT + "/tests/lib")

import past  # noqa: E402
from services import Postgres, run  # noqa: E402


def git(*words):
    return subprocess.run(["git", "-C", ROOT, *words], capture_output=True, text=True, check=True).stdout


def history():
    """Returns the files of sql/schema for the first commit of each version, oldest first."""
    found = {}
    for commit in git("log", "--reverse", "--format=%H", "--", "sql/schema").split():
        files = {}
        for line in git("ls-tree", commit + ":sql/schema").splitlines() if git("ls-tree", commit, "sql/schema") else []:
            files[line.split("\t")[1]] = git("cat-file", "blob", line.split()[2])
        if files and files not in found.values():
            found[commit[:7]] = files
    return found


def main():
    if git("rev-parse", "--is-shallow-repository").strip() == "true":
        print("skipped: the history is shallow (git fetch --unshallow)")
        return 0
    commits, postgres, bad = history(), Postgres(), 0
    server = postgres.connect("postgres")
    try:
        url, db = postgres.create_migrated()
        present = past.shape(db)
        for number, first in enumerate(commits):
            for later in ([], list(commits)[number + 1:]):
                url, db = postgres.create()
                past.apply(db, commits[first])
                past.fill(db)
                for commit in later:
                    past.apply(db, commits[commit])
                before = past.content(db)
                r = run("migrate", DATABASE_URL=url)
                differ = past.shape(db) ^ present
                gone = list(past.lost(before, past.content(db))) if r.returncode == 0 else []
                bad += bool(r.returncode or differ or gone)
                print(first, "and all later commits" if later else "", "FAILED" if r.returncode or differ or gone else "ok", *(sorted(differ)[:5] + gone), flush=True)
                db.close()
                past.rows(server, "DROP DATABASE %s" % url.rsplit("/", 1)[1])
        print("%d versions of sql/schema, %d failures" % (len(commits), bad))
    finally:
        postgres.close()
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
