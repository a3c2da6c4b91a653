"""HTTPS over libcurl with BearSSL: host names and IP addresses, CA certificates, connection reuse and session resumption, against OpenSSL; and
an object store behind TLS."""
import subprocess

import pytest

import pki
from conftest import build
from pgserver import DamagingProxy, FakeServer
from pki import Authority
from services import clean_environment
from test_libpq import read
from tlsserver import Echo, forward_to


class FileServer(Echo):
    """Responds with as many bytes as the path says; `sessions` has for each connection whether its session was resumed."""

    def __init__(self, certificate, close=False, **options):
        self.close_after, self.sessions, self.requests = close, [], 0
        super().__init__(certificate, handler=self.answer, **options)

    def answer(self, s):
        self.sessions.append(s.session_reused)
        f = s.makefile("rb")
        while True:
            words = f.readline().split()
            if not words:
                return
            while f.readline().strip():
                pass
            self.requests += 1
            length = int(words[1].strip(b"/") or 0)
            s.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n%s\r\n" % (length, b"Connection: close\r\n" if self.close_after else b"") +
                      b"x" * length)
            if self.close_after:
                s.unwrap()
                return


@pytest.fixture(scope="session")
def fetch():
    tool = build("tools/fetch")

    def run(*urls, **env):
        r = subprocess.run([tool, *urls], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300,
                           env=clean_environment(WANZAMI_ENV="development", **env))
        assert r.returncode == 0 and not r.stderr, r.stderr
        return r.stdout.splitlines()
    return run


@pytest.mark.parametrize("names, host, ok", [
    (["localhost"], "localhost", True), (["127.0.0.1"], "127.0.0.1", True), (["localhost"], "127.0.0.1", False),
    (["127.0.0.2"], "127.0.0.1", False), (["127.0.0.1"], "localhost", False), (["*.tls.localhost"], "a.tls.localhost", True),
    (["*.tls.localhost"], "a.b.tls.localhost", False), (["elsewhere"], "localhost", False)])
def test_the_certificate_must_match_the_host_of_the_url(fetch, folder, names, host, ok):
    root = Authority(folder)
    with FileServer(root.issue(*names)) as web:
        said = fetch("https://%s:%d/1000" % (host, web.port), EXTRA_CA_PEM=read(root.alone))
        assert said == ["200 1000"] if ok else said[0].startswith("error: certificate is not for host %s; its names: %s" % (host, names[0])), said
        assert web.requests == (1 if ok else 0)


def test_an_ipv6_address_as_host(fetch, folder):
    root = Authority(folder)
    for name, says in (("::1", "200 7"), ("::2", "error: certificate is not for host ::1; its names: ::2")):
        with FileServer(root.issue(name), address="::1") as web:
            assert fetch("https://[::1]:%d/7" % web.port, EXTRA_CA_PEM=read(root.alone)) == [says]


@pytest.mark.parametrize("make, says", [
    (lambda root, folder: root.issue("localhost", days=(-9, -1)), "expired on"),
    (lambda root, folder: root.issue("localhost", days=(1, 9)), "is not yet valid"),
    (lambda root, folder: root.issue("localhost", purposes=["client"]), "not for a TLS server"),
    (lambda root, folder: pki.self_signed(folder, "localhost"), "self-signed"),
    (lambda root, folder: Authority(folder).issue("localhost"), "signed by an unknown CA"),
    (lambda root, folder: root.issue("localhost", key="rsa-1024"), "shorter than 2048 bits"),
    (lambda root, folder: Authority(folder, parent=root, permitted=["example.com"], critical=False).issue("localhost"), "not allowed to issue")])
def test_errors_have_a_reason(fetch, folder, make, says):
    root = Authority(folder)
    for host in ("localhost", "127.0.0.1"):
        with FileServer(make(root, folder)) as web:
            said = fetch("https://%s:%d/1" % (host, web.port), EXTRA_CA_PEM=read(root.alone))
            assert says in said[0] and web.requests == 0


def test_connections_are_reused(fetch, folder):
    root = Authority(folder)
    with FileServer(root.issue("localhost")) as web:
        said = fetch(*["https://localhost:%d/%d" % (web.port, n) for n in (1, 100000, 3000000)], EXTRA_CA_PEM=read(root.alone))
        assert said == ["200 1", "200 100000", "200 3000000"]
        assert web.requests == 3 and len(web.sessions) == 1


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_sessions_are_resumed(fetch, folder, host):
    root = Authority(folder)
    with FileServer(root.issue("localhost", "127.0.0.1"), close=True) as web:
        said = fetch(*["https://%s:%d/5" % (host, web.port)] * 3, EXTRA_CA_PEM=read(root.alone))
        assert said == ["200 5"] * 3
        assert web.sessions == [False, True, True]


def test_a_session_is_resumed_for_its_own_host_only(fetch, folder):
    """The same server under another name is verified again, and refused."""
    root = Authority(folder)
    with FileServer(root.issue("localhost"), close=True) as web:
        said = fetch("https://localhost:%d/5" % web.port, "https://127.0.0.1:%d/5" % web.port, "https://localhost:%d/5" % web.port,
                     EXTRA_CA_PEM=read(root.alone))
        assert (said[0], said[2]) == ("200 5", "200 5") and "not for host 127.0.0.1" in said[1]


@pytest.mark.parametrize("action", ["cut", "flip"])
def test_faults_during_a_handshake_are_detected(fetch, folder, action):
    root = Authority(folder)
    with FileServer(root.issue("localhost"), close=True) as web:
        positions = list(range(0, 700, 23))
        with DamagingProxy(web.port, lambda number: ("server", positions[number], action)) as between:
            said = fetch(*["https://localhost:%d/5" % between.port] * (len(positions) // 3), EXTRA_CA_PEM=read(root.alone))
        assert all(line.startswith("error: ") and len(line) > 12 for line in said), said


def test_a_server_without_tls_is_an_error(fetch):
    with FakeServer(b"HTTP/1.1 400 What?\r\n\r\n" * 10) as server:
        assert fetch("https://localhost:%d/" % server.port)[0].startswith("error: ")


def test_an_object_store_behind_tls_at_an_ip_address(store, folder):
    """Swift's S3 API behind a proxy that terminates TLS, as S3_ENDPOINT=https://127.0.0.1."""
    root = Authority(folder)
    tool = build("tools/objects")
    data = bytes(range(256)) * 8000
    with Echo(root.issue("127.0.0.1"), handler=forward_to(store.ports["proxy"])) as front:
        env = {**store.env(store.bucket()), "S3_ENDPOINT": "https://127.0.0.1:%d" % front.port, "WANZAMI_ENV": "development"}

        def call(*words, data=b"", **more):
            return subprocess.run([tool, *words], input=data, capture_output=True, timeout=100, env=clean_environment(**{**env, **more}))

        assert call("put", "a/key", "video/mp4", data=data).returncode != 0, "refused without the CA"
        r = call("put", "a/key", "video/mp4", data=data, EXTRA_CA_PEM=read(root.alone))
        assert r.returncode == 0, r.stderr
        r = call("head", "a/key", EXTRA_CA_PEM=read(root.alone))
        assert r.returncode == 0 and r.stdout.split()[0] == b"%d" % len(data)
