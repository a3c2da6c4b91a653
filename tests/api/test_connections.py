"""Several requests on one connection: in sequence, pipelined, and with unexpected bodies; over HTTP and HTTPS. Connections and workers."""
import contextlib
import os
import re
import signal
import socket
import ssl

import pytest

import pki
from services import free_port, wait_for


@pytest.fixture(scope="session")
def root(tmp_path_factory):
    return pki.Authority(str(tmp_path_factory.mktemp("authority")))


@pytest.fixture(params=["http", "https"])
def connect(request, appliance, root):
    leaf, port = root.issue("localhost"), free_port()
    a = appliance(ROLE="api", WORKERS=1, TLS_PORT=port, TLS_CERT_FILE=leaf.chain, TLS_KEY_FILE=leaf.key).wait_healthy()

    def open_one():
        s = socket.create_connection(("127.0.0.1", port if request.param == "https" else a.port), 20)
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return ssl.create_default_context(cafile=root.alone).wrap_socket(s, server_hostname="localhost") if request.param == "https" else s
    open_one.appliance = a
    return open_one


def message(method="GET", path="/health", body=None, **headers):
    head = "%s %s HTTP/1.1\r\nHost: localhost\r\n" % (method, path) + "".join("%s: %s\r\n" % (k.replace("_", "-"), v) for k, v in headers.items())
    if body is not None and "Content_Length" not in headers:
        head += "Content-Length: %d\r\n" % len(body)
    return head.encode() + b"\r\n" + (body or b"")


class Answers:
    def __init__(self, s):
        self.s, self.data = s, b""

    def next(self, head_only=False):
        """Returns status and body of the next response; None at the end of the connection."""
        while b"\r\n\r\n" not in self.data:
            got = self.s.recv(65536)
            if not got:
                assert not self.data
                return None
            self.data += got
        head, self.data = self.data.split(b"\r\n\r\n", 1)
        length = 0 if head_only else int(re.search(rb"content-length: (\d+)", head)[1])
        while len(self.data) < length:
            self.data += self.s.recv(65536) or pytest.fail("connection closed within a body")
        body, self.data = self.data[:length], self.data[length:]
        return int(head.split()[1]), body

    def nothing_more(self):
        self.s.settimeout(0.3)
        with pytest.raises((TimeoutError, ssl.SSLError, socket.timeout)):
            assert self.s.recv(1) == b"" and not self.data
            raise AssertionError("connection closed")


OK = (200, b'{"status":"ok"}')


def test_pipelined_requests_are_answered_in_order(connect):
    with connect() as s:
        answers, paths = Answers(s), ["/health" if i % 3 else "/nothing/%d" % i for i in range(300)]
        s.sendall(b"".join(message(path=p) for p in paths))
        assert [answers.next()[0] for _ in paths] == [200 if i % 3 else 404 for i in range(300)]
        s.sendall(message())
        assert answers.next() == OK


def test_requests_in_segments_of_any_length_are_answered(connect):
    text = message() + message("HEAD") + message("POST", "/api/auth/login", b"{}", Content_Type="application/json") + message("DELETE", "/nothing", b"abc") + message()
    for size in (1, 2, 3, 7, 50, len(text) - 1):
        with connect() as s:
            answers = Answers(s)
            for at in range(0, len(text), size):
                s.sendall(text[at:at + size])
            assert answers.next() == OK and answers.next(head_only=True)[0] == 200
            assert [answers.next()[0], answers.next()[0], answers.next()[0]] == [400, 404, 200]


def test_an_ignored_body_is_not_parsed_as_a_request(connect):
    """The body of a GET is skipped even if it looks like a request: in the same segment, in the next one, and cut at any byte."""
    inner = message(path="/smuggled")
    whole = message(body=inner, path="/nothing") + message()
    for cut in range(60, len(whole), 9):
        with connect() as s:
            answers = Answers(s)
            s.sendall(whole[:cut])
            if cut > whole.index(b"\r\n\r\n") + 4:
                assert answers.next()[0] == 404
                s.sendall(whole[cut:])
            else:
                s.sendall(whole[cut:])
                assert answers.next()[0] == 404
            assert answers.next() == OK
            answers.nothing_more()
    assert not [x for x in connect.appliance.log_lines() if x.get("path") == "/smuggled"]


def test_bytes_beyond_a_body_are_the_next_request(connect):
    """Content-Length decides: pipelined bytes are not added to the body."""
    login = message("POST", "/api/auth/login", b"{", Content_Type="application/json")
    with connect() as s:
        answers = Answers(s)
        s.sendall(login + message())
        assert answers.next()[0] == 400
        assert answers.next() == OK
        s.sendall(login + b"}")
        assert answers.next()[0] == 400
        try:
            for _ in range(300):
                s.sendall(b"x" * 100000)
        except OSError:
            pass  # refused, then disconnected
    with open("/proc/%d/status" % connect.appliance.workers()[0]) as f:
        peak = int(re.search(r"VmHWM:\s+(\d+)", f.read())[1])
    assert peak < 400000, "pipelined bytes are buffered without a limit"
    with connect() as s:
        s.sendall(message())
        assert Answers(s).next() == OK


def test_a_refused_request_ends_the_connection_and_drops_pipelined_requests(connect):
    with connect() as s:
        answers = Answers(s)
        s.sendall(message() + message("BREW") + message(path="/behind"))
        assert answers.next() == OK and answers.next()[0] == 404 and answers.next() is None
    assert not [x for x in connect.appliance.log_lines() if x.get("path") == "/behind"]


def held(a):
    """Returns how many connections to the ports each worker has."""
    sockets = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        with open(table) as f:
            fields = [line.split() for line in f.readlines()[1:]]
        sockets.update(f[9] for f in fields if f[3] == "01" and int(f[1].split(":")[1], 16) in (a.port, int(a.env.get("TLS_PORT", 0))))
    counts = {}
    for pid in a.workers():
        counts[pid] = 0
        for fd in os.listdir("/proc/%d/fd" % pid):
            with contextlib.suppress(OSError):
                counts[pid] += os.readlink("/proc/%d/fd/%s" % (pid, fd))[len("socket:["):-1] in sockets
    return counts


def ask(s):
    s.sendall(message())
    return Answers(s).next()[0]


@pytest.mark.parametrize("count", [8, 32])
def test_few_persistent_connections_are_spread_over_the_workers(appliance, root, count):
    leaf, port = root.issue("localhost"), free_port()
    a = appliance(ROLE="api", WORKERS=2, TLS_PORT=port, TLS_CERT_FILE=leaf.chain, TLS_KEY_FILE=leaf.key).wait_healthy()
    context = ssl.create_default_context(cafile=root.alone)

    def spread(secure):
        with contextlib.ExitStack() as open_ones:
            for _ in range(count):
                s = open_ones.enter_context(socket.create_connection(("127.0.0.1", port if secure else a.port), 20))
                if secure:
                    s = open_ones.enter_context(context.wrap_socket(s, server_hostname="localhost"))
                assert ask(s) == 200
            counts = held(a)
            assert sum(counts.values()) >= count
        wait_for(lambda: sum(held(a).values()) == 0, "the connections to be closed")
        return len(counts) == 2 and min(counts.values()) >= count / 4

    # A worker that gets no processor for a tenth of a second is passed over: on a busy machine once more.
    for secure in (False, True):
        assert any(spread(secure) for _ in range(5))


def test_connections_avoid_a_worker_that_stands_still(appliance):
    a = appliance(ROLE="api", WORKERS=2).wait_healthy()
    stopped = a.workers()[0]
    with contextlib.ExitStack() as open_ones:
        os.kill(stopped, signal.SIGSTOP)
        try:
            for _ in range(8):
                assert ask(open_ones.enter_context(socket.create_connection(("127.0.0.1", a.port), 20))) == 200
            assert held(a)[stopped] == 0
        finally:
            os.kill(stopped, signal.SIGCONT)

        def goes_to_it():
            assert ask(open_ones.enter_context(socket.create_connection(("127.0.0.1", a.port), 20))) == 200
            return held(a)[stopped] > 0
        wait_for(goes_to_it, "the worker to accept again")


@pytest.mark.errors("worker died")
@pytest.mark.parametrize("workers", [1, 2])
def test_waiting_connections_survive_the_death_of_a_worker(appliance, workers):
    a = appliance(ROLE="api", WORKERS=workers).wait_healthy()
    pids = a.workers()
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    waiting = [socket.create_connection(("127.0.0.1", a.port), 60) for _ in range(16)]
    for s in waiting:
        s.sendall(message())
    os.kill(pids[0], signal.SIGKILL)
    wait_for(lambda: len(a.workers()) == workers and pids[0] not in a.workers(), "another worker")
    for pid in pids[1:]:
        os.kill(pid, signal.SIGCONT)
    assert [Answers(s).next()[0] for s in waiting] == [200] * 16
    for s in waiting:
        s.close()
