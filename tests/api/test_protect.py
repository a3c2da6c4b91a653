"""Limits and timeouts for clients: a client that is slow, sends too much or opens too many connections affects no other client."""
import os
import re
import select
import socket
import threading
import time

import pytest
import requests

from accounts import call_concurrently, bearer
from editor import Api
from services import SECRETS, run, wait_for

LONG = {"HEADER_TIMEOUT_SEC": 60, "BODY_TIMEOUT_SEC": 60, "STALL_TIMEOUT_SEC": 60, "KEEPALIVE_SEC": 60}
POST = b"POST /api/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
HEALTH = b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n"


def connect(a, **options):
    s = socket.socket()
    for name, value in options.items():
        s.setsockopt(socket.SOL_SOCKET, getattr(socket, name), value)
    s.settimeout(60)
    s.connect(("127.0.0.1", a.port))
    return s


def rest(s):
    """Reads until the server closes the connection."""
    data = b""
    try:
        while True:
            more = s.recv(65536)
            if not more:
                return data
            data += more
    except ConnectionResetError:
        return data


def drip(s, data):
    """Sends byte by byte until the server responds. Returns the response, or None if the server reads all bytes without one."""
    for i in range(len(data)):
        try:
            s.sendall(data[i:i + 1])
        except OSError:
            return b""
        if select.select([s], [], [], 0.02)[0]:
            return rest(s)
    return None


def assert_408(answer):
    assert answer.startswith(b"HTTP/1.1 408 "), answer
    assert b"\r\naccess-control-allow-origin: *\r\n" in answer and b"\r\nconnection: close\r\n" in answer
    assert answer.endswith(b'{"message":"The request took too long to arrive"}')


class Base:
    """A migrated database without other servers."""

    def __init__(self, postgres, appliance):
        self.postgres, self._appliance = postgres, appliance
        url, self.db = postgres.create_migrated()
        self.env = {**SECRETS, "DATABASE_URL": url}

    def start(self, **env):
        return self._appliance(**{**self.env, **env}).wait_healthy()

    def rows(self, sql, values=None):
        with self.db.cursor() as c:
            c.execute(sql, values)
            return c.fetchall() if c.description else []


@pytest.fixture
def base(postgres, appliance):
    b = Base(postgres, appliance)
    yield b
    b.db.close()


@pytest.fixture
def slow(appliance):
    def start(**env):
        return appliance(roles="api", WORKERS=1, **{**LONG, **env}).wait_healthy()
    return start


def test_a_client_that_sends_nothing_is_disconnected(slow):
    with connect(slow(HEADER_TIMEOUT_SEC=1)) as s:
        assert rest(s) == b""


def test_a_slow_request_header_gets_408(slow):
    with connect(slow(HEADER_TIMEOUT_SEC=1)) as s:
        assert_408(drip(s, b"GET /health HTTP/1.1\r\n" + b"x: y\r\n" * 10000))


def test_a_slow_request_body_gets_408(slow):
    with connect(slow(BODY_TIMEOUT_SEC=1)) as s:
        s.sendall(POST % 100000)
        assert_408(drip(s, b" " * 100000))


def test_a_stalled_request_body_gets_408(slow):
    with connect(slow(STALL_TIMEOUT_SEC=1)) as s:
        s.sendall(POST % 100000 + b" " * 20000)
        assert_408(rest(s))


def test_an_idle_connection_is_closed_after_keepalive_sec(slow):
    a = slow(HEADER_TIMEOUT_SEC=1, KEEPALIVE_SEC=4)
    with connect(a) as s, connect(a) as silent:
        s.sendall(HEALTH)
        assert b"keep-alive: timeout=4\r\n" in s.recv(4096)
        assert rest(silent) == b""
        s.sendall(HEALTH)
        assert s.recv(4096).startswith(b"HTTP/1.1 200 ")
        assert rest(s) == b""


def test_a_slow_statement_causes_no_client_timeout(base):
    a = base.start(roles="api", WORKERS=1, **{**LONG, "HEADER_TIMEOUT_SEC": 1, "BODY_TIMEOUT_SEC": 1, "STALL_TIMEOUT_SEC": 1, "KEEPALIVE_SEC": 1})
    with connect(a) as s, connect(a) as silent:
        base.postgres.pause()
        try:
            s.sendall(b"GET /api/titles HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            assert rest(silent) == b"" and rest(connect(a)) == b""
        finally:
            base.postgres.resume()
        assert rest(s).startswith(b"HTTP/1.1 200 ")


def test_a_response_that_is_not_read_times_out(base, folder):
    api = Api(base, folder=folder, WORKERS=1, **{**LONG, "STALL_TIMEOUT_SEC": 1})
    made = api.post("/api/admin/assets/presign", {"contentType": "image/png", "kind": "poster"})
    assert requests.put(made["url"], data=os.urandom(40 << 20), headers={"Content-Type": "image/png"}, timeout=60).status_code == 200
    path = api.post("/api/admin/assets/get-url", {"key": made["key"]})["url"].split("/", 3)[3].encode()
    with connect(api.a, SO_RCVBUF=4096) as s:
        s.sendall(b"GET /" + path + b" HTTP/1.1\r\nHost: x\r\n\r\n")
        while True:  # reading single bytes does not open the TCP window
            try:
                if not s.recv(1):
                    break
            except ConnectionResetError:
                break
            if not is_closed(api.a, s):
                continue
            break
    assert api.a.healthy()


def is_closed(a, s):
    """Returns whether the server has closed this connection: the kernel's table no longer has it as established."""
    time.sleep(0.2)
    port = "%04X" % s.getsockname()[1]
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        with open(table) as f:
            for line in f.readlines()[1:]:
                local, remote, state = line.split()[1:4]
                if local.endswith(":%04X" % a.port) and remote.endswith(":" + port) and state == "01":
                    return False
    return True


def test_a_client_that_sends_requests_and_reads_nothing_is_disconnected(slow):
    a = slow()
    with connect(a, SO_RCVBUF=4096) as s:
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with pytest.raises(OSError):
            for _ in range(20000):
                s.sendall(b"GET /console/console.js HTTP/1.1\r\nHost: x\r\n\r\n")
                time.sleep(0.002)  # requests in the same segment would be pipelined bytes, which are not read
    assert a.get("/health").status_code == 200


def test_a_connection_above_the_limit_gets_503_and_idle_ones_are_closed(slow):
    a = slow(MAX_CONNECTIONS=8)
    idle = [connect(a) for _ in range(20)]
    with connect(a) as s:
        s.sendall(b"GET /api/titles HTTP/1.1\r\nHost: x\r\n\r\n")
        answer = rest(s)
        assert answer.startswith(b"HTTP/1.1 503 ") and b"\r\nretry-after: 2\r\n" in answer
        assert b"\r\naccess-control-allow-origin: *\r\n" in answer and answer.endswith(b'{"message":"The service is busy. Please try again in a moment."}')
    for path in ("/health", "/metrics", "/api/health"):
        assert a.get(path).status_code == 200  # health checks still succeed
    assert sum(rest(s) == b"" for s in idle[:12]) == 12
    wait_for(lambda: requests.get(a.url + "/nothing", timeout=30).status_code == 404, "a free connection")
    for s in idle:
        s.close()


def test_a_request_above_max_in_flight_gets_503(base):
    a = base.start(roles="api", WORKERS=1, MAX_IN_FLIGHT=2)
    wait_for(lambda: "\nwanzami_database_connections 2\n" in a.get("/metrics").text, "both connections")  # a connection that is being opened would not be paused
    base.postgres.pause()
    try:
        held = [connect(a) for _ in range(2)]
        for s in held:
            s.sendall(b"GET /api/titles/1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert a.get("/health").status_code == 200  # the worker has read them before this request
        r = a.get("/api/titles/2")
        assert r.status_code == 503
        assert (r.headers["Retry-After"], r.json()["message"]) == ("2", "The service is busy. Please try again in a moment.")
        assert a.get("/health").status_code == 200
        check_refusals(a)
    finally:
        base.postgres.resume()
    for s in held:
        assert b" 404 " in rest(s)[:20]
    assert a.get("/api/titles/2").status_code == 404
    told = a.get("/metrics").text
    assert int(re.search(r'requests_total\{method="\w+",route="none",status="5xx"\} (\d+)', told)[1]) >= 1


def test_a_login_above_max_password_wait_gets_503(base):
    a, over = base.start(roles="api", WORKERS=1, MAX_PASSWORD_WAIT_MS=100), threading.Event()

    def sign_in(n):
        return a.post("/api/auth/login", {"email": "nobody%d@example.com" % n, "password": "Films-4-all"}, headers={"X-Forwarded-For": "203.0.113.%d" % (n % 250)})

    def log_in_repeatedly(client):
        answers = []
        for turn in range(1000):
            if over.is_set():
                break
            answers.append(sign_in(client * 1000 + turn))
            if answers[-1].status_code == 503:
                over.set()
        return answers

    answers = sum(call_concurrently(log_in_repeatedly, 24), [])
    assert {r.status_code for r in answers} == {401, 503}
    for r in answers:
        if r.status_code == 503:
            assert (r.headers["Retry-After"], r.json()["message"]) == ("2", "The service is busy. Please try again in a moment.")
    assert a.get("/api/titles").status_code == 200 and sign_in(1).status_code == 401
    assert base.rows("SELECT count(*) FROM \"Session\"") == [(0,)]


def log_in_from(a, address, n):
    return a.post("/api/auth/login", {"email": "nobody%d@example.com" % n, "password": "Films-4-all"}, headers={"X-Forwarded-For": address}).status_code


def test_logins_of_one_network_do_not_delay_those_of_another(base):
    a, answered = base.start(roles="api", WORKERS=1, MAX_PASSWORD_WAIT_MS=60000), []

    def log_in_once(n):
        answered.append(log_in_from(a, "203.0.113.1", n))

    crowd = [threading.Thread(target=log_in_once, args=(n,)) for n in range(30)]
    for thread in crowd:
        thread.start()
    wait_for(lambda: answered, "the first response")
    before = len(answered)
    assert log_in_from(a, "198.51.100.1", 1000) == 401
    between = len(answered) - before
    for thread in crowd:
        thread.join()
    assert answered == [401] * 30
    assert between <= 6, "%d of 30 logins were served before the one of another network" % between


def test_logins_that_wait_for_a_thread_do_not_overload_the_worker(base):
    """More logins wait than requests may be in flight. Other requests, and logins of other networks, are answered meanwhile."""
    a, answered, others = base.start(roles="api", WORKERS=1, MAX_PASSWORD_WAIT_MS=60000, MAX_IN_FLIGHT=16), [], []
    crowd = [threading.Thread(target=lambda n=n: answered.append(log_in_from(a, "203.0.113.1", n))) for n in range(40)]
    for n, thread in enumerate(crowd):
        thread.start()
        if n % 8 == 7:
            wait_for(lambda: re.search(r"^wanzami_requests_in_flight 0$", a.get("/metrics").text, re.M), "the logins to wait for a thread")
    for _ in range(5):
        others.append((a.get("/api/titles").status_code, log_in_from(a, "198.51.100.%d" % (len(others) + 1), 1000 + len(others))))
    for thread in crowd:
        thread.join()
    assert len(answered) == 40 and set(answered) == {401}
    assert set(others) == {(200, 401)}


def test_only_the_network_with_too_many_logins_gets_503(base):
    a, over, others = base.start(roles="api", WORKERS=1, MAX_PASSWORD_WAIT_MS=1000), threading.Event(), []

    def log_in_repeatedly(client):
        answers = []
        for turn in range(1000):
            if over.is_set():
                break
            answers.append(log_in_from(a, "203.0.113.1", client * 1000 + turn))
            if answers[-1] == 503:
                others.append(log_in_from(a, "198.51.100.%d" % len(others), 100000 + len(others)))
                if len(others) >= 3:
                    over.set()
        return answers

    answers = set(sum(call_concurrently(log_in_repeatedly, 28), []))
    assert answers == {401, 503} and set(others) == {401}, (answers, others)


def check_refusals(a):
    """Sends one request, two pipelined, one in pieces, with a body, with Connection: close. The responses arrive in order, and no byte is
    parsed as another request."""
    get, body = b"GET /api/titles/2 HTTP/1.1\r\nHost: x\r\n\r\n", b'{"email":"a@example.com","password":"Films-4-all"}'
    post = POST % len(body)
    for pieces, answers in (([get], 1), ([get + get], 2), ([get[:20], get[20:]], 1), ([post + body], 1), ([post, body], 1), ([post + body + get], 2),
                            ([get.replace(b"GET", b"HEAD")], 1), ([get, post + body, get], 3)):
        with connect(a) as s:
            for piece in pieces:
                s.sendall(piece)
                time.sleep(.02)
            s.sendall(HEALTH.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
            said = rest(s)
            assert said.count(b"HTTP/1.1 503 ") == answers and said.count(b"HTTP/1.1 200 ") == 1 and said.count(b"HTTP/1.1 ") == answers + 1, (pieces, said)
    with connect(a) as s:
        s.sendall(get.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
        said = rest(s)
        assert said.startswith(b"HTTP/1.1 503 ") and b"\r\nconnection: close\r\n" in said


def test_bodies_above_max_body_mb_get_503(base):
    a = base.start(roles="api", WORKERS=1, MAX_BODY_MB=1, **LONG)
    token = b"\r\nAuthorization: Bearer " + bearer(1, "d").encode()  # a valid token of a user who does not exist
    campaign = (POST.replace(b"/api/auth/login", b"/api/admin/email/send") % 1000000).replace(b"\r\nHost: x", b"\r\nHost: x" + token)
    with connect(a) as one, connect(a) as two:
        one.sendall(campaign + b"[")
        assert a.get("/health").status_code == 200  # the worker has read it before this request
        two.sendall(campaign + b"[")
        assert two.recv(4096).startswith(b"HTTP/1.1 503 ")
        with connect(a) as rest, connect(a) as whole:
            rest.sendall(POST % 48000 + b"[")
            assert a.get("/health").status_code == 200
            whole.sendall(POST % 9000 + b"[" + b" " * 8998 + b"]")  # sent as a whole: Kore has already allocated the buffer
            assert whole.recv(4096).startswith(b"HTTP/1.1 503 ")
        one.sendall(b"]" + b" " * 999998)
        assert one.recv(4096).startswith(b"HTTP/1.1 401 ")
    with connect(a) as three:
        three.sendall(campaign + b"[]" + b" " * 999998)
        assert three.recv(4096).startswith(b"HTTP/1.1 401 ")


@pytest.mark.parametrize("media", [False, True])
def test_an_upload_to_local_storage_needs_a_signature(base, tmp_path, media):
    """Without a signature the usual body limit applies, whatever the size of the header section."""
    a = base.start(roles="api", WORKERS=1, **({"MEDIA_DIR": str(tmp_path / "media"), "PUBLIC_API_ORIGIN": "http://localhost"} if media else {}))
    for padding in (b"", b"User-Agent: " + b"x" * 3000 + b"\r\n"):
        with connect(a) as s:
            s.sendall(b"PUT /media-local/a.mp4?expires=1 HTTP/1.1\r\nHost: x\r\nContent-Length: 4000000\r\n" + padding + b"\r\n")
            assert s.recv(4096).startswith(b"HTTP/1.1 403 " if media else b"HTTP/1.1 413 ")


def test_slow_clients_do_not_delay_others(slow):
    a = slow(HEADER_TIMEOUT_SEC=5)
    crowd = [connect(a) for _ in range(300)]
    for s in crowd:
        s.sendall(b"GET /health HTT")
    for _ in range(20):
        assert requests.get(a.url + "/health", timeout=30).status_code == 200
    for s in crowd:
        assert_408(rest(s))
        s.close()


# The client's IP address

def session_ip(base, a, **headers):
    """Logs in and returns the IP address that the session records."""
    email = "c%d@example.com" % time.time_ns()
    base.rows("""INSERT INTO "User" (email, password, name, role, "emailVerified", "updatedAt") VALUES (%s, (SELECT password FROM "User" LIMIT 1),
        'C', 'USER', true, now())""", (email,))
    r = a.post("/api/auth/login", {"email": email, "password": "Films-4-all", "deviceId": "d"}, headers=headers)
    assert r.status_code == 200, r.text
    return base.rows('SELECT s."ipAddress" FROM "Session" s JOIN "User" u ON u.id = s."userId" WHERE u.email = %s', (email,))[0][0]


def test_the_client_is_the_last_ip_address_that_is_no_trusted_proxy(base):
    assert run("admin", "create", "--email", "ada@example.com", "--name", "Ada", stdin="Films-4-all\n", **base.env).returncode == 0
    a = base.start(roles="api")
    for given, seen in (("203.0.113.9", "::ffff:203.0.113.9"),
                        ("198.51.100.1, 203.0.113.9", "::ffff:203.0.113.9"),
                        ("198.51.100.1, 203.0.113.9, 10.1.2.3,172.31.0.1", "::ffff:203.0.113.9"),
                        ("10.0.0.9, 10.0.0.8", "::ffff:10.0.0.9"),
                        ("203.0.113.9:4711", "::ffff:203.0.113.9"),
                        ("[2001:db8::7]:4711", "2001:db8::7"),
                        ("203.0.113.9, nonsense", "::ffff:127.0.0.1"),
                        ("203.0.113.9, nonsense, 10.0.0.8", "::ffff:10.0.0.8"),
                        (",", "::ffff:127.0.0.1")):
        assert session_ip(base, a, **{"X-Forwarded-For": given}) == seen, given
    assert session_ip(base, a) == "::ffff:127.0.0.1"
    other = base.start(roles="api", TRUSTED_PROXIES="192.0.2.0/24")
    assert session_ip(base, other, **{"X-Forwarded-For": "203.0.113.9"}) == "::ffff:127.0.0.1"


def test_a_forged_x_forwarded_for_before_the_proxys_is_ignored(base):
    assert run("admin", "create", "--email", "ada@example.com", "--name", "Ada", stdin="Films-4-all\n", **base.env).returncode == 0
    a = base.start(roles="api")
    body = b'{"email":"ada@example.com","password":"Films-4-all","deviceId":"d"}'
    with connect(a) as s:
        s.sendall(b"POST /api/auth/login HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\n"
                  b"X-Forwarded-For: 198.51.100.66\r\nX-Forwarded-For: 203.0.113.9\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
        assert rest(s).startswith(b"HTTP/1.1 200 ")
    assert base.rows('SELECT "ipAddress" FROM "Session"') == [("::ffff:203.0.113.9",)]


def test_invalid_trusted_proxies_are_refused_at_start():
    for bad in ("10.0.0.0/33", "10.0.0.1/8", "x", "10.0.0.0/8,", "::1/129", "1", "10.0.0.0/8 fd00::/8"):
        r = run(**SECRETS, TRUSTED_PROXIES=bad, DATABASE_URL="postgresql://u@127.0.0.1:1/x")
        assert r.returncode == 1 and "TRUSTED_PROXIES" in r.stderr, bad


# Headers

def test_hsts_is_sent_over_tls_only(slow):
    a = slow()
    over = {"X-Forwarded-Proto": "https"}
    assert a.get("/health", headers=over).headers["Strict-Transport-Security"] == "max-age=31536000"
    assert "Strict-Transport-Security" not in a.get("/health").headers
    assert "Strict-Transport-Security" not in slow(TRUSTED_PROXIES="none").get("/health", headers=over).headers
    assert "Strict-Transport-Security" not in slow(HSTS_SEC=0).get("/health", headers=over).headers


def test_pages_cannot_be_framed_and_responses_with_tokens_are_not_cached(slow):
    a = slow()
    page = a.get("/console/").headers
    assert page["X-Frame-Options"] == "DENY" and "frame-ancestors 'none'" in page["Content-Security-Policy"]
    for r in (a.get("/api/auth/verify-email"), a.post("/api/auth/login", {}), a.get("/api/user/devices", token="x")):
        assert r.headers["Cache-Control"] == "no-store" and r.headers["X-Content-Type-Options"] == "nosniff"


def test_draining_closes_connections_after_the_response(slow):
    a = slow()
    with connect(a) as held, connect(a) as asking:
        asking.sendall(HEALTH)
        assert b"connection: keep-alive" in asking.recv(4096)
        held.sendall(POST % 10 + b" ")
        assert a.get("/health").status_code == 200
        a.process.terminate()
        wait_for(lambda: not a.healthy(), "/health to fail")
        asking.sendall(HEALTH)
        answer = rest(asking)
        assert answer.startswith(b"HTTP/1.1 503 ") and b"\r\nconnection: close\r\n" in answer and answer.endswith(b'"draining"}')
        held.sendall(b" " * 9)
        assert b"\r\nconnection: close\r\n" in rest(held)
    assert a.process.wait(timeout=30) == 0
