"""Rate limits (docs/compatibility.md#limits-on-attempts): one count for all processes in Valkey; while Valkey is down each process has its
own."""
import concurrent.futures
import hashlib
import json
import os
import pathlib
import signal

import pytest

from accounts import Account, call_concurrently, hash_of
from conftest import run, wait_for
from test_auth import PASSWORD

ROOT = pathlib.Path(__file__).resolve().parents[2]
TOO_MANY = {"message": "Too many requests. Please wait a bit and try again."}


@pytest.fixture
def api(world):
    world.env = {**world.env, "WANZAMI_ENV": "production", "WORKERS": "2"}
    world.a = world.start(roles="api")
    world.ada = Account(world, email="ada@example.com")
    world.rows('UPDATE "User" SET password = %s', (hash_of(PASSWORD),))
    return world


def login(a, password, email="ada@example.com", path="/api/auth/login", address="198.51.100.1"):
    return a.post(path, {"email": email, "password": password, "deviceId": "tv"}, headers={"X-Forwarded-For": address}).status_code


def keys(api):
    return {k: api.keyvalue.command("TTL", k) for k in (k.decode() for k in api.keyvalue.command("KEYS", "*")) if "limit:" in k}


def test_failed_logins_are_counted_across_processes(api):
    two = [api.a, api.start(roles="api")]
    for n in range(15):
        assert login(two[n % 2], PASSWORD) == 200, "a successful login is not counted"
    answers = [login(two[n % 2], "not the one", ("ada@example.com", "ADA@Example.COM")[n % 3 == 0]) for n in range(14)]
    assert answers == [401] * 10 + [429] * 4
    r = two[1].post("/api/auth/login", {"email": "ada@example.com", "password": PASSWORD}, headers={"X-Forwarded-For": "198.51.100.1"})
    assert (r.status_code, r.json()) == (429, TOO_MANY)
    assert login(two[0], PASSWORD, path="/api/admin/login") == 429, "both login routes share the count of an account"
    assert login(two[0], "not the one", "nobody@example.com") == 401, "other accounts are not locked out"
    found = keys(api)
    assert found and all(k.startswith("{q}limit:") and 0 < ttl <= 86400 and "@" not in k for k, ttl in found.items()), found


def test_concurrent_attempts_do_not_exceed_the_limit(api):
    answers = call_concurrently(lambda n: login(api.a, "guess number %d" % n))
    assert answers.count(401) <= 10 and answers.count(401) + answers.count(429) == 50, answers


def test_each_lockout_lasts_longer(api):
    lasts = []
    for _ in range(4):
        assert [login(api.a, "not the one") for _ in range(11)] == [401] * 10 + [429]
        expected = 900 * min(2 ** len(lasts), 4)
        key = wait_for(lambda: next((k for k, ttl in keys(api).items() if k.startswith("{q}limit:login:") and expected - 60 < ttl <= expected), None),
                       "a lock-out of %d seconds" % expected)
        lasts.append(expected)
        api.keyvalue.command("DEL", key)  # as if the lockout had expired
    assert login(api.a, PASSWORD) == 200


def test_without_valkey_each_process_counts_alone(api):
    api.a.stop()
    api.env["WORKERS"] = "1"
    a = api.start(roles="api")
    api.keyvalue.kill()
    wait_for(lambda: a.get("/health/ready").json()["valkey"]["state"] == "down", "the process to report Valkey as down")
    for _ in range(12):
        assert login(a, PASSWORD) == 200
    assert [login(a, "not the one") for _ in range(12)] == [401] * 10 + [429] * 2
    assert login(a, "not the one", "nobody@example.com") == 401
    api.keyvalue.ensure()
    wait_for(lambda: a.get("/health/ready").json()["valkey"]["state"] == "up", "the process to report Valkey as up")
    assert login(a, PASSWORD) == 200


def test_an_unresponsive_valkey_fails_no_login(api):
    os.kill(api.keyvalue.processes[0].pid, signal.SIGSTOP)
    try:
        assert [login(api.a, PASSWORD) for _ in range(3)] == [200] * 3
    finally:
        os.kill(api.keyvalue.processes[0].pid, signal.SIGCONT)


def test_other_routes_with_a_limit(api):
    for path, body in (("/api/auth/forgot-password", {}), ("/api/auth/resend-verification", {}), ("/api/auth/verify-email", {"token": "x"}),
                       ("/api/auth/reset-password", {"token": "x", "password": PASSWORD}), ("/api/auth/signup", {"password": PASSWORD, "name": "Ada"}),
                       ("/api/admin/invitations/accept", {"token": "x", "name": "Ada", "password": PASSWORD})):
        answers = [api.a.post(path, {"email": "limited@example.com", **body}).status_code for _ in range(12)]
        assert 429 not in answers[:10] and answers[10:] == [429, 429], (path, answers)


def digest(text):
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def set_failed_logins(api, count, email="ada@example.com"):
    """Sets the count of failed logins from networks unknown to the account."""
    api.keyvalue.command("SET", "{q}limit:login:%s:" % digest(email), count, "EX", 86400)


def failed_logins(api, email="ada@example.com"):
    return int(api.keyvalue.command("GET", "{q}limit:login:%s:" % digest(email)) or 0)


LIMITS = json.loads(run("docs", "limits").stdout)


def test_a_lockout_applies_to_one_network(api):
    assert [login(api.a, "not the one", address="203.0.113.7") for _ in range(11)] == [401] * 10 + [429]
    assert login(api.a, PASSWORD, address="203.0.113.7") == 429
    assert login(api.a, PASSWORD, address="198.51.100.1") == 200
    assert login(api.a, PASSWORD, address="198.51.100.2", path="/api/admin/login") == 403, "a viewer with the right password"
    assert failed_logins(api) == 11, "ten failed attempts and one refused; further refused attempts and the owner's logins are not counted"


def test_attempts_from_many_networks_are_limited_and_known_networks_are_not(api):
    most = LIMITS["login"]["account"]["most"]
    assert login(api.a, PASSWORD, address="198.51.100.1") == 200
    assert login(api.a, PASSWORD, address="2001:db8:1:1::1") == 200
    set_failed_logins(api, most - 1)
    assert login(api.a, "not the one", address="203.0.113.1") == 401
    assert [login(api.a, PASSWORD, address="203.0.113.%d" % n) for n in range(2, 5)] == [429] * 3
    assert [login(api.a, PASSWORD, address=address) for address in ("198.51.100.1", "2001:db8:1:1:ffff::9")] == [200, 200]
    assert [login(api.a, "not the one") for _ in range(11)] == [401] * 10 + [429], "a known network has its own limit of ten"
    assert login(api.a, PASSWORD, "nobody@example.com", address="203.0.113.2") == 401, "other accounts are not affected"
    assert 0 < api.keyvalue.command("TTL", "{q}known:%s:%s" % (digest("ada@example.com"), digest("198.51.100.1"))) <= LIMITS["knownSeconds"]


def test_a_password_reset_makes_a_new_network_known(api):
    set_failed_logins(api, LIMITS["login"]["account"]["most"])
    assert login(api.a, PASSWORD, address="203.0.113.9") == 429
    api.rows("""UPDATE "User" SET "resetToken" = 'sha256:' || encode(sha256('link'), 'hex'), "resetTokenExpires" = now() + interval '1 hour'""")
    def reset(token, address="203.0.113.9"):
        return api.a.post("/api/auth/reset-password", {"email": "ada@example.com", "token": token, "password": PASSWORD},
                          headers={"X-Forwarded-For": address}).status_code
    assert [reset("wrong") for _ in range(11)] == [400] * 10 + [429]
    assert reset("wrong", "203.0.113.10") == 400, "each network has its own limit of ten"
    assert reset("link") == 200
    assert login(api.a, PASSWORD, address="203.0.113.9") == 200
    assert login(api.a, PASSWORD, address="203.0.113.10") == 429


def test_a_verification_link_works_during_a_lockout(api):
    api.rows("""UPDATE "User" SET "emailVerified" = false, "verificationToken" = 'sha256:' || encode(sha256('link'), 'hex'),
        "verificationTokenExpires" = now() + interval '1 hour'""")
    def verify(token):
        return api.a.post("/api/auth/verify-email", {"email": "ada@example.com", "token": token}).status_code
    assert [verify("wrong") for _ in range(11)] == [400] * 10 + [429]
    assert verify("link") == 200


def test_many_failed_attempts_delay_only_unknown_networks(api):
    assert login(api.a, PASSWORD, address="198.51.100.1") == 200
    set_failed_logins(api, LIMITS["login"]["account"]["most"] - 10)
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        slow = pool.submit(login, api.a, PASSWORD, address="203.0.113.1")
        wait_for(lambda: failed_logins(api) == LIMITS["login"]["account"]["most"] - 9, "the attempt of an unknown network to be counted")
        assert login(api.a, PASSWORD, address="198.51.100.1") == 200
        assert not slow.done(), "the unknown network is delayed, the known one is not"
        assert slow.result() == 200
    wait_for(lambda: failed_logins(api) == LIMITS["login"]["account"]["most"] - 10, "the successful login to be uncounted")


def test_admin_unlock_removes_the_counts_of_an_account(api):
    assert [login(api.a, "not the one", address="203.0.113.%d" % (n // 11)) for n in range(22)] == ([401] * 10 + [429]) * 2
    assert login(api.a, "not the one", "eve@example.com", address="203.0.113.0") == 401
    set_failed_logins(api, LIMITS["login"]["account"]["most"])
    before = keys(api)
    out = run("admin", "unlock", "--email", "ADA@example.com", REDIS_URL=api.keyvalue.url)
    assert out.returncode == 0 and "ada@" in out.stdout.lower(), (out.stdout, out.stderr)
    gone = set(before) - set(keys(api))
    assert gone and all(digest("ada@example.com") in k for k in gone) and not any(digest("ada@example.com") in k for k in keys(api))
    assert any(digest("eve@example.com") in k for k in keys(api))
    assert login(api.a, PASSWORD, address="203.0.113.0") == 200
    assert run("admin", "unlock", REDIS_URL=api.keyvalue.url).returncode == 1
    assert run("admin", "unlock", "--email", "ada@example.com", REDIS_URL="redis://127.0.0.1:1").returncode == 1


def test_attempts_per_day_match_the_document():
    text = " ".join((ROOT / "docs/limits.md").read_text().split())
    login_limits, day = LIMITS["login"], 86400
    one = day // login_limits["pair"]["seconds"] * login_limits["pair"]["most"]
    together = day // login_limits["account"]["seconds"] * login_limits["account"]["most"]
    assert "One network can test at most %d passwords a day." % one in text
    assert "can test at most %d a day together. Each known network can test at most %d more." % (together, one) in text
    assert one < together, "one network alone cannot reach the account's limit"
    assert "After %d failures in a day" % LIMITS["slowAfter"] in text and "for every %d further failures, and %d seconds at most; above %d failures" % (
        LIMITS["slowStep"], LIMITS["slowMaxSeconds"], together) in text
    assert "during the last %d days" % (LIMITS["knownSeconds"] // day) in text
    assert "| %d failed in %d minutes | %d a minute |" % (login_limits["pair"]["most"], login_limits["pair"]["seconds"] // 60, login_limits["network"]["most"]) in text
    assert "| signup | %d in %d minutes | `SIGNUPS_PER_HOUR`, %d an hour |" % (
        LIMITS["signup"]["pair"]["most"], LIMITS["signup"]["pair"]["seconds"] // 60, LIMITS["signup"]["network"]["most"]) in text
    assert "| refresh | %d in %d minutes | %d a minute |" % (LIMITS["refresh"]["pair"]["most"], LIMITS["refresh"]["pair"]["seconds"] // 60, LIMITS["refresh"]["network"]["most"]) in text


def ticket(api, email, **headers):
    return api.a.post("/api/support/tickets", {"email": email}, headers=headers).status_code


def test_tickets_are_limited_per_email_and_network(api):
    assert [ticket(api, e) for e in ("a@x.test", " A@x.test", "a@X.TEST ", "a@x.test", "a@x.test", "a@x.test")] == [201] * 5 + [429]
    assert [ticket(api, 5) for _ in range(6)] == [400] * 5 + [429], "a ticket that is refused later is counted, too"
    assert [ticket(api, e) for e in (None, "", "  ", "", "", "", "")] == [429] + [400] * 5 + [429], "a missing and an empty e-mail address have separate counts"
    answers = [ticket(api, "n%d@x.test" % n) for n in range(100)]
    assert answers[:81] == [201] * 81 and answers[-1] == 429, "a hundred per hour and IP address"
    assert api.rows('SELECT count(*) FROM "SupportTicket"')[0][0] == 5 + answers.count(201)


def test_sign_ups_are_limited_per_network(world):
    """A sign-up mails an address that a stranger may have chosen. The count is one for all processes; a network of IPv6 is a /64."""
    world.env = {**world.env, "WANZAMI_ENV": "production", "SIGNUPS_PER_HOUR": "3"}
    two = [world.start(roles="api"), world.start(roles="api")]
    def sign(n, address):
        body = {"email": "n%d@example.com" % n, "password": PASSWORD, "name": "Ada"}
        return two[n % 2].post("/api/auth/signup", body, headers={"X-Forwarded-For": address}).status_code
    assert [sign(n, "198.51.100.1") for n in range(5)] == [201] * 3 + [429] * 2
    assert sign(5, "198.51.100.2") == 201, "another network"
    assert [sign(n, "2001:db8:1:1::%x" % n) for n in range(10, 14)] == [201] * 3 + [429]
    assert world.rows("SELECT count(DISTINCT to_address) FROM wanzami.mail_outbox") == [(7,)], "nobody else gets a mail"


def test_an_ipv6_network_of_64_bits_is_one_client(api):
    """A host chooses its lower 64 bits itself."""
    def from_address(address):
        return ticket(api, "a@x.test", **{"X-Forwarded-For": address})
    assert [from_address("2001:db8:1:1::%x" % n) for n in range(5)] == [201] * 5
    assert from_address("2001:db8:1:1:ffff:ffff:ffff:ffff") == 429
    assert from_address("2001:db8:1:2::1") == 201
    assert [from_address("198.51.100.%d" % n) for n in range(6)] == [201] * 6, "each IPv4 address is a client of its own"


def test_wanzami_env_test_raises_all_limits_except_tickets(api):
    api.a.stop()
    api.a = api.start(roles="api", WANZAMI_ENV="test")
    assert [login(api.a, "not the one") for _ in range(12)] == [401] * 12
    assert [ticket(api, "a@x.test") for _ in range(6)] == [201] * 5 + [429]


def test_routes_without_a_limit():
    routes = {(r["method"], r["path"]): r for r in json.loads(run("docs", "routes").stdout)}
    for route in (("GET", "/api/admin/uploads"), ("PATCH", "/api/admin/uploads/:jobId/progress"), ("POST", "/api/events")):
        match = [r for key, r in routes.items() if key[0] == route[0] and key[1].split("/:")[0] == route[1].split("/:")[0] and key[1].count("/") == route[1].count("/")]
        assert len(match) == 1 and match[0]["limit"] is None, route
