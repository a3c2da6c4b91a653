"""Accounts and sessions over HTTP (docs/compatibility.md#accounts-and-sessions)."""
import base64
import concurrent.futures
import hashlib
import hmac
import json
import random
import socket
import string
import time

import pytest

from accounts import hash_of
from conftest import ROOT, SECRETS, run, wait_for

PASSWORD = "Correct-horse-1"


@pytest.fixture
def api(postgres, appliance):
    url, db = postgres.create_migrated()
    a = appliance(roles="api", DATABASE_URL=url, WORKERS=2).wait_healthy()
    a.db, a.database = db.cursor(), url
    return a


@pytest.fixture(scope="module")
def service(module_appliance):
    """A process for the tests of requests that it refuses before it reads a row."""
    return module_appliance(roles="api", WORKERS=2).wait_healthy()


def user(api, email="ada@example.com", role="USER", verified=True):
    """Creates an account with PASSWORD and returns its id."""
    api.db.execute("""INSERT INTO "User" (email, password, name, role, "emailVerified", "updatedAt")
        VALUES (%s, crypt_hash, 'Ada', %s, %s, now()) RETURNING id""".replace("crypt_hash", "%s"), (email, hash_of(PASSWORD), role, verified))
    return api.db.fetchone()[0]


def login(api, email="ada@example.com", path="/api/auth/login", **more):
    return api.post(path, {"email": email, "password": PASSWORD, **more})


def claims(token):
    body = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))


def sign(payload, secret, header=None):
    def part(data):
        return base64.urlsafe_b64encode(data).rstrip(b"=")
    text = part(json.dumps(header or {"alg": "HS256", "typ": "JWT"}).encode()) + b"." + part(json.dumps(payload).encode())
    return (text + b"." + part(hmac.new(secret.encode(), text, hashlib.sha256).digest())).decode()


def test_signup_verification_and_login(api):
    r = api.post("/api/auth/signup", {"email": "New@Example.com", "password": PASSWORD, "name": "New", "preferredGenres": ["Drama"],
                                      "birthYear": 1990, "heardFrom": "a friend"}, headers={"cf-ipcountry": "ng"})
    assert r.status_code == 201 and r.json()["user"]["email"] == "new@example.com"
    api.db.execute('SELECT password FROM "User"')
    assert api.db.fetchone()[0].startswith("$2a$10$")
    assert r.json()["profiles"][0]["preferences"] == {"heardFrom": "a friend", "preferredGenres": ["Drama"]}
    assert r.json()["profiles"][0]["country"] == "NG"
    assert api.post("/api/auth/signup", {"email": "new@example.com", "password": PASSWORD, "name": "New"}).status_code == 409
    assert login(api, "new@example.com").status_code == 403

    api.db.execute("SELECT vars ->> 'token', template, to_address FROM wanzami.mail_outbox ORDER BY id")
    (token, template, to), (_, second, _) = api.db.fetchall()
    assert (template, to, second) == ("verify", "New@Example.com", "welcome")
    api.db.execute('SELECT "verificationToken" FROM "User"')
    assert api.db.fetchone()[0] == "sha256:" + hashlib.sha256(token.encode()).hexdigest()
    for _ in range(2):
        assert api.post("/api/auth/verify-email", {"email": "NEW@example.com", "token": token}).status_code == 200
    r = login(api, "NEW@example.com")
    assert r.status_code == 200
    access = r.json()["accessToken"]
    assert set(claims(access)) == {"userId", "email", "role", "permissions", "deviceId", "session", "iat", "exp"}
    assert claims(access)["exp"] - claims(access)["iat"] == 365 * 86400
    assert api.get("/api/auth/me", token=access).json()["permissions"] == ["dashboard:view"]


def test_heardfrom_is_optional_and_may_have_any_type(api):
    for n, heard in enumerate((None, "", 5, False, ["radio"], {"from": "radio"})):
        r = api.post("/api/auth/signup", {"email": "new%d@example.com" % n, "password": PASSWORD, "name": "New", "heardFrom": heard})
        assert r.status_code == 201 and r.json()["profiles"][0]["preferences"] is None, heard


def test_a_value_too_long_for_an_index_gets_400(api):
    user(api)
    access = login(api).json()["accessToken"]
    # Random letters: PostgreSQL would compress repeated text below the limit of an index row.
    long = "".join(random.Random(1).choices(string.ascii_letters + string.digits, k=9000))
    for r in (login(api, deviceId=long), api.post("/api/auth/device-label", {"label": "TV", "deviceId": long}, token=access),
              api.post("/api/auth/signup", {"email": long + "@example.com", "password": PASSWORD, "name": "New"})):
        assert (r.status_code, r.json()) == (400, {"message": "A value is too long"})
    api.db.execute("SELECT (SELECT count(*) FROM \"User\"), (SELECT count(*) FROM \"Device\"), (SELECT count(*) FROM \"ErrorLog\")")
    assert api.db.fetchone() == (1, 1, 0)


def test_a_password_over_72_bytes_of_the_previous_service_logs_in(api):
    long = PASSWORD * 10
    api.db.execute("""INSERT INTO "User" (email, password, name, "emailVerified", "updatedAt") VALUES ('ada@example.com', %s, 'Ada', true, now())""",
                   (hash_of(long),))
    assert login(api, password=long).status_code == 200
    assert login(api, password=long[:71]).status_code == 401
    assert api.post("/api/auth/signup", {"email": "eve@example.com", "password": long, "name": "Eve"}).status_code == 400


@pytest.mark.parametrize("change", [
    'DELETE FROM "User"', 'DELETE FROM "Session"', 'UPDATE "Session" SET "deviceId" = \'another\''])
def test_a_token_is_refused_after_its_user_or_session_is_gone(api, change):
    user(api)
    access = login(api).json()["accessToken"]
    assert api.get("/api/auth/me", token=access).status_code == 200
    api.db.execute(change)
    r = api.get("/api/auth/me", token=access)
    assert (r.status_code, r.json()) == (401, {"message": "Invalid or expired token"})


def test_the_role_is_read_from_the_database(api):
    me = user(api, role="OPS")
    access = login(api, path="/api/admin/login").json()["accessToken"]
    assert api.get("/api/admin/me", token=access).status_code == 200
    api.db.execute('UPDATE "User" SET role = \'USER\' WHERE id = %s', (me,))
    r = api.get("/api/admin/me", token=access)
    assert (r.status_code, r.json()["message"]) == (403, "Admin role required")


def test_forged_and_malformed_tokens_are_refused(api):
    me = user(api)
    device = login(api).json()["deviceId"]
    now, secret = int(time.time()), SECRETS["JWT_ACCESS_SECRET"]
    good = {"userId": str(me), "deviceId": device, "iat": now, "exp": now + 60}
    assert api.get("/api/auth/me", token=sign(good, secret)).status_code == 200
    none = sign(good, "", {"alg": "none", "typ": "JWT"}).rsplit(".", 1)[0] + "."
    for token in (sign(good, "another secret of thirty-two bytes"), sign({**good, "exp": now}, secret), sign({**good, "nbf": now + 60}, secret),
                  sign({**good, "exp": "never"}, secret), sign({**good, "userId": "0"}, secret), sign({**good, "userId": "1 OR 1"}, secret),
                  sign({**good, "userId": me}, secret), none, sign(good, secret) + "A", sign(good, secret, {"alg": "HS384", "typ": "JWT"}),
                  sign(good, secret, {"alg": "RS256", "typ": "JWT"}), sign(good, secret, {"alg": "ES256", "typ": "JWT"}),
                  sign(good, SECRETS["JWT_REFRESH_SECRET"]), "a.b.c", "..", "x" * 5000, "\u00e9".encode().decode("latin-1")):
        r = api.get("/api/auth/me", token=token)
        assert (r.status_code, r.json()["message"]) == (401, "Invalid or expired token"), token
    for header in ("", "Bearer", "Bearer ", "bearer x", "Basic eA=="):
        r = api.get("/api/auth/me", headers={"Authorization": header})
        assert (r.status_code, r.json()["message"]) == (401, "Missing access token"), header


def waits_for_a_lock(db):
    db.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")
    return db.fetchone()[0]


@pytest.mark.parametrize("ending", ["reset", "logout"])
def test_a_session_created_during_reset_or_logout_is_ended(api, postgres, ending):
    """A concurrent refresh locks the user's row and inserts its session before the reset or logout deletes the sessions."""
    me, token = user(api), "11111111-2222-4333-8444-555555555555"
    refresh = login(api, deviceId="one").json()["refreshToken"]
    api.db.execute("""UPDATE "User" SET "resetToken" = wanzami.digest(%s), "resetTokenExpires" = wanzami.now() + interval '1 hour'""", (token,))
    other = postgres.connect(api.database.rsplit("/", 1)[1])
    other.autocommit = False
    cursor = other.cursor()
    cursor.execute('SELECT FROM "User" WHERE id = %s FOR UPDATE', (me,))
    cursor.execute("""INSERT INTO "Session" ("userId", "deviceId", "refreshToken", "createdAt", "expiresAt")
        VALUES (%s, 'one', 'sha256:new', wanzami.now(), wanzami.now() + interval '1 day')""", (me,))
    path, body = {"reset": ("/api/auth/reset-password", {"email": "ada@example.com", "token": token, "password": "Another-password-1"}),
                  "logout": ("/api/auth/logout", {"refreshToken": refresh})}[ending]
    with concurrent.futures.ThreadPoolExecutor() as pool:
        ended = pool.submit(api.post, path, body)
        wait_for(lambda: waits_for_a_lock(api.db), "the request to wait for the lock on the user's row")
        other.commit()
        assert ended.result().status_code == 200
    api.db.execute('SELECT count(*) FROM "Session"')
    assert api.db.fetchone() == (0,)
    other.close()


def test_a_login_during_a_password_change_creates_no_session(api, postgres):
    me = user(api)
    other = postgres.connect(api.database.rsplit("/", 1)[1])
    other.autocommit = False
    other.cursor().execute("""UPDATE "User" SET password = 'another' WHERE id = %s""", (me,))
    with concurrent.futures.ThreadPoolExecutor() as pool:
        answer = pool.submit(login, api)
        wait_for(lambda: waits_for_a_lock(api.db), "the login to wait for the lock on the user's row")
        other.commit()
        assert answer.result().status_code == 401
    api.db.execute('SELECT count(*) FROM "Session"')
    assert api.db.fetchone() == (0,)
    other.close()


def test_cached_tokens_are_compared_as_a_whole_and_expire(postgres, appliance):
    """A worker caches verified tokens. A token is only accepted if all of it matches and only until it expires."""
    url, db = postgres.create_migrated()
    a = appliance(roles="api", DATABASE_URL=url, WORKERS=1).wait_healthy()
    a.db, now, secret = db.cursor(), int(time.time()), SECRETS["JWT_ACCESS_SECRET"]
    people = [user(a, "viewer%d@example.com" % n) for n in range(3)]
    for person in people:
        a.db.execute("""INSERT INTO "Session" ("userId", "deviceId", "refreshToken", "expiresAt") VALUES (%s, 'd', 'x', now() + interval '1 day')""", (person,))

    def asked(token):
        r = a.get("/api/auth/me", token=token)
        return r.json()["user"]["id"] if r.status_code == 200 else r.status_code

    # More tokens than the cache holds.
    tokens = [(str(people[n % 3]), sign({"userId": str(people[n % 3]), "deviceId": "d", "iat": now, "exp": now + 3600 + n}, secret)) for n in range(600)]
    for person, token in tokens + tokens[-50:]:
        assert asked(token) == person
    head, body, mac = token.split(".")
    another = tokens[-2][1].split(".")[1]
    for forged in (head + "." + another + "." + mac, token[:-1], token + "A", token[:-9] + ("A" if token[-9] != "A" else "B") + token[-8:],
                   token[1:], token[-43:], token.swapcase()):
        assert asked(forged) == 401, forged
        assert asked(token) == person

    short = sign({"userId": person, "deviceId": "d", "iat": now, "exp": int(time.time()) + 3}, secret)
    assert asked(short) == person
    wait_for(lambda: asked(short) == 401, "the token to expire")
    assert asked(token) == person


def test_a_refresh_token_is_rotated_and_its_reuse_ends_the_session(api):
    user(api)
    first = login(api).json()
    second = api.post("/api/auth/refresh", {"refreshToken": first["refreshToken"]})
    assert second.status_code == 200 and second.json()["deviceId"] == first["deviceId"]
    # Two tabs refresh with the same stored token.
    assert api.post("/api/auth/refresh", {"refreshToken": first["refreshToken"]}).status_code == 200
    # The grace period of one minute is over.
    api.db.execute('UPDATE "Session" SET "expiresAt" = now() - interval \'1 second\' WHERE "refreshToken" = %s',
                   ("sha256:" + hashlib.sha256(first["refreshToken"].encode()).hexdigest(),))
    r = api.post("/api/auth/refresh", {"refreshToken": first["refreshToken"]})
    assert (r.status_code, r.json()["message"]) == (401, "Invalid refresh token")
    assert api.post("/api/auth/refresh", {"refreshToken": second.json()["refreshToken"]}).status_code == 401
    assert api.get("/api/auth/me", token=second.json()["accessToken"]).status_code == 401


def test_an_expired_session_cannot_be_refreshed(api):
    user(api)
    mine = login(api, deviceId="tv").json()
    other = login(api, deviceId="phone").json()
    api.db.execute('UPDATE "Session" SET "expiresAt" = now() - interval \'1 second\' WHERE "deviceId" = \'tv\'')
    for message in ("Session expired", "Session not found"):
        r = api.post("/api/auth/refresh", {"refreshToken": mine["refreshToken"]})
        assert (r.status_code, r.json()["message"]) == (401, message)
    assert api.post("/api/auth/refresh", {"refreshToken": other["refreshToken"]}).status_code == 200


def test_numbers_are_converted_as_in_javascript(api):
    """Clients in other languages write integers with a fraction of 0, and an empty string is 0 (docs/compatibility.md#body-ids)."""
    user(api)
    access = login(api).json()["accessToken"]
    r = api.post("/api/user/profiles", {"name": "Kid", "birthYear": 2015.0}, token=access)
    assert r.status_code == 201 and r.json()["profile"]["birthYear"] == 2015
    assert api.post("/api/user/devices/tv/profile", {"profileId": float(r.json()["profile"]["id"])}, token=access).status_code == 200
    r = api.post("/api/user/devices/tv/profile", {"profileId": ""}, token=access)
    assert (r.status_code, r.json()) == (404, {"message": "Profile not found"})


def test_if_none_match_gets_304(api):
    """ETags are those of the previous service (docs/compatibility.md#etag)."""
    r = api.get("/health")
    tag = 'W/"f-VaSQ4oDUiZblZNAEkkN+sX+q3Sg"'
    assert (r.text, r.headers["etag"]) == ('{"status":"ok"}', tag)
    for listed in (tag, tag[2:], '"x", ' + tag, "*"):
        r = api.get("/health", headers={"If-None-Match": listed, "Origin": "http://there.test"})
        assert (r.status_code, r.content, r.headers["etag"]) == (304, b"", tag), listed
        assert r.headers["access-control-allow-origin"] == "http://there.test" and not {"content-type", "content-length"} & set(r.headers)
    for headers in ({"If-None-Match": '"x"'}, {"If-None-Match": tag, "Cache-Control": "no-cache"}):
        assert api.get("/health", headers=headers).text == '{"status":"ok"}'
    assert api.get("/api/titles/999", headers={"If-None-Match": "*"}).status_code == 404

    user(api)
    access = login(api).json()["accessToken"]
    for path, token in (("/api/titles", None), ("/api/user/profiles", access)):
        known = {"If-None-Match": api.get(path, token=token).headers["etag"]}
        assert api.get(path, token=token, headers=known).status_code == 304
    assert api.post("/api/user/profiles", {"name": "Another"}, token=access).status_code == 201
    assert api.get("/api/user/profiles", token=access, headers=known).status_code == 200


def test_sessions_of_the_previous_service_can_be_refreshed(api):
    me = user(api)
    now = int(time.time())
    old = sign({"userId": str(me), "deviceId": "old", "tokenId": "x", "iat": now, "exp": now + 3600}, SECRETS["JWT_REFRESH_SECRET"])
    api.db.execute('INSERT INTO "Session" ("userId", "deviceId", "refreshToken", "expiresAt") VALUES (%s, \'old\', %s, now() + interval \'1 hour\')',
                   (me, hash_of(old)))
    r = api.post("/api/auth/refresh", {"refreshToken": old})
    assert r.status_code == 200
    assert api.get("/api/auth/me", token=r.json()["accessToken"]).status_code == 200
    api.db.execute('SELECT count(*) FROM "Session" WHERE "refreshToken" LIKE \'sha256:%%\'')
    assert api.db.fetchone()[0] == 1


def test_logout_ends_only_the_callers_sessions(api):
    user(api)
    user(api, "eve@example.com")
    ada, eve = login(api, deviceId="tv").json(), login(api, "eve@example.com", deviceId="phone").json()
    assert api.post("/api/auth/logout", {"deviceId": "tv"}).status_code == 200
    assert api.post("/api/auth/logout", {"deviceId": "tv", "refreshToken": eve["refreshToken"]}).status_code == 200
    assert api.get("/api/auth/me", token=ada["accessToken"]).status_code == 200
    assert api.post("/api/auth/logout", {"refreshToken": ada["refreshToken"]}).status_code == 200
    assert api.get("/api/auth/me", token=ada["accessToken"]).status_code == 401
    assert api.get("/api/auth/me", token=eve["accessToken"]).status_code == 200


def test_a_revoked_token_ends_no_other_session(api):
    user(api)
    old, new = login(api, deviceId="old").json(), login(api, deviceId="new").json()
    api.db.execute('DELETE FROM "Session" WHERE "deviceId" = \'old\'')
    for body, token in (({"deviceId": "new"}, old["accessToken"]), ({"deviceId": "new", "refreshToken": old["refreshToken"]}, None)):
        assert api.post("/api/auth/logout", body, token=token).json() == {"message": "Logged out"}
        assert api.get("/api/auth/me", token=new["accessToken"]).status_code == 200
    assert api.post("/api/auth/logout", {"refreshToken": old["refreshToken"]}).status_code == 200
    api.db.execute('SELECT "deviceId" FROM "Device"')
    assert api.db.fetchall() == [("new",)]


def signed_in(api, token):
    return api.get("/api/auth/me", token=token).status_code == 200


@pytest.mark.parametrize("end", ["logout", "reset", "eviction"])
def test_revoked_tokens_stay_revoked_after_a_new_login_of_the_device(api, end):
    """A thief has both tokens of a device, and the owner logs in on it again (docs/compatibility.md#token-session)."""
    user(api)
    stolen = login(api, deviceId="tv").json()
    second = api.post("/api/auth/refresh", {"refreshToken": stolen["refreshToken"]}).json()
    assert signed_in(api, stolen["accessToken"]) and signed_in(api, second["accessToken"])
    if end == "logout":
        assert api.post("/api/auth/logout", {"refreshToken": second["refreshToken"]}).status_code == 200
    elif end == "reset":
        assert api.post("/api/auth/forgot-password", {"email": "ada@example.com"}).status_code == 200
        api.db.execute("SELECT vars ->> 'token' FROM wanzami.mail_outbox WHERE template = 'reset'")
        assert api.post("/api/auth/reset-password", {"email": "ada@example.com", "token": api.db.fetchone()[0], "password": PASSWORD}).status_code == 200
    else:
        assert [login(api, deviceId="d%d" % n).status_code for n in range(4)] == [200] * 4
    mine = login(api, deviceId="tv").json()
    for old in (stolen, second):
        assert not signed_in(api, old["accessToken"])
        assert api.post("/api/auth/refresh", {"refreshToken": old["refreshToken"]}).status_code == 401
        for body, token in (({"refreshToken": old["refreshToken"]}, None), ({"deviceId": "tv"}, old["accessToken"])):
            assert api.post("/api/auth/logout", body, token=token).status_code == 200
        assert api.post("/api/support/tickets", {"email": "ada@example.com"}, token=old["accessToken"]).status_code == 201
        assert api.post("/api/events", {"events": [{"eventType": "PLAY_START"}]}, token=old["accessToken"]).status_code == 401
    api.db.execute('SELECT count(*), count("userId") FROM "SupportTicket"')
    assert api.db.fetchone() == (2, 0), "tickets without a user"
    assert signed_in(api, mine["accessToken"])
    assert api.post("/api/auth/refresh", {"refreshToken": mine["refreshToken"]}).status_code == 200


def test_tokens_without_a_session_claim_are_valid_until_revoked(api):
    """Tokens of the previous service and of earlier releases (docs/compatibility.md#token-session)."""
    me = user(api)
    now = int(time.time())
    old = sign({"userId": str(me), "deviceId": "tv", "iat": now - 600, "exp": now + 3600}, SECRETS["JWT_ACCESS_SECRET"])
    for stored in (hash_of("a token"), "sha256:" + "0" * 64):
        api.db.execute("""INSERT INTO "Session" ("userId", "deviceId", "refreshToken", "createdAt", "expiresAt")
            VALUES (%s, 'tv', %s, timezone('UTC', now()) - interval '10 minutes', now() + interval '1 hour')""", (me, stored))
        assert signed_in(api, old)
        mine = login(api, deviceId="tv").json()
        assert signed_in(api, old) and signed_in(api, mine["accessToken"]), "another login of the device does not revoke the token"
        assert api.post("/api/auth/logout", {"deviceId": "tv"}, token=old).status_code == 200
        assert not signed_in(api, old) and not signed_in(api, mine["accessToken"])
        assert signed_in(api, login(api, deviceId="tv").json()["accessToken"]) and not signed_in(api, old)
        api.db.execute('DELETE FROM "Session"')


@pytest.mark.parametrize("path", ["forgot-password", "resend-verification"])
def test_a_mail_request_writes_as_many_rows_with_and_without_an_account(api, path):
    """The response time must not reveal whether an account exists (docs/compatibility.md#account-enumeration)."""
    user(api, verified=path == "forgot-password")
    with open("%s/sql/query/auth/%s.sql" % (ROOT, path)) as f:
        statement = f.read()
    written = {}
    for email in ("nobody@example.com", "ada@example.com"):
        api.db.execute("BEGIN")
        api.db.execute(statement.replace("$2 ->>", "'%s'::jsonb ->>" % json.dumps({"email": email})))
        api.db.execute("""SELECT count(*) FROM (SELECT xmin FROM "User" UNION ALL SELECT xmin FROM wanzami.mail_outbox
            UNION ALL SELECT xmin FROM wanzami.reset_token) r
            WHERE r.xmin::text = pg_current_xact_id()::text""")
        written[email] = api.db.fetchone()[0]
        api.db.execute("ROLLBACK")
        assert api.post("/api/auth/" + path, {"email": email}).status_code == 200
    rows = 3 if path == "forgot-password" else 2
    assert written == {"nobody@example.com": rows, "ada@example.com": rows}
    api.db.execute("SELECT count(*) FROM wanzami.mail_outbox WHERE to_address <> ''")
    assert api.db.fetchone()[0] == 1, "one mail with a recipient"
    assert run("job", "run", "mail-cleanup", **api.env).returncode == 0
    api.db.execute("SELECT count(*) FROM wanzami.mail_outbox WHERE to_address = ''")
    assert api.db.fetchone()[0] == 0


def test_profiles_ignore_the_country_parameter(api):
    """Only catalogue routes read ?country= (docs/compatibility.md#country, #country-parameter)."""
    user(api)
    access = login(api).json()["accessToken"]
    for headers, country in (({"x-country": "ke"}, "KE"), ({"Accept-Language": "zh-Hans-CN"}, "CN"), ({}, "UNKNOWN")):
        made = api.post("/api/user/profiles?country=Ghana", {"name": country}, token=access, headers=headers)
        assert made.json()["profile"]["country"] == country, made.text


def test_a_fifth_device_replaces_the_least_recently_used_one(api):
    user(api)
    tokens = [login(api, deviceId="d%d" % i).json()["accessToken"] for i in range(5)]
    assert [api.get("/api/auth/me", token=t).status_code for t in tokens] == [401, 200, 200, 200, 200]
    devices = api.get("/api/user/devices", token=tokens[4]).json()["devices"]
    assert [d["deviceId"] for d in devices] == ["d4", "d3", "d2", "d1"]


def test_a_device_limit_of_0_counts_as_1(postgres, appliance):
    """docs/limits.md: a new device replaces the one before, and no login is refused."""
    url, db = postgres.create_migrated()
    a = appliance(roles="api", DATABASE_URL=url, DEVICE_LIMIT=0).wait_healthy()
    a.db = db.cursor()
    user(a)
    tokens = [r.json()["accessToken"] for r in [login(a, deviceId=name) for name in ("tv", "phone", "phone")]]
    assert [a.get("/api/auth/me", token=t).status_code for t in tokens] == [401, 200, 200]
    assert [d["deviceId"] for d in a.get("/api/user/devices", token=tokens[2]).json()["devices"]] == ["phone"]
    a.db.execute('SELECT "deviceId" FROM "Session"')
    assert {row[0] for row in a.db.fetchall()} == {"phone"}
    db.close()


def test_concurrent_logins_keep_the_device_limit(api):
    user(api)
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda i: login(api, deviceId="p%d" % i).status_code, range(12)))
    assert answers == [200] * 12
    api.db.execute('SELECT count(*) FROM "Device"')
    assert api.db.fetchone()[0] == 4


def test_concurrent_signups_create_one_account(api):
    body = {"email": "one@example.com", "password": PASSWORD, "name": "One"}
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = sorted(pool.map(lambda _: api.post("/api/auth/signup", body).status_code, range(8)))
    assert answers == [201] + [409] * 7
    api.db.execute("SELECT (SELECT count(*) FROM \"User\"), (SELECT count(*) FROM \"Profile\"), (SELECT count(*) FROM wanzami.mail_outbox)")
    assert api.db.fetchone() == (1, 1, 2)


def test_concurrent_first_requests_create_one_profile(api):
    me = user(api)
    access = login(api).json()["accessToken"]
    api.db.execute('DELETE FROM "Profile"')
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        assert {r.status_code for r in pool.map(lambda _: api.get("/api/user/profiles", token=access), range(8))} == {200}
    api.db.execute('SELECT count(*) FROM "Profile" WHERE "userId" = %s', (me,))
    assert api.db.fetchone()[0] == 1


def test_each_reset_link_is_valid_until_one_is_used(api):
    """Somebody else can ask for a link, too. That must not end the owner's."""
    me = user(api)
    for _ in range(3):
        assert api.post("/api/auth/forgot-password", {"email": "ada@example.com"}).status_code == 200
    api.db.execute("SELECT vars ->> 'token' FROM wanzami.mail_outbox WHERE template = 'reset' ORDER BY id")
    tokens = [token for token, in api.db.fetchall()]
    assert len(set(tokens)) == 3
    body = {"email": "ada@example.com", "password": "New-password-2"}
    api.db.execute("UPDATE wanzami.reset_token SET expires = wanzami.now() - interval '1 second' WHERE digest = wanzami.digest(%s)", (tokens[1],))
    assert api.post("/api/auth/reset-password", {**body, "token": tokens[1]}).status_code == 400
    assert api.post("/api/auth/reset-password", {**body, "token": tokens[0]}).status_code == 200
    for token in tokens:
        assert api.post("/api/auth/reset-password", {**body, "token": token}).json()["message"] == "Invalid or expired reset token"
    api.db.execute("SELECT count(*) FROM wanzami.reset_token WHERE user_id = %s", (me,))
    assert api.db.fetchall() == [(0,)]


@pytest.mark.parametrize("mode, by", [(mode, by) for mode in ("signup", "verified") for by in ("link", "password")])
def test_the_welcome_mail_is_sent_once_at_the_time_chosen(postgres, appliance, mode, by):
    url, db = postgres.create_migrated()
    a, rows = appliance(roles="api", DATABASE_URL=url, WELCOME_MAIL=mode).wait_healthy(), db.cursor()

    def mails():
        rows.execute("SELECT template, to_address, vars ->> 'token' FROM wanzami.mail_outbox ORDER BY id")
        return rows.fetchall()

    assert a.post("/api/auth/signup", {"email": "Ada@example.com", "password": PASSWORD, "name": "Ada"}).status_code == 201
    assert [mail[:2] for mail in mails()] == [("verify", "Ada@example.com")] + [("welcome", "ada@example.com")] * (mode == "signup")
    for n in range(2):
        body, path = {"email": "ada@example.com", "token": mails()[0][2]}, "/api/auth/verify-email"
        if by == "password":
            assert a.post("/api/auth/forgot-password", {"email": "ada@example.com"}).status_code == 200
            body, path = {**body, "token": mails()[-1][2], "password": "New-password-%d" % n}, "/api/auth/reset-password"
        assert a.post(path, body).status_code == 200
        assert [mail[1] for mail in mails() if mail[0] == "welcome"] == ["ada@example.com"]
    rows.execute("DELETE FROM wanzami.mail_outbox")  # as mail-cleanup does
    assert a.post("/api/auth/forgot-password", {"email": "ada@example.com"}).status_code == 200
    assert a.post("/api/auth/reset-password", {"email": "ada@example.com", "token": mails()[-1][2], "password": "Other-password-1"}).status_code == 200
    assert [mail[0] for mail in mails()] == ["reset"]


def test_a_password_reset_ends_every_session(api):
    user(api)
    access = login(api).json()["accessToken"]
    assert api.post("/api/auth/forgot-password", {"email": "nobody@example.com"}).json() == \
        api.post("/api/auth/forgot-password", {"email": "ADA@example.com"}).json()
    api.db.execute("SELECT vars ->> 'token' FROM wanzami.mail_outbox WHERE template = 'reset'")
    (token,), = api.db.fetchall()
    body = {"email": "ada@example.com", "token": token, "password": "New-password-2"}
    assert api.post("/api/auth/reset-password", {**body, "password": "weakpassword"}).json()["message"].startswith("Password too weak")
    assert api.post("/api/auth/reset-password", {**body, "token": "sha256:" + hashlib.sha256(token.encode()).hexdigest()}).status_code == 400
    assert api.post("/api/auth/reset-password", body).status_code == 200
    assert api.post("/api/auth/reset-password", body).status_code == 400
    assert api.get("/api/auth/me", token=access).status_code == 401
    assert login(api).status_code == 401
    assert api.post("/api/auth/login", {"email": "ada@example.com", "password": "New-password-2"}).status_code == 200


def test_a_second_resend_within_two_minutes_sends_no_mail(api):
    user(api, verified=False)
    for _ in range(2):
        assert api.post("/api/auth/resend-verification", {"email": "Ada@example.com"}).status_code == 200
    assert api.post("/api/auth/resend-verification", {"email": "nobody@example.com"}).status_code == 200
    api.db.execute("SELECT count(*) FROM wanzami.mail_outbox WHERE to_address <> ''")
    assert api.db.fetchone()[0] == 1


def test_malformed_bodies_are_refused(api):
    path, json_type = "/api/auth/login", {"Content-Type": "application/json"}
    def post(data, **headers):
        return api.request("POST", path, data=data, headers={**json_type, **headers})
    for data in (b"{", b"[1,2", b'{"a":1,}', b'{"a":01}', b'{"a" 1}', b"\x00", b"  ", b'"text"', b"5", b"null", b'{"a":"\\ud800"}',
                 b'{"a":"\xff"}', b'{"a":"\x01"}', b'{"a":tru}', b'{} x', b'{"a":"', b"[" * 1000 + b"]" * 1000, b'{"a":+1}', b"{'a':1}", b'{"a":.5}'):
        r = post(data)
        assert r.status_code == 400 and r.json()["message"].startswith("The request body is not valid JSON"), data
    assert post(b'{"a":"\\u0000"}').json() == {"message": "Invalid request"}
    assert post(b"").json()["errors"]["fieldErrors"]["email"] == ["Required"]
    assert post(b"[]").json()["errors"]["formErrors"] == ["Expected object, received array"]
    assert post(b'{"a":"' + b"x" * 102400 + b'"}').status_code == 413
    assert post(b"x" * 2000000).status_code == 413
    assert post(b"{}", **{"Content-Type": "application/json; charset=latin1"}).status_code == 415
    assert post(b"{}", **{"Content-Encoding": "br"}).status_code == 415
    assert post(b"{}", **{"Content-Encoding": "gzip"}).status_code == 400
    import gzip
    assert post(gzip.compress(b'{"email":5}'), **{"Content-Encoding": "gzip"}).json()["errors"]["fieldErrors"]["email"] == ["Expected string, received number"]
    assert post(gzip.compress(b" " * 50000000), **{"Content-Encoding": "gzip"}).status_code == 413
    assert api.request("POST", "/nowhere", data=b"{", headers=json_type).status_code == 400
    assert api.healthy()


def raw(api, data):
    with socket.create_connection(("127.0.0.1", api.port), 5) as s:
        s.sendall(data)
        answer = b""
        while True:
            more = s.recv(65536)
            if not more:
                return answer
            answer += more


@pytest.mark.parametrize("head, status", [
    (b"GET /health HTTP/1.1\r\nHost: x\r\nAuthorization: \r\nX-Empty:\r\n", 200),
    (b"POST /api/auth/login HTTP/1.1\r\nHost: x\r\n", 400),
    (b"GET /health HTTP/1.1\r\nHost: x\r\n" + b"".join(b"X-H%d: v\r\n" % i for i in range(90)), 200),
    (b"GET /health HTTP/1.1\r\nHost: x\r\n" + b"X-Country: NG\r\n" * 40, 431),
    (b"GET /health HTTP/1.1\r\n", 400),
    (b"GET /health HTTP/1.1\r\nHost: x\r\nHost: y\r\n", 400),
    (b"GET /health HTTP/1.1\r\nHost: x\r\nnonsense\r\n", 400),
    (b"GET /health\r\nHost: x\r\n", 400),
    (b"BREW /health HTTP/1.1\r\nHost: x\r\n", 404),
    (b"GET /%s HTTP/1.1\r\nHost: x\r\n" % (b"x" * 3000), 414),
    (b"GET /health HTTP/1.1\r\nHost: x\r\nX-Long: %s\r\n" % (b"x" * 20000), 431),
    (b"POST /x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n", 501),
    (b"POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n", 400),
    (b"POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n", 400),
    (b"POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n", 413),
    (b"GET /api/titles/%zz HTTP/1.1\r\nHost: x\r\n", 400),
    (b"GET /api/titles/%ff HTTP/1.1\r\nHost: x\r\n", 400),
    (b"PATCH /api/user/profiles/%ed%a0%80 HTTP/1.1\r\nHost: x\r\n", 400),
    (b"GET /health HTTP/1.1\r\nHost: x\r\nUser-Agent: \xc3\xa9\xff\r\n", 200),
    (b"GET /health HTTP/1.1\r\nHost: x\r\nUser-Agent: \x01\r\n", 400),
    (b"GET /\xc3\xa9 HTTP/1.1\r\nHost: x\r\n", 400),
    (b"GET /health HTTP/1.1\r\nHost: x\r\nAccept-Language: en,\tfr\r\n", 200),
    (b"GET /api/auth/me HTTP/1.1\r\nHost: x\r\nAuthorization: Basic\tabc\r\n", 401),
    (b"POST /x HTTP/1.1\r\nHost: x\r\nContent-Length : 5\r\n", 400),
    (b"POST /x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding\t: chunked\r\n", 400),
    (b"GET /health HTTP/1.1\r\nHost: x\r\nX-Country: NG\r\n Content-Length: 5\r\n", 400),
], ids=range(26))
def test_malformed_and_oversized_headers_are_refused(service, head, status):
    workers = service.workers()
    answer = raw(service, head + b"Connection: close\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 %d " % status), answer
    assert b"access-control-allow-origin: *" in answer and b"application/json" in answer
    json.loads(answer.split(b"\r\n\r\n", 1)[1])
    assert service.healthy() and set(workers) <= set(service.workers())


@pytest.mark.parametrize("head, origin", [
    (b"Origin: http://app.test\r\nContent-Length: 999999\r\n", b"http://app.test"),
    (b"Content-Length: 999999\r\nAccept: x\r\nORIGIN:\t http://app.test \r\n", b"http://app.test"),
    (b"User-Agent: y  \r\nContent-Length: 999999\r\nOrigin: http://app.test\r\n", b"http://app.test"),
    (b"Content-Length: 999999\r\nOrigin: two words\r\n", b"*"), (b"Content-Length: 999999\r\nOrigin: http://%s\r\n" % (b"x" * 300), b"*"),
    (b"Content-Length: 999999\r\nOrigin:\r\n", b"*"), (b"Expect: tea\r\nOrigin: null\r\n", b"null")], ids=range(7))
def test_refusals_have_cors_headers(service, head, origin):
    answer = raw(service, b"POST /api/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n" + head + b"Connection: close\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 41") and b"\r\naccess-control-allow-origin: %s\r\n" % origin in answer, answer


def test_settings_keep_the_preferences_of_the_onboarding(api):
    user(api)
    access = login(api).json()["accessToken"]
    assert api.post("/api/auth/complete-onboarding", {"preferredGenres": ["Drama"], "heardFrom": "radio"}, token=access).json() == {"ok": True}
    assert api.post("/api/auth/complete-onboarding", {"preferredGenres": ["Comedy"]}, token=access).json() == {"ok": True}
    profile = api.get("/api/user/profiles", token=access).json()["profiles"][0]
    r = api.patch("/api/user/profiles/" + profile["id"], {"preferences": {"dataSaver": True}, "avatarUrl": ""}, token=access)
    assert r.json()["profile"]["preferences"] == {"dataSaver": True, "heardFrom": "radio", "preferredGenres": ["Comedy"]}
    api.db.execute('SELECT "userId", action, detail FROM "AdminAuditLog"')
    assert api.db.fetchone()[1:] == ("PROFILE_UPDATE", {"fields": ["avatarUrl", "preferences"]})


def test_malformed_ids_in_paths_get_400(api):
    user(api)
    access = login(api).json()["accessToken"]
    for bad, message in (("x", "Invalid profile id"), ("-1", "Invalid profile id"), ("0", "Missing profile id"), ("1" * 30, "Invalid profile id"),
                         ("%31x", "Invalid profile id")):
        r = api.delete("/api/user/profiles/" + bad, token=access)
        assert (r.status_code, r.json()["message"]) == (400, message)
    assert api.delete("/api/user/profiles/%39999999", token=access).json()["message"] == "Cannot delete the last profile"
    assert api.delete("/api/user/profiles/x").status_code == 401


def test_admin_create_creates_an_administrator(postgres):
    url, db = postgres.create_migrated()
    r = run("admin", "create", "--email", "Root@Example.com", "--name", "Root", DATABASE_URL=url)
    assert r.returncode == 0 and len(r.stdout.strip()) == 23
    with db.cursor() as c:
        c.execute('SELECT email, role, "emailVerified" FROM "User"')
        assert c.fetchone() == ("root@example.com", "SUPER_ADMIN", True)
    again = run("admin", "create", "--email", "root@example.com", "--name", "Root", stdin="Another-1\n", DATABASE_URL=url)
    assert again.returncode == 1 and "already" in again.stderr
    for bad in (["--email", "no"], ["--role", "USER"], ["--role", "OPS FINANCE"], ["--name", "x"]):
        args = ["--email", "a@b.co", "--name", "Name", *bad]
        assert run("admin", "create", *args, stdin="Another-1\n", DATABASE_URL=url).returncode == 1
    assert run("admin", "create", "--email", "ops@example.com", "--name", "Ops", "--role", "OPS", stdin="short\n", DATABASE_URL=url).returncode == 1
    assert run("admin", "create", "--email", "ops@example.com", "--name", "Ops", "--role", "OPS", stdin="Another-1\n", DATABASE_URL=url).stdout == ""


def test_users_stay_signed_in_when_the_secrets_change(postgres, appliance, tmp_path):
    """First from secrets that are too short for this service, then to others; the first ones end."""
    url, db = postgres.create_migrated()
    old, new = {"JWT_ACCESS_SECRET": "a" * 9, "JWT_REFRESH_SECRET": "r" * 9}, {"JWT_ACCESS_SECRET": "A" * 40, "JWT_REFRESH_SECRET": "R" * 40}
    previous = {name + "_PREVIOUS": value for name, value in old.items()}
    media = {"MEDIA_DIR": str(tmp_path), "DATABASE_URL": url}
    a = appliance(roles="api", WANZAMI_ENV="development", **media, **old).wait_healthy()
    a.db = db.cursor()
    me = user(a)
    before = login(a).json()
    a.db.execute("""INSERT INTO "Title" ("type", "name", "isPpv", "trailerUrl", "updatedAt") VALUES ('MOVIE', 'T', true, 's3://local/preview-1/x', now()) RETURNING "id" """)
    title = a.db.fetchone()[0]
    a.db.execute("""INSERT INTO "AssetVersion" ("titleId", "rendition", "url", "status", "updatedAt") VALUES (%s, 'R360', 's3://local/vod/x', 'READY', now())""", (title,))
    gate = a.get("/api/titles/%d" % title).json()["title"]["assetVersions"][0]["url"].split("/api/", 1)[1]
    signed = a.get("/api/titles/%d" % title).json()["title"]["trailerUrl"].split("/", 3)[3]
    a.stop()

    def statuses(b, tokens):
        return (b.get("/api/auth/me", token=tokens["accessToken"]).status_code, b.get("/api/" + gate, allow_redirects=False).json()["message"], b.get("/" + signed).status_code)

    b = appliance(roles="api", **media, **new, **previous).wait_healthy()
    assert statuses(b, before) == (200, "Purchase required to access this title.", 404)
    after = b.post("/api/auth/refresh", {"refreshToken": before["refreshToken"]}).json()
    for kind, secret in (("accessToken", "JWT_ACCESS_SECRET"), ("refreshToken", "JWT_REFRESH_SECRET")):
        assert after[kind] == sign_again(after[kind], new[secret]) and claims(after[kind])["userId"] == str(me)
    b.stop()
    c = appliance(roles="api", **media, **new).wait_healthy()
    assert statuses(c, before) == (401, "The URL is not valid or has expired", 403) and c.get("/api/auth/me", token=after["accessToken"]).status_code == 200
    assert c.post("/api/auth/refresh", {"refreshToken": before["refreshToken"]}).status_code == 401
    assert c.post("/api/auth/refresh", {"refreshToken": after["refreshToken"]}).status_code == 200


def sign_again(token, secret):
    head = token.rsplit(".", 1)[0]
    return head + "." + base64.urlsafe_b64encode(hmac.new(secret.encode(), head.encode(), hashlib.sha256).digest()).rstrip(b"=").decode()


@pytest.mark.parametrize("change, complaint", [
    ({"JWT_ACCESS_SECRET": ""}, "JWT_ACCESS_SECRET is not set"), ({"JWT_REFRESH_SECRET": "refresh-secret"}, "JWT_REFRESH_SECRET is not set"),
    ({"JWT_ACCESS_SECRET": "x" * 31}, "too short"), ({"JWT_ACCESS_SECRET": SECRETS["JWT_REFRESH_SECRET"]}, "the same"),
    ({"JWT_ACCESS_SECRET_PREVIOUS": "access-secret"}, "JWT_ACCESS_SECRET_PREVIOUS is the built-in default"), ({"JWT_ACCESS_SECRET_PREVIOUS": SECRETS["JWT_REFRESH_SECRET"]}, "the same"),
    ({"JWT_REFRESH_SECRET_PREVIOUS": "refresh-secret"}, "JWT_REFRESH_SECRET_PREVIOUS is the built-in default"), ({"JWT_REFRESH_SECRET_PREVIOUS": SECRETS["JWT_ACCESS_SECRET"]}, "the same"),
    ({"JWT_ACCESS_SECRET_PREVIOUS": "short", "JWT_REFRESH_SECRET_PREVIOUS": "short"}, "the same"),
    ({"ACCESS_TOKEN_EXPIRES_IN": "3600"}, "ACCESS_TOKEN_EXPIRES_IN"), ({"REFRESH_TOKEN_EXPIRES_IN": "1y"}, "REFRESH_TOKEN_EXPIRES_IN")])
def test_invalid_secrets_and_lifetimes_prevent_the_start(change, complaint):
    r = run(DATABASE_URL="postgresql://x@127.0.0.1:1/x", PORT=1, **{**SECRETS, **change})
    assert r.returncode == 1 and complaint in r.stderr and r.stderr.count("\n") == 1


def test_the_log_has_requests_and_users_and_no_secrets(api):
    me = user(api)
    answer = login(api).json()
    api.get("/api/auth/me?token=in-the-query", token=answer["accessToken"], headers={"X-Request-Id": "balancer-42"})
    api.stop()
    lines = [line for line in api.log_lines() if line["msg"] == "request" and line["path"] != "/health"]
    assert [(x["method"], x["path"], x["status"], x.get("user")) for x in lines] == [
        ("POST", "/api/auth/login", 200, None), ("GET", "/api/auth/me", 200, str(me))]
    assert lines[1]["id"] == "balancer-42" and len(lines[0]["id"]) == 16 and lines[0]["ms"] >= 0
    with open(api.log_path) as f:
        text = f.read()
    for secret in (PASSWORD, answer["accessToken"], answer["refreshToken"], "in-the-query", hash_of(PASSWORD)):
        assert secret not in text
