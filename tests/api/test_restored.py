"""A dump and a restore as docs/backup.md describes them, `wanzami restored`, and `wanzami doctor --objects`."""
import os
import pathlib
import re
import subprocess

import pki
import services
from services import ROOT, SECRETS, clean_environment, run
from test_auth import login, user


def commands(section, number):
    """Returns a block of commands of a section of docs/backup.md."""
    text = (pathlib.Path(ROOT) / "docs/backup.md").read_text().split("\n## %s\n" % section)[1].split("\n## ")[0]
    blocks = re.findall(r"(?:^    .*\n)+", text, re.M)
    return "".join(line[4:] + "\n" for line in blocks[number].splitlines())


def shell(script, folder, status=0, **env):
    os.makedirs(folder / "bin", exist_ok=True)
    program = folder / "bin/wanzami"
    program.write_text('#!/bin/sh\nexec %s "$@"\n' % " ".join([*services.EMULATOR, *services.VALGRIND, services.BINARY]))
    program.chmod(0o755)
    environment = clean_environment(**{**SECRETS, **env})
    environment["PATH"] = "%s:%s" % (folder / "bin", os.environ["PATH"])
    r = subprocess.run(["bash", "-euc", script], cwd=folder, env=environment, capture_output=True, text=True, timeout=300)
    assert r.returncode == status, r.stdout + r.stderr
    return r.stdout


def add_film(db, media, name):
    """Adds a title with a READY rendition and its object. Returns the ids of the title and the key."""
    db.execute("""INSERT INTO "Title" (type, name, "updatedAt") VALUES ('MOVIE', %s, now()) RETURNING id""", (name,))
    title, key = db.fetchone()[0], "vod/%s/r720.mp4" % name
    db.execute("""INSERT INTO "AssetVersion" ("titleId", rendition, url, status, "updatedAt") VALUES (%s, 'R720', 's3://local/' || %s, 'READY', now())""",
               (title, key))
    path = media / "objects" / key
    path.parent.mkdir(parents=True)
    path.write_bytes(b"film")
    return title, key


def test_a_restored_database_by_the_page(postgres, appliance, tmp_path):
    url, connection = postgres.create_migrated()
    media = tmp_path / "media"
    media.mkdir()
    env = {"DATABASE_URL": url + "?schema=public&connection_limit=5", "MEDIA_DIR": str(media)}
    a = appliance(roles="api", WORKERS=1, **env).wait_healthy()
    a.db = connection.cursor()
    user(a)
    early = login(a).json()["accessToken"]
    title, key = add_film(a.db, media, "kept")
    _, gone = add_film(a.db, media, "gone")
    a.db.execute("INSERT INTO wanzami.mail_outbox (to_address, template, vars) VALUES ('a@example.com', 'welcome', '{}')")
    shell(commands("Without AWS", 0), tmp_path, **env)
    # After the dump: an account with a session, and films that are deleted and added.
    lost = user(a, "lost@example.com")
    token = login(a, "lost@example.com").json()["accessToken"]
    assert a.get("/api/auth/me", token=token).json()["user"]["email"] == "lost@example.com"
    lost_title, _ = add_film(a.db, media, "later")
    (media / "objects" / key).unlink()
    (tmp_path / "backup/media/objects" / gone).unlink()
    (media / "objects" / gone).unlink()
    again, other = postgres.create()
    assert "nothing was changed: processes of the service have" in run("restored", **{**SECRETS, **env}).stderr
    a.close()
    env["DATABASE_URL"] = again
    out = shell(commands("Without AWS", 1), tmp_path, status=1, **env)
    assert re.search(r"^ids +\d\d sequences skip", out, re.M) and re.search(r"^sessions +1 ended", out, re.M), out
    assert re.search(r"^mail +1 waiting mails are held", out, re.M)
    assert re.findall(r"^missing +(.*)$", out, re.M) == ["%s (rendition R720 of title %d)" % (gone, title + 1)]
    assert "objects     1 of 2 that rows name are missing" in out
    b = appliance(roles="api", WORKERS=1, **env).wait_healthy()
    b.db = other.cursor()
    assert {t: b.get("/api/auth/me", token=t).status_code for t in (early, token)} == {early: 401, token: 401}
    # Nobody gets the number of a lost row.
    assert user(b, "next@example.com") > lost + 1000 and add_film(b.db, media, "next")[0] > lost_title + 1000
    assert login(b, "next@example.com").status_code == 200 and b.get("/api/auth/me", token=token).status_code == 401
    b.db.execute("SELECT sent_at, failed_at, next_attempt_at = 'infinity' FROM wanzami.mail_outbox")
    assert b.db.fetchall() == [(None, None, True)]
    b.db.execute("SELECT value FROM wanzami.status() WHERE name = 'held by wanzami restored'")
    assert b.db.fetchall() == [("1, see docs/mail.md",)]
    b.db.execute("UPDATE wanzami.mail_outbox SET created_at = now() - interval '9 days'")
    assert run("job", "run", "mail-cleanup", **{**SECRETS, **env}).returncode == 0
    b.db.execute("SELECT count(*) FROM wanzami.mail_outbox WHERE failed_at IS NULL")
    assert b.db.fetchall() == [(1,)]


def test_objects_that_rows_name_are_looked_for(postgres, store, tmp_path):
    url, connection = postgres.create_migrated()
    db, bucket = connection.cursor(), store.bucket()
    db.execute("""INSERT INTO "Title" (type, name, "posterUrl", "thumbnailUrl", "updatedAt") VALUES
        ('MOVIE', 'A', 's3://' || %s || '/poster/1.jpg', 'https://elsewhere.example/poster/1767225600000-00000000-0000-0000-0000-000000000000', now())
        RETURNING id""", (bucket,))
    title = db.fetchone()[0]
    db.execute("""INSERT INTO "AssetVersion" ("titleId", rendition, url, status, "updatedAt") VALUES (%s, 'R720', 's3://' || %s || '/vod/1/a.mp4', 'READY', now()),
        (%s, 'R1080', 's3://x/vod/1/b.mp4', 'PROCESSING', now())""", (title, bucket, title))
    env = {**SECRETS, "DATABASE_URL": url, **store.env(bucket)}

    def audit():
        return re.findall(r"^(\w+) +objects? (?:missing|of rows) +(.*)$", run("doctor", "--objects", **env).stdout, re.M)

    assert audit() == [("bad", "poster/1.jpg (artwork of title %d)" % title), ("bad", "vod/1/a.mp4 (rendition R720 of title %d)" % title),
                       ("bad", "2 of 2 are missing; docs/backup.md says how to get them back")]
    for key in ("poster/1.jpg", "vod/1/a.mp4"):
        store.client().put_object(Bucket=bucket, Key=key, Body=b"x")
    assert audit() == [("ok", "all 2 are there")]
    assert "objects of rows" not in run("doctor", **env).stdout


def test_the_url_for_libpq_is_understood_by_psql(pg_server, tmp_path):
    root = pki.Authority(str(tmp_path))
    pg_server.wear(root.issue("localhost"))
    with open(root.alone) as f:
        pem = f.read()
    url = "postgresql://postgres@localhost:%d/postgres?schema=public&sslmode=verify-full&connection_limit=3" % pg_server.port
    script = 'psql -Atc "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()" "$(wanzami database url --libpq "the ca.pem")"'
    assert shell(script, tmp_path, DATABASE_URL=url, DATABASE_CA_PEM=pem.replace("\n", "\\n")) == "t\n"
    for more, printed in (("", ""), ("?schema=x", ""), ("?sslmode=require", "?sslmode=require"), ("?sslmode=verify-ca", "?sslmode=verify-ca&sslrootcert=system")):
        assert run("database", "url", "--libpq", DATABASE_URL="postgresql://u:p%40@h/d" + more, **SECRETS).stdout == "postgresql://u:p%40@h/d" + printed + "\n"
    r = run("database", "url", "--libpq", DATABASE_URL=url, DATABASE_CA_PEM=pem, **SECRETS)
    assert r.returncode == 1 and "name a file for the certificates of DATABASE_CA_PEM" in r.stderr
    assert run("database", "url", DATABASE_URL=url, **SECRETS).returncode == 1
