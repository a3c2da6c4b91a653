"""wanzami doctor: a line for each thing that is needed, and what to change where something is wrong."""
import os

import pytest

from services import SECRETS, free_port, run


@pytest.fixture
def env(postgres, tmp_path):
    """A complete configuration with a database that is migrated and a local store; Valkey and mail are left out."""
    url, db = postgres.create()
    db.close()
    made = {**SECRETS, "DATABASE_URL": url, "MEDIA_DIR": str(tmp_path), "REDIS_URL": "redis://127.0.0.1:%d" % free_port()}
    r = run("migrate", **made)
    assert r.returncode == 0, r.stdout + r.stderr
    return made


def doctor(status, **env):
    """What it said by name: (level, detail); the first line of a name counts."""
    r = run("doctor", **env)
    assert r.returncode == status, r.stdout + r.stderr
    found = {}
    for line in r.stdout.splitlines():
        level, name, detail = line[:4].strip(), line[6:34].strip(), line[36:]
        assert level in ("ok", "warn", "bad") and detail, line
        found.setdefault(name, (level, detail))
    return found


def test_all_is_well(env, keyvalue, tmp_path):
    said = doctor(0, **{**env, "REDIS_URL": keyvalue.url})
    assert {name: level for name, (level, _) in said.items() if level == "bad"} == {}
    for name in ("configuration", "database", "database version", "database migrations", "database table rights", "database writable",
                 "clock against the database", "valkey", "store", "/dev/urandom"):
        assert said[name][0] == "ok", said[name]
    assert said["mail"] == ("warn", "off: SMTP_HOST, SMTP_USER and SMTP_PASS are not all set")
    assert not [f for _, _, files in os.walk(tmp_path) for f in files if "doctor" in f]


def test_a_configuration_that_no_start_would_accept(env):
    assert doctor(1, **{**env, "PORT": "x"})["configuration"] == ("bad", 'PORT is "x"; allowed is a whole number from 1 to 65535')
    assert "JWT_ACCESS_SECRET is too short" in doctor(1, **{**env, "JWT_ACCESS_SECRET": "short", "WANZAMI_ENV": "production"})["configuration"][1]
    assert doctor(1, **{**env, "DATABASE_URL": "mysql://x"})["configuration"][0] == "bad"


def test_a_database_that_is_not_ready(env, postgres):
    level, detail = doctor(1, **{**env, "DATABASE_URL": "postgresql://u@127.0.0.1:1/x"})["database"]
    assert level == "bad" and "Connection refused" in detail and "DATABASE_URL" in detail
    assert "no-such-host" in doctor(1, **{**env, "DATABASE_URL": "postgresql://u@no-such-host.invalid/x"})["database"][1]
    url, db = postgres.create()
    assert doctor(1, **{**env, "DATABASE_URL": url})["database migrations"] == ("bad", "none has been applied; run wanzami migrate")
    db.close()
    db = postgres.connect(env["DATABASE_URL"].rsplit("/", 1)[1])
    with db.cursor() as c:
        c.execute("DELETE FROM wanzami.migration WHERE name LIKE '0011%'")
        c.execute("DROP ROLE IF EXISTS weak")
        c.execute("CREATE ROLE weak LOGIN")
        c.execute("GRANT USAGE ON SCHEMA wanzami TO weak; GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA wanzami, public TO weak")
        c.execute('REVOKE DELETE ON "Title" FROM weak')
    said = doctor(1, **{**env, "DATABASE_URL": env["DATABASE_URL"].replace("postgres@", "weak@")})
    assert said["database migrations"] == ("bad", "missing: 0011_status.sql; run wanzami migrate")
    assert said["database table rights"] == ("bad", 'no SELECT, INSERT, UPDATE or DELETE on "Title"; GRANT them to weak')
    with db.cursor() as c:
        c.execute("DROP OWNED BY weak; DROP ROLE weak")
    db.close()


def test_servers_that_are_not_there(env, keyvalue):
    level, detail = doctor(0, **env)["valkey"]
    assert level == "warn" and "Connection refused" in detail and "REDIS_URL" in detail
    level, detail = doctor(0, **{**env, "REDIS_URL": keyvalue.url.replace("://", "://:wrong@")})["valkey"]
    assert level == "warn" and "AUTH" in detail.upper()
    mail = {"SMTP_USER": "u", "SMTP_PASS": "p"}
    level, detail = doctor(1, **{**env, **mail, "SMTP_HOST": "127.0.0.1", "SMTP_PORT": free_port()})["mail"]
    assert level == "bad" and "Connection refused; nothing listens there" in detail
    assert "DNS does not know no-such-host.invalid" in doctor(1, **{**env, **mail, "SMTP_HOST": "no-such-host.invalid"})["mail"][1]


def test_mail_that_lets_us_in_and_mail_that_does_not(env, mail):
    assert doctor(0, **{**env, **mail.env()})["mail"] == ("ok", "the server greets and has let us sign in")
    level, detail = doctor(1, **{**env, **mail.env(), "SMTP_PASS": "wrong"})["mail"]
    assert level == "bad" and "535" in detail and "SMTP_PASS" in detail
    assert mail.to("ada@example.com") == []


def test_a_store_that_refuses(env, store):
    bucket = store.bucket()
    s3 = {k: v for k, v in env.items() if k != "MEDIA_DIR"}
    said = doctor(0, **{**s3, **store.env(bucket)})
    assert said["store"][0] == "ok" and said["store server"][0] == "ok" and store.keys(bucket) == []
    level, detail = doctor(1, **{**s3, **store.env(bucket), "S3_SECRET_KEY": "wrong"})["store"]
    assert level == "bad" and "s3:PutObject" in detail
