"""Login with Google (docs/compatibility.md#google), against a fake server with Google's API."""
import concurrent.futures
import urllib.parse

import pytest
import requests

from conftest import wait_for
from gateways import Gateways
from test_auth import PASSWORD, login, user


class App:
    """The API and the browser of a viewer who consents at Google."""

    def __init__(self, a, db, gateways):
        self.a, self.db, self.gateways = a, db.cursor(), gateways
        self.get, self.post, self.codes = a.get, a.post, 0

    def rows(self, sql, values=None):
        self.db.execute(sql, values)
        return self.db.fetchall()

    def url(self, status=200, **query):
        r = self.get("/api/auth/google/url", params=query)
        assert r.status_code == status, r.text
        return r.json()["url" if status == 200 else "message"]

    def state(self):
        return urllib.parse.parse_qs(urllib.parse.urlsplit(self.url()).query)["state"][0]

    def consent(self, **person):
        """Returns the authorization code that Google issues after consent."""
        self.codes += 1
        code = "4/0A code & more %d" % self.codes
        self.gateways.people[code] = {"sub": "1", "email": "Gus@Gmail.example", "email_verified": True, "name": "Gus G.", **person}
        return code

    def callback(self, status=200, code=None, state=None, headers={}, **body):
        r = self.post("/api/auth/google/callback", {"code": code or self.consent(), "state": state or self.state(), **body}, headers=headers)
        assert r.status_code == status, r.text
        return r.json()


@pytest.fixture
def open_app(postgres, appliance, gateways):
    url, db = postgres.create_migrated()
    return lambda **env: App(appliance(roles="api", DATABASE_URL=url, **{"WORKERS": 2, **gateways.env(), **env}).wait_healthy(), db, gateways)


@pytest.fixture
def app(open_app):
    return open_app()


def test_a_new_user_logs_in_twice(app, gateways):
    url = urllib.parse.urlsplit(app.url())
    query = urllib.parse.parse_qsl(url.query)
    assert url.path == "/o/oauth2/v2/auth" and query[:-1] == [
        ("client_id", Gateways.google_id), ("redirect_uri", "https://app.example/auth/google/callback"), ("response_type", "code"),
        ("scope", "openid email profile"), ("access_type", "offline"), ("prompt", "consent")]
    assert "scope=openid+email+profile" in url.query and query[-1][0] == "state"
    code = app.consent()
    first = app.callback(code=code, state=query[-1][1], headers={"cf-ipcountry": "ng"})
    assert set(first) == {"accessToken", "refreshToken", "deviceId", "needsOnboarding"} and first["needsOnboarding"] is True
    method, path, headers, body = [q for q in gateways.requests if q[1] == "/token"][0]
    assert (method, headers["Content-Type"]) == ("POST", "application/x-www-form-urlencoded") and urllib.parse.parse_qsl(body.decode()) == [
        ("code", code), ("client_id", Gateways.google_id), ("client_secret", Gateways.google_secret),
        ("redirect_uri", "https://app.example/auth/google/callback"), ("grant_type", "authorization_code")]
    me = app.get("/api/auth/me", token=first["accessToken"]).json()
    assert (me["user"]["email"], me["user"]["name"], me["user"]["role"]) == ("gus@gmail.example", "Gus G.", "USER")
    assert [(p["name"], p["country"], p["preferences"]) for p in me["profiles"]] == [("Gus G.", "NG", None)]
    assert app.rows("SELECT to_address, template, vars FROM wanzami.mail_outbox") == [("gus@gmail.example", "welcome", {"name": "Gus G."})]
    (password, verified), = app.rows('SELECT password, "emailVerified" FROM "User"')
    assert password.startswith("$2a$10$") and verified
    assert app.post("/api/auth/complete-onboarding", {"preferredGenres": ["Drama"]}, token=first["accessToken"]).status_code == 200
    second = app.callback(code=app.consent(name="Renamed"))
    assert second["needsOnboarding"] is False and second["deviceId"] != first["deviceId"]
    assert app.post("/api/auth/refresh", {"refreshToken": second["refreshToken"]}).status_code == 200
    assert app.rows('SELECT name, password FROM "User"') == [("Gus G.", password)]
    assert app.rows('SELECT (SELECT count(*) FROM "Profile"), (SELECT count(*) FROM wanzami.mail_outbox), (SELECT count(*) FROM "Device")') == [(1, 1, 2)]
    # A code can be used once; Google refuses the second use.
    assert app.callback(400, code=code) == {"message": "invalid_grant"}


def test_a_profile_without_a_name_uses_the_email_address(app):
    app.callback(code=app.consent(name=None))
    assert app.rows('SELECT u.name, p.name, p.country FROM "User" u JOIN "Profile" p ON p."userId" = u.id') == [("gus@gmail.example", "Primary", "UNKNOWN")]


def test_a_verified_account_is_logged_in_unchanged(app):
    me = user(app, "gus@gmail.example")
    token = login(app, "gus@gmail.example").json()["accessToken"]
    app.db.execute('DELETE FROM "Profile"')
    assert app.callback()["needsOnboarding"] is True
    assert app.get("/api/auth/me", token=token).status_code == 200 and login(app, "gus@gmail.example").status_code == 200
    assert app.rows('SELECT "userId", name FROM "Profile"') == [(me, "Gus G.")] and app.rows("SELECT FROM wanzami.mail_outbox") == []


@pytest.mark.parametrize("mode", ["signup", "verified"])
def test_an_unverified_account_loses_its_password_sessions_and_tokens(open_app, mode):
    app = open_app(WELCOME_MAIL=mode)
    me = user(app, "gus@gmail.example", verified=False)
    app.db.execute("""UPDATE "User" SET "verificationToken" = 'known', "verificationTokenExpires" = now() + interval '1 day', "resetToken" = 'known',
        "resetTokenExpires" = now() + interval '1 hour'""")
    app.db.execute('INSERT INTO "Session" ("userId", "deviceId", "refreshToken", "expiresAt") VALUES (%s, \'theirs\', \'x\', now() + interval \'1 day\')', (me,))
    signed_in = app.callback()
    assert login(app, "gus@gmail.example").status_code == 401
    for path, body in (("verify-email", {"token": "known"}), ("reset-password", {"token": "known", "password": PASSWORD})):
        assert app.post("/api/auth/" + path, {"email": "gus@gmail.example", **body}).status_code == 400
    assert app.rows('SELECT "deviceId" FROM "Session"') == [(signed_in["deviceId"],)]
    assert app.rows('SELECT id, "emailVerified" FROM "User"') == [(me, True)]
    assert app.rows("SELECT template, to_address FROM wanzami.mail_outbox") == [("welcome", "gus@gmail.example")] * (mode == "verified")


@pytest.mark.parametrize("person", [{"email_verified": False}, {"email_verified": None}, {"email_verified": "false"}, {"email": None}, {"email": ""}, {"email": 5},
                                    {"email": "no address"}, {"email": "a@b.co\nx"}])
def test_a_profile_without_a_verified_email_address_is_refused(app, person):
    assert app.callback(400, code=app.consent(**person)) == {"message": "Google profile missing email"}
    assert app.rows('SELECT FROM "User"') == []


def test_a_forged_state_is_refused(app, gateways):
    good = app.state()
    text, end, mac = good.split(".")
    for state in ("made-up", "..", text, "%s.%x.%s" % (text, int(end, 16) + 1, mac), "%s.%s.%s" % (text, end, "0" * len(mac)), good + "0", "x" * 9000, 5, None, [], {"a": 1}, ""):
        r = app.post("/api/auth/google/callback", {"code": app.consent(), "state": state})
        assert (r.status_code, r.json()) == (400, {"message": "Google auth failed"}), state
    assert app.post("/api/auth/google/callback", {"code": "x"}).json() == {"message": "Google auth failed"}
    assert gateways.requests == [] and app.rows('SELECT FROM "User"') == []


def state_of(r):
    return urllib.parse.parse_qs(urllib.parse.urlsplit(r.json()["url"]).query)["state"][0]


@pytest.mark.parametrize("proto", ["http", "https"])
def test_a_state_is_bound_to_the_browser_of_the_same_origin(open_app, proto):
    """Signs nobody in with the state, and so the account, of somebody else (RFC 6749 section 10.12)."""
    app = open_app(TRUSTED_PROXIES="127.0.0.0/8")
    headers = {"x-forwarded-proto": proto, "x-forwarded-for": "192.0.2.1", "sec-fetch-site": "same-origin"}

    def url(cookie=None):
        r = app.get("/api/auth/google/url", headers={**headers, **({"cookie": cookie} if cookie else {})})
        name, *attributes = r.headers["set-cookie"].split("; ")
        assert attributes == ["Path=/api/auth/google", "Max-Age=1800", "HttpOnly", "SameSite=Lax"] + ["Secure"] * (proto == "https")
        return name, state_of(r)

    def callback(status, state, cookie=None, **more):
        r = app.callback(status, state=state, headers={**headers, **({"cookie": cookie} if cookie else {}), **more})
        assert status == 200 or r == {"message": "Google auth failed"}

    mine, state = url()
    attacker, theirs = url()
    assert mine != attacker
    again, second = url("theme=dark; %s; lang=en" % mine)
    assert again == mine and second != state, "two tabs share the cookie"
    callback(400, theirs, mine)
    callback(400, theirs)
    callback(400, state, attacker)
    for odd in ("wanzami_google=", "wanzami_google", "xwanzami_google=%s" % mine.split("=")[1], mine + "0", mine[:-1], mine.replace("=", "=z", 1), ";;; ;", mine.upper()):
        callback(400, state, odd)
    callback(200, state, mine)
    callback(200, second, "a=b;%s" % mine)
    # Without credentials the browser of an app on another origin sends no cookie, and says so.
    callback(200, theirs, **{"sec-fetch-site": "cross-site"})
    callback(200, theirs, **{"sec-fetch-site": "same-site"})
    callback(400, theirs, mine, **{"sec-fetch-site": "same-site"})


def test_redirect_uris_are_checked_against_the_configuration(open_app, gateways):
    app = open_app()
    other = "https://app.example/oauth/google/callback"
    assert "redirect_uri=" + urllib.parse.quote_plus(other) in app.url(redirectUri=other)
    app.callback(redirectUri=other)
    assert ("redirect_uri", other) in urllib.parse.parse_qsl([q for q in gateways.requests if q[1] == "/token"][0][3].decode())
    for fine in ("http://localhost:3000/oauth/google/callback", "http://127.0.0.1/x", ""):
        app.url(redirectUri=fine)
    bad = ("https://evil.example/oauth/google/callback", "https://app.example.evil.example/oauth/google/callback", other + "/more", other + "?x", "http://localhost.evil.example/",
           "http://localhost:3000@evil.example/", "http://localhost", "javascript:alert(1)", "x" * 1500, "https://app.example")
    for redirect in bad:
        assert app.url(400, redirectUri=redirect) == "Invalid redirect URI", redirect
        assert app.callback(400, redirectUri=redirect) == {"message": "Invalid redirect URI"}
    app.a.close()
    live = app.a.__class__(app.a.log_path.rsplit("/", 1)[0], **{**app.a.env, "WANZAMI_ENV": "production", "MEDIA_DIR": "/tmp"}).wait_healthy()
    try:
        r = live.get("/api/auth/google/url", params={"redirectUri": "http://localhost:3000/oauth/google/callback"})
        assert (r.status_code, r.json()) == (400, {"message": "Invalid redirect URI"})
    finally:
        live.close()


@pytest.mark.parametrize("body", [{}, [], {"code": ""}, {"code": None}, {"code": 0}, {"code": False}, {"code": ["x"]}])
def test_a_callback_without_a_code_is_refused(app, body):
    r = app.post("/api/auth/google/callback", body)
    assert (r.status_code, r.json()) == (400, {"message": "Missing code"})


@pytest.mark.parametrize("unset, url", [("GOOGLE_CLIENT_ID", 500), ("GOOGLE_REDIRECT_URI", 500), ("GOOGLE_CLIENT_SECRET", 200)])
def test_without_configuration_google_login_is_refused(open_app, unset, url):
    app = open_app(**{unset: ""})
    r = app.get("/api/auth/google/url")
    assert r.status_code == url and (url == 200 or r.json() == {"message": "Google OAuth not configured"})
    r = app.post("/api/auth/google/callback", {"code": "x"})
    assert (r.status_code, r.json()) == (400, {"message": "Google OAuth not configured"})


@pytest.mark.parametrize("status, body, message", [
    (400, b'{"error":"invalid_grant"}', "invalid_grant"), (400, b"<html>", "Google token exchange failed"), (503, b"", "Google token exchange failed"),
    (400, b'{"error":{"code":400}}', "Google token exchange failed"), (400, b'{"error":"<script>\\"\\\\"}', "Google token exchange failed"),
    (400, b'{"error":"' + b"x" * 500 + b'"}', "Google token exchange failed"), (200, b"", "Google auth failed"), (200, b"{}", "Google auth failed"), (200, b"[]", "Google auth failed"),
    (200, b'{"access_token":5}', "Google auth failed"), (200, b'{"access_token":"t', "Google auth failed"), (200, b"x" * 100000, "Google auth failed"),
    (302, b"", "Google token exchange failed")])
def test_malformed_responses_of_google_are_handled(app, gateways, status, body, message):
    state = app.state()
    gateways.say(status, body)
    assert app.callback(400, code="x", state=state) == {"message": message}
    assert app.rows('SELECT FROM "User"') == []


def test_a_token_that_google_refuses_fails_the_login(app, gateways):
    gateways.tokens.clear()
    kept, gateways._token = gateways._token, lambda form: (200, {"access_token": "gone", "token_type": "Bearer"})
    assert app.callback(400) == {"message": "Failed to fetch Google profile"}
    gateways._token = kept
    app.callback()


def test_a_google_server_that_is_down_or_slow_delays_no_other_request(app, gateways):
    state = app.state()
    gateways.stop()
    assert app.callback(400, code="x", state=state) == {"message": "Google auth failed"}
    gateways.start()
    user(app)
    state, codes = app.state(), [app.consent(email="p%d@gmail.example" % n) for n in range(8)]
    gateways.hold()
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        people = [pool.submit(app.callback, code=code, state=state) for code in codes]
        wait_for(lambda: gateways.waiting == 8, "eight requests to reach Google")
        assert login(app).status_code == 200
        with pytest.raises(requests.Timeout):
            app.a.post("/api/auth/google/callback", {"code": app.consent(), "state": state}, timeout=0.5)
        gateways.release()
        assert len({p.result()["deviceId"] for p in people}) == 8
    wait_for(lambda: gateways.waiting == 0, "the last request to end")
    assert app.rows('SELECT count(*) FROM "User" WHERE email LIKE \'p%\'') == [(8,)]


def test_concurrent_first_logins_create_one_account(app):
    state = app.state()
    codes = [app.consent() for _ in range(20)]
    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda code: app.post("/api/auth/google/callback", {"code": code, "state": state}), codes))
    assert {r.status_code for r in answers} <= {200, 400} and any(r.status_code == 200 for r in answers)
    assert {r.json()["message"] for r in answers if r.status_code == 400} <= {"Google auth failed"}
    assert app.rows('SELECT (SELECT count(*) FROM "User"), (SELECT count(*) FROM "Profile"), (SELECT count(*) FROM wanzami.mail_outbox)') == [(1, 1, 1)]
