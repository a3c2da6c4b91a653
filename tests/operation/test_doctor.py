"""`wanzami doctor`: one line per check, and a hint if the check fails."""
import glob
import http.server
import os
import re
import threading

import pytest

import pki
import postfix
from accounts import Account
from credentials import Credentials
from services import EMULATOR, ROOT, SECRETS, ObjectStore, Postgres, free_port, run, wait_for
from smtp_script import SmtpScript
from tlsserver import Echo, forward_to

# Mark of tests that start the service.
SERVICE = pytest.mark.skipif(bool(EMULATOR), reason="workers have no sandbox in an emulated process; tests/arm64 runs them in a machine")


@pytest.fixture
def env(postgres, tmp_path):
    """A complete configuration with a migrated database and local object storage, without Valkey and mail."""
    url, db = postgres.create_migrated()
    db.close()
    return {**SECRETS, "DATABASE_URL": url, "MEDIA_DIR": str(tmp_path), "REDIS_URL": "redis://127.0.0.1:%d" % free_port()}


def doctor(status, *arguments, **env):
    """Returns the first line of each check as {name: (level, detail)}."""
    r = run("doctor", *arguments, **env)
    assert r.returncode == status, r.stdout + r.stderr
    found = {}
    for line in r.stdout.splitlines():
        level, name, detail = line[:4].strip(), line[6:34].strip(), line[36:]
        assert level in ("ok", "warn", "bad") and detail, line
        found.setdefault(name, (level, detail))
    return found


def logged(a, message):
    """Returns the log lines with that message as soon as there are some."""
    return wait_for(lambda: [line for line in a.log_lines() if line.get("msg") == message], message)


def test_all_checks_pass(env, keyvalue, tmp_path):
    said = doctor(0, **{**env, "REDIS_URL": keyvalue.url})
    assert {name: level for name, (level, _) in said.items() if level == "bad"} == {}
    for name in ("configuration", "database", "database version", "database migrations", "database functions", "database table rights",
                 "database writable", "clock against the database", "valkey", "object storage", "/dev/urandom"):
        assert said[name][0] == "ok", said[name]
    assert said["mail"] == ("warn", "off: set SMTP_HOST, SMTP_USER and SMTP_PASS to send mail")
    assert not [f for _, _, files in os.walk(tmp_path) for f in files if "doctor" in f]


def test_an_invalid_configuration_fails(env):
    assert doctor(1, **{**env, "PORT": "x"})["configuration"] == ("bad", 'PORT is "x"; allowed: a whole number from 1 to 65535')
    assert "JWT_ACCESS_SECRET is too short" in doctor(1, **{**env, "JWT_ACCESS_SECRET": "short", "WANZAMI_ENV": "production"})["configuration"][1]
    assert doctor(1, **{**env, "DATABASE_URL": "mysql://x"})["configuration"][0] == "bad"


@pytest.mark.parametrize("days, level, begin", [(90, "ok", "valid until "), (29, "warn", "ends on "), (-1, "bad", "expired on ")])
def test_a_certificate_that_ends_soon_is_reported(env, tmp_path, days, level, begin):
    leaf = pki.Authority(str(tmp_path), days=(-100, 100)).issue("localhost", days=(-50, days))
    said = doctor(1 if level == "bad" else 0, **env, TLS_CERT_FILE=leaf.chain, TLS_KEY_FILE=leaf.key)["certificate of the API"]
    assert said[0] == level and said[1].startswith(begin)


def test_what_is_hard_to_see_in_a_value_is_reported(env):
    hidden = {"SMTP_HOST": ("mail\r", "has a carriage return (CR)"), "APP_ORIGIN": ("\ufeffhttps://a.example", "begins with a byte order mark (BOM)"),
              "SMTP_PASS": ('"x"', "is in quotes, which are part of the value"), "SUPPORT_EMAIL": ("a@example.com ", "begins or ends with a space"),
              "EMBEDDING_API_KEY": ("x\n", "has a line end or another control character")}
    said = doctor(1, **env, **{name: value for name, (value, _) in hidden.items() if name != "APP_ORIGIN"}, APP_ORIGIN="https://a.example")
    assert {name: said.get(name) for name in hidden if name != "APP_ORIGIN"} == {name: ("warn", "the value %s; remove it" % what) for name, (_, what) in hidden.items() if name != "APP_ORIGIN"}
    said = doctor(1, **env, APP_ORIGIN=hidden["APP_ORIGIN"][0])
    assert "and begins with a byte order mark (BOM); allowed: http(s)://host[:port]" in said["configuration"][1]
    assert doctor(1, **env, WORKERS="2\r")["configuration"] == ("bad", 'WORKERS is "2" and has a carriage return (CR); allowed: a whole number from 0 to 64')


def test_a_database_that_is_not_migrated_fails(env, postgres):
    level, detail = doctor(1, **{**env, "DATABASE_URL": "postgresql://u@127.0.0.1:1/x"})["database"]
    assert level == "bad" and "Connection refused" in detail and "DATABASE_URL" in detail
    assert "no-such-host" in doctor(1, **{**env, "DATABASE_URL": "postgresql://u@no-such-host.invalid/x"})["database"][1]
    url, db = postgres.create()
    assert doctor(1, **{**env, "DATABASE_URL": url})["database migrations"] == ("bad", "none is applied; run wanzami migrate")
    db.close()
    db = postgres.connect(env["DATABASE_URL"].rsplit("/", 1)[1])
    with db.cursor() as c:
        c.execute("DELETE FROM wanzami.migration WHERE name LIKE '0002%'")
        c.execute("DROP ROLE IF EXISTS weak")
        c.execute("CREATE ROLE weak LOGIN")
        c.execute("GRANT USAGE ON SCHEMA wanzami TO weak; GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA wanzami, public TO weak")
        c.execute('REVOKE DELETE ON "Title" FROM weak')
    said = doctor(1, **{**env, "DATABASE_URL": env["DATABASE_URL"].replace("postgres@", "weak@")})
    assert said["database migrations"] == ("bad", "missing: 0002_indexes.sql; run wanzami migrate")
    assert said["database table rights"] == ("bad", 'no SELECT, INSERT, UPDATE or DELETE on "Title"; GRANT them to weak')
    level, detail = said["database sequence rights"]
    assert level == "bad" and '"User_id_seq"' in detail and detail.endswith("; GRANT USAGE, SELECT on all sequences to weak")
    level, detail = said["database migrate rights"]
    assert level == "warn" and "GRANT CREATE ON DATABASE" in detail and "make it a member of the owner of " in detail and "functions of wanzami" in detail
    with db.cursor() as c:
        c.execute("GRANT USAGE ON ALL SEQUENCES IN SCHEMA wanzami, public TO weak")
        c.execute("ALTER ROLE weak SET default_transaction_read_only = on")
        level, detail = doctor(1, **{**env, "DATABASE_URL": env["DATABASE_URL"].replace("postgres@", "weak@")})["database"]
        assert level == "bad" and "default_transaction_read_only must be off" in detail
        c.execute("ALTER ROLE weak RESET default_transaction_read_only")
        said = doctor(1, **{**env, "DATABASE_URL": env["DATABASE_URL"].replace("postgres@", "weak@")})
        assert said["database sequence rights"] == ("ok", "every sequence can be used")
        c.execute("DROP OWNED BY weak; DROP ROLE weak")
    db.close()


def test_a_database_that_refuses_to_write_is_one_line_with_the_cause(env, postgres):
    name = env["DATABASE_URL"].rsplit("/", 1)[1]
    any_server = {**env, "DATABASE_URL": env["DATABASE_URL"] + "?target_session_attrs=any"}  # doctor would not connect
    db = postgres.connect(name)
    with db.cursor() as c:
        c.execute("ALTER DATABASE %s SET default_transaction_read_only = on" % name)
        said = doctor(1, **any_server)
        assert said["database writable"] == ("bad", "no, default_transaction_read_only is on (from: database); it must be off for postgres in this database")
        assert [check for check, (level, _) in said.items() if level == "bad"] == ["database writable"] and "database write" not in said
        c.execute("ALTER DATABASE %s RESET default_transaction_read_only" % name)
        c.execute("CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION USING errcode = '53100', message = 'no space'; END $$")
        c.execute("CREATE TRIGGER refuse BEFORE INSERT OR UPDATE ON wanzami.write_probe FOR EACH STATEMENT EXECUTE FUNCTION refuse()")
        assert doctor(1, **env)["database writable"] == ("bad", "no, no space; give the database more storage")
        c.execute("DROP TRIGGER refuse ON wanzami.write_probe")
    assert doctor(0, **env)["database writable"] == ("ok", "yes, a row was written")
    db.close()


def test_a_schema_without_tables_fails(env):
    said = doctor(1, **{**env, "DATABASE_URL": env["DATABASE_URL"] + "?schema=other"})
    assert said["database schema"] == ("bad", "no tables in other; they are in public, set schema=public in DATABASE_URL")
    assert doctor(0, **env)["database schema"] == ("ok", "public")


def test_the_rights_that_the_page_names_suffice_for_migrate_and_the_service(postgres, env):
    """docs/database.md, the section Rights."""
    text = open(ROOT + "/docs/database.md").read().split("\n## Rights\n")[1].split("\n## ")[0]
    first, then = re.findall(r"(?:^    .*\n)+", text, re.M)
    url, db = postgres.create()
    name = url.rsplit("/", 1)[1]
    with db.cursor() as c:
        c.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
        c.execute(first.replace("DATABASE wanzami", "DATABASE " + name).replace("'…'", "'x'"))
        try:
            owner, service = ({**env, "DATABASE_URL": url.replace("postgres@", role + "@")} for role in ("wanzami_owner", "wanzami_service"))
            assert run("migrate", **owner).returncode == 0
            assert doctor(0, **owner)["database migrate rights"] == ("ok", "wanzami migrate may run as wanzami_owner")
            c.execute("SET ROLE wanzami_owner; " + then + "; RESET ROLE")
            said = doctor(0, **service)
            assert {said["database " + what][0] for what in ("table rights", "sequence rights", "schema")} == {"ok"} and said["database migrate rights"][0] == "warn"
        finally:
            for role in ("wanzami_service", "wanzami_owner"):
                c.execute("DROP OWNED BY %s CASCADE" % role)
                c.execute("DROP ROLE " + role)
    db.close()


def test_a_mistyped_directory_is_not_created(env, tmp_path):
    wrong = str(tmp_path / "no" / "media")
    for path in (wrong, str(tmp_path / "mistyped")):
        assert doctor(1, **{**env, "MEDIA_DIR": path})["configuration"] == (
            "bad", "MEDIA_DIR %s: No such file or directory; create it, or correct the path" % path)
        assert run("restored", **{**env, "MEDIA_DIR": path}).stderr.startswith("wanzami: MEDIA_DIR " + path) and not os.path.exists(path)


def test_a_database_of_another_release_fails(env, postgres):
    """Migrations changed after they were applied, functions with another text, and a database without recorded hashes."""
    db = postgres.connect(env["DATABASE_URL"].rsplit("/", 1)[1])
    with db.cursor() as c:
        c.execute("UPDATE wanzami.migration SET sha256 = 'x' WHERE name = '0001_baseline.sql'")
        c.execute("UPDATE wanzami.routine SET sha256 = 'x' WHERE file = 'values/trim.sql'")
        said = doctor(1, **env)
        assert said["database migrations"] == ("bad", "changed since they were applied: 0001_baseline.sql; "
                                               "run the release whose files were applied, or restore them")
        assert said["database functions"] == ("bad", "not of this release: values/trim.sql; run wanzami migrate")
        c.execute("UPDATE wanzami.migration SET sha256 = encode(sha256(%s), 'hex') WHERE name = '0001_baseline.sql'",
                  (open(ROOT + "/sql/migrations/0001_baseline.sql", "rb").read(),))
        c.execute("UPDATE wanzami.routine SET release = '1000.0.0'")
        said = doctor(0, **env)
        assert said["database migrations"] == ("ok", "all there")
        assert said["database functions"] == ("ok", "of a newer release, which keeps those that this one calls")
        c.execute("ALTER TABLE wanzami.migration DROP COLUMN sha256")
    assert doctor(1, **env)["database migrations"] == ("bad", "the database belongs to an older release; run wanzami migrate")
    db.close()


def test_unreachable_servers_fail(env, keyvalue):
    level, detail = doctor(0, **env)["valkey"]
    assert level == "warn" and "Connection refused" in detail and "REDIS_URL" in detail
    level, detail = doctor(0, **{**env, "REDIS_URL": keyvalue.url.replace("://", "://:wrong@")})["valkey"]
    assert level == "warn" and "AUTH" in detail.upper()
    mail = {"SMTP_USER": "u", "SMTP_PASS": "p"}
    level, detail = doctor(1, **{**env, **mail, "SMTP_HOST": "127.0.0.1", "SMTP_PORT": free_port()})["mail"]
    assert level == "bad" and "Connection refused; no process listens on this port" in detail
    assert "host not found: no-such-host.invalid" in doctor(1, **{**env, **mail, "SMTP_HOST": "no-such-host.invalid"})["mail"][1]


def test_mail_authentication_passes_or_fails(env, mail):
    assert doctor(0, **{**env, **mail.env()})["mail"] == ("ok", "connected without TLS, signed in (PLAIN)")
    secured = {**env, **mail.env(mail.starttls_port), "SMTP_TLS": "required"}
    assert doctor(0, **{**secured, "TLS_CA_FILE": mail.ca})["mail"] == ("ok", "connected with TLS, signed in (PLAIN)")
    level, detail = doctor(1, **secured)["mail"]
    pin = re.search("SMTP_TLS_FINGERPRINT=([0-9A-F:]{95});", detail)[1]
    assert level == "bad" and "unknown CA" in detail and "SMTP_TLS=off" in detail
    assert doctor(0, **{**secured, "SMTP_TLS_FINGERPRINT": pin})["mail"][0] == "ok"
    assert "SMTP_TLS=off" in doctor(1, **{**env, **mail.env(), "SMTP_TLS": "required"})["mail"][1]  # no STARTTLS there
    level, detail = doctor(1, **{**env, **mail.env(), "SMTP_PASS": "wrong"})["mail"]
    assert level == "bad" and "535" in detail and "SMTP_PASS" in detail
    assert mail.to("ada@example.com") == []


OFFERED = "connected with TLS, signed in (%s)"


@pytest.mark.parametrize("offered, replies, setting, level, text", [
    ("PLAIN LOGIN", {}, "auto", "ok", OFFERED % "PLAIN"),
    ("PLAIN LOGIN", {"AUTH PLAIN": "504 5.5.4 not this one"}, "auto", "ok", OFFERED % "LOGIN"),
    ("CRAM-MD5 DIGEST-MD5", {}, "auto", "ok", OFFERED % "CRAM-MD5"),
    ("PLAIN LOGIN", {}, "none", "ok", "connected with TLS, not signed in (SMTP_AUTH=none)"),
    ("", {}, "auto", "warn", "connected with TLS, not signed in: the server offers no AUTH; set SMTP_AUTH=none if that is right"),
    ("", {"EHLO": "502 5.5.1 what"}, "auto", "warn", "connected with TLS, not signed in: the server offers no AUTH; set SMTP_AUTH=none if that is right"),
    ("PLAIN LOGIN CRAM-MD5", {"AUTH": "535 5.7.8 wrong"}, "auto", "bad", "AUTH: 535 5.7.8 wrong; check SMTP_USER, SMTP_PASS and SMTP_AUTH"),
    ("PLAIN", {"AUTH": "454 4.7.0 later"}, "auto", "bad", "AUTH: 454 4.7.0 later; check SMTP_USER, SMTP_PASS and SMTP_AUTH"),
    ("DIGEST-MD5 NTLM GSSAPI", {}, "auto", "bad", "AUTH: the server offers DIGEST-MD5 NTLM GSSAPI, of which SMTP_AUTH=auto allows none; "
     "have the server offer PLAIN, LOGIN or CRAM-MD5, or set SMTP_AUTH"),
    ("LOGIN", {}, "plain", "bad", "AUTH: the server offers LOGIN, of which SMTP_AUTH=plain allows none; "
     "have the server offer PLAIN, LOGIN or CRAM-MD5, or set SMTP_AUTH")])
def test_doctor_says_signed_in_only_if_it_did(env, mail, offered, replies, setting, level, text):
    with SmtpScript(mail.folder) as script:
        script.mechanisms, script.reply, script.implicit = offered, {"HELO": "250 here", **replies}, True
        settings = {"SMTP_PORT": script.port, "SMTP_TLS": "implicit", "TLS_CA_FILE": mail.ca, "SMTP_AUTH": setting}
        said = doctor(level == "bad", **{**env, **mail.env(), **settings})["mail"]
    assert said == (level, text)
    assert ("AUTH" in script.steps) == bool(script.tried) and script.mails == 0


@pytest.mark.skipif(not postfix.available(), reason="needs root, Postfix and saslpasswd2")
def test_doctor_signs_in_to_postfix_or_says_why_not(env):
    server = postfix.Postfix("DIGEST-MD5 NTLM")
    try:
        level, detail = doctor(1, **{**env, **server.env()})["mail"]
        assert level == "bad" and re.match("AUTH: the server offers [A-Z0-9 -]*DIGEST-MD5[A-Z0-9 -]*, of which SMTP_AUTH=auto allows none", detail), detail
        assert doctor(0, **{**env, **server.env(), "SMTP_AUTH": "none"})["mail"][1].endswith("not signed in (SMTP_AUTH=none)")
    finally:
        server.close()


def test_doctor_asks_for_a_recipient_and_sends_nothing(env, mail):
    mail.refuse_to["nobody"] = "550-5.1.1 no such user\r\n550 5.1.1 here"
    said = doctor(0, "--mail-to", "a%41+b@example.com", **{**env, **mail.env()})
    assert said["mail to an address"] == ("ok", "the server takes mail for a%41+b@example.com: 250 OK")
    level, detail = doctor(1, "--mail-to", "nobody@example.com", **{**env, **mail.env()})["mail"]
    assert level == "bad" and detail.startswith("RCPT: 550-5.1.1 no such user 550 5.1.1 here; ")
    assert "not a valid e-mail address" in doctor(1, "--mail-to", "nobody", **{**env, **mail.env()})["mail"][1]
    assert mail.messages == []


def test_a_store_that_refuses_the_keys_fails(env, store):
    bucket = store.bucket()
    s3 = {k: v for k, v in env.items() if k != "MEDIA_DIR"}
    said = doctor(0, **{**s3, **store.env(bucket)})
    assert said["object storage"][0] == "ok" and said["object storage server"][0] == "ok" and store.keys(bucket) == []
    for change, code, advice in (({"S3_SECRET_KEY": "wrong"}, "SignatureDoesNotMatch", "S3_SECRET_KEY is not the secret of S3_ACCESS_KEY"),
                                 ({"S3_BUCKET": "no-such-bucket"}, "NoSuchBucket", "S3_BUCKET does not exist there; check S3_BUCKET and S3_ENDPOINT"),
                                 ({"S3_REGION": "eu-north-1"}, "AuthorizationHeaderMalformed", "set S3_REGION=us-east-1")):
        level, detail = doctor(1, **{**s3, **store.env(bucket), **change})["object storage"]
        assert level == "bad" and code in detail and detail.endswith("; " + advice) and "s3:" not in detail


@SERVICE
@pytest.mark.parametrize("status, headers, body, advice", [
    (403, {}, "<Code>AccessDenied</Code><Message>Access Denied</Message>", "give the access key or the task role the permission s3:PutObject"),
    (400, {}, "<Code>ExpiredToken</Code><Message>The provided token has expired.</Message>",
     "the credentials have expired; renew AWS_SESSION_TOKEN, or use a permanent key or a task role"),
    (403, {}, "<Code>InvalidAccessKeyId</Code>", "the store does not know S3_ACCESS_KEY; set the ID of a key that exists"),
    (403, {}, "<Code>RequestTimeTooSkewed</Code>", "correct the clock of this machine"),
    (400, {}, "<Code>AuthorizationHeaderMalformed</Code><Message>The authorization header is malformed; the region 'us-east-1' is wrong; expecting "
     "'eu-west-3'</Message><Region>eu-west-3</Region>", "set S3_REGION=eu-west-3"),
    (301, {"x-amz-bucket-region": "eu-west-3"}, "<Code>PermanentRedirect</Code>", "set S3_REGION=eu-west-3"),
    (404, {}, "<html>not S3</html>", "check S3_ENDPOINT, S3_REGION, S3_BUCKET and the network")])
def test_error_codes_of_s3_say_what_to_set_in_doctor_and_log(env, appliance, status, headers, body, advice):
    class Handler(http.server.BaseHTTPRequestHandler):
        def answer(self):
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send_response(status)
            for name, value in {**headers, "Content-Length": len(text)}.items():
                self.send_header(name, str(value))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(text)
        do_GET = do_PUT = do_HEAD = answer

        def log_message(self, *args):
            pass

    text = (body if body.startswith("<html") else "<?xml version='1.0'?><Error>%s</Error>" % body).encode()
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        s3 = {**{k: v for k, v in env.items() if k != "MEDIA_DIR"}, "S3_ENDPOINT": "http://127.0.0.1:%d" % server.server_address[1],
              "S3_BUCKET": "films", "S3_ACCESS_KEY": "AKIAEXAMPLE", "S3_SECRET_KEY": "secret"}
        said = doctor(1, **s3)["object storage"]
        a = appliance(roles="api", **s3).wait_healthy()
        assert a.get("/health/ready").status_code == 503
        line, = logged(a, "object storage is unavailable")
        server.shutdown()
    assert said[0] == "bad" and said[1].endswith("; " + advice), said
    if body.startswith("<html"):
        assert "advice" not in line
    else:
        assert line["advice"] == advice.replace("s3:PutObject", "s3:ListBucket") and re.search("<Code>(.*)</Code>", body)[1] in line["error"]


def test_temporary_keys_that_expire_before_a_film_of_three_hours_warn(env, store, tmp_path):
    """Presigned URLs expire with the credentials that signed them; credentials of a task role last six hours at most."""
    assert doctor(0, **env)["film of 3 hours"] == ("ok", "URLs of films are valid for 12 hours")
    bucket = store.bucket()
    plain = {**{k: v for k, v in env.items() if k != "MEDIA_DIR"}, **store.env(bucket)}
    assert doctor(0, **plain)["film of 3 hours"][0] == "ok"
    task = {k: v for k, v in plain.items() if k not in ("S3_ACCESS_KEY", "S3_SECRET_KEY")}
    credentials = Credentials()
    try:
        task.update(AWS_CONTAINER_CREDENTIALS_FULL_URI=credentials.url, AWS_CONTAINER_AUTHORIZATION_TOKEN=credentials.token)
        credentials.give(store.access_key, store.secret_key, 6 * 3600)
        said = doctor(1, **task)
        level, detail = said["film of 3 hours"]
        assert level == "bad" and re.search("may be valid for (179|180) minutes only", detail) and "S3_SIGNING_ACCESS_KEY" in detail and said["object storage"][0] == "ok"
        permanent = {"S3_SIGNING_ACCESS_KEY": store.access_key, "S3_SIGNING_SECRET_KEY": store.secret_key}
        said = doctor(0, **task, **permanent)
        assert said["film of 3 hours"][0] == "ok" and said["object storage signing"] == ("ok", "S3_SIGNING_ACCESS_KEY can read objects")
        level, detail = doctor(1, **task, **{**permanent, "S3_SIGNING_SECRET_KEY": "wrong"})["object storage signing"]
        assert level == "bad" and "status 403" in detail
        assert "must be set together" in doctor(1, **task, S3_SIGNING_ACCESS_KEY="a")["configuration"][1]
        credentials.give(store.access_key, store.secret_key, 12 * 3600)
        assert doctor(0, **task)["film of 3 hours"][0] == "ok"
    finally:
        credentials.close()
    session = {"AWS_ACCESS_KEY_ID": store.access_key, "AWS_SECRET_ACCESS_KEY": store.secret_key, "AWS_SESSION_TOKEN": "t"}
    bare = {k: v for k, v in task.items() if not k.startswith("AWS_")}
    r = run("doctor", **bare, **session)
    assert "warn  film of 3 hours" in r.stdout and "unknown time" in r.stdout, r.stdout


# TLS failures

@pytest.fixture
def secure(env, pg_server, keyvalue, store, mail, tmp_path):
    """secure(status, leaf) runs doctor with all four servers using that certificate and returns the lines. during(env) is called before it."""
    root = pki.Authority(str(tmp_path))
    url, db = pg_server.create()
    db.close()
    assert run("migrate", **{**env, "DATABASE_URL": url}).returncode == 0
    plain = {**{k: v for k, v in env.items() if k != "MEDIA_DIR"}, **store.env(store.bucket()), **mail.env(), "SMTP_TLS": "implicit"}
    with open(root.alone) as f:
        trusted = {"DATABASE_CA_PEM": f.read(), "TLS_CA_FILE": root.alone}

    def look(status, leaf, during=lambda env: None):
        pg_server.wear(leaf)
        with Echo(leaf, handler=forward_to(keyvalue.port)) as valkey, Echo(leaf, handler=forward_to(store.ports["proxy"])) as s3, \
                Echo(leaf, handler=forward_to(mail.port)) as smtp:
            env = {**plain, **trusted, "DATABASE_URL": url.replace("@127.0.0.1", "@localhost") + "?sslmode=verify-full",
                   "REDIS_URL": "rediss://localhost:%d" % valkey.port, "S3_ENDPOINT": "https://localhost:%d" % s3.port, "SMTP_PORT": smtp.port}
            during(env)
            return doctor(status, **env)
    look.root = root
    return look


SERVERS = {"database": "bad", "valkey": "warn", "object storage server": "bad", "mail": "bad"}


def test_servers_with_tls_pass(secure):
    said = secure(0, secure.root.issue("localhost"))
    assert {name: said[name][0] for name in (*SERVERS, "object storage")} == dict.fromkeys((*SERVERS, "object storage"), "ok")
    assert "over TLS" in said["valkey"][1] and said["database TLS"][1].startswith("TLSv1.")


@pytest.mark.parametrize("make, reason, change", [
    (lambda root: root.issue("localhost", days=(-20, -10)), 'certificate of "localhost" expired on ', "renew the certificate of the server"),
    (lambda root: root.issue("localhost", days=(10, 20)), 'certificate of "localhost" is not yet valid: it begins on ', "correct the clocks"),
    (lambda root: root.issue("elsewhere.example"), "elsewhere.example", "connect with a host name that the certificate contains"),
    (lambda root: pki.Authority(root.folder, name="Strangers").issue("localhost"), 'certificate signed by an unknown CA: "Strangers ',
     "put the certificate of this CA into "),
    (lambda root: pki.self_signed(root.folder, "localhost"), "is self-signed and not a trusted CA",
     "put the certificate of this CA into ")],
    ids=["expired", "not yet valid", "of another host", "of an unknown CA", "self-signed"])
def test_a_failed_certificate_check_has_a_reason_and_a_hint(secure, make, reason, change):
    said = secure(1, make(secure.root))
    for name, level in SERVERS.items():
        assert said[name][0] == level and reason in said[name][1] and change in said[name][1], (name, said[name])
    assert "object storage" not in said  # no requests after a failed connection
    if "CA" in change:
        assert "DATABASE_CA_PEM" in said["database"][1]
        assert all("EXTRA_CA_PEM or TLS_CA_FILE" in said[name][1] for name in SERVERS if name != "database")


@SERVICE
def test_the_log_has_the_advice_of_doctor_about_certificates(secure, appliance):
    lines = {}

    def during(env):
        a = appliance(roles="api", WORKERS=1, **env)
        wait_for(a.answers, "the port")
        assert a.get("/health/ready").status_code == 503
        for name, message in (("database", "database connection lost"), ("valkey", "valkey is unavailable; continuing without it"),
                              ("object storage server", "object storage is unavailable")):
            lines[name] = logged(a, message)[0]

    said = secure(1, pki.Authority(secure.root.folder, name="Strangers").issue("localhost"), during)
    for name, line in lines.items():
        assert 'unknown CA: "Strangers' in line["error"] and line["advice"] in said[name][1], (line, said[name])
    assert lines["database"]["advice"].endswith("DATABASE_CA_PEM") and lines["valkey"]["advice"].endswith("EXTRA_CA_PEM or TLS_CA_FILE")


@SERVICE
def test_certificates_of_servers_that_end_soon_are_named(secure, appliance):
    def during(env):
        a = appliance(roles="api", WORKERS=2, **env).wait_healthy()
        wait_for(lambda: a.get("/health/ready").status_code == 200, "the process to be ready")
        lines.extend(logged(a, "the certificate of a server ends soon; renew it there"))

    lines, leaf = [], secure.root.issue("localhost", days=(-1, 20))
    said = secure(0, leaf, during)
    end = leaf.certificate.not_valid_after.strftime("%Y-%m-%d")
    assert [(line["level"], line["host"], line["until"]) for line in lines] == [("warn", "localhost", end)], "a line a day, for all connections and workers"
    for name in ("database", "valkey", "object storage", "mail"):
        assert said[name + " certificate"] == ("warn", "that of localhost ends on %s; renew it there" % end)
    assert not [name for name in secure(0, secure.root.issue("localhost", days=(-1, 40))) if name.endswith(" certificate")]


# The advice in the log of the service

@SERVICE
@pytest.mark.errors("no mail can be sent", "valkey refuses the user or password")
def test_the_log_has_the_advice_of_doctor_about_passwords(world):
    Account(world, email="ada@example.com")
    env = {"SMTP_PASS": "wrong", "REDIS_URL": world.keyvalue.url.replace("://", "://:wrong@")}
    a = world.start("api", WORKERS=1, **env)
    assert a.post("/api/auth/forgot-password", {"email": "ada@example.com"}).status_code == 200
    said = doctor(1, **{**world.env, **env})
    for name, message, variable in (("mail", "no mail can be sent", "SMTP_PASS"), ("valkey", "valkey refuses the user or password", "REDIS_URL")):
        line = logged(a, message)[0]
        assert variable in line["advice"] and line["advice"] in said[name][1], (line, said[name])


# Clock differences

def one_hour_fast(command):
    """Returns the command with a clock that is one hour fast."""
    library, = glob.glob("/usr/lib/*/faketime/libfaketime.so.1")
    return ["env", "LD_PRELOAD=" + library, "FAKETIME=+3600", "DONT_FAKE_MONOTONIC=1", *command]


class FastClockPostgres(Postgres):
    def commands(self):
        return [one_hour_fast(command) for command in super().commands()]


class FastClockStore(ObjectStore):
    def commands(self):
        return [one_hour_fast(command) for command in super().commands()]


def test_a_clock_difference_to_the_database_fails(env):
    server = FastClockPostgres()
    try:
        url, db = server.create()
        db.close()
        assert run("migrate", **{**env, "DATABASE_URL": url}).returncode == 0
        level, detail = doctor(1, **{**env, "DATABASE_URL": url})["clock against the database"]
    finally:
        server.close()
    assert level == "bad" and 3590 < float(detail.split(" s apart; ")[0]) < 3700 and detail.endswith("correct the clocks")


def test_a_clock_difference_to_the_store_fails(env):
    server = FastClockStore()
    try:
        said = doctor(1, **{**{k: v for k, v in env.items() if k != "MEDIA_DIR"}, **server.env("films")})
    finally:
        server.close()
    level, detail = said["object storage"]
    assert level == "bad" and "RequestTimeTooSkewed" in detail and detail.endswith("correct the clock of this machine")
    level, detail = said["object storage server"]
    assert level == "bad" and "it will refuse signatures; correct the clock" in detail
    offset = int(detail.split("differs from this machine's by ")[1].split(" s ")[0])
    assert 3590 < offset < 3700
