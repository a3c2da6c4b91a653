"""HTTPS of the appliance: supported clients, refusals, and robustness against any input on the port."""
import base64
import hashlib
import os
import random
import re
import shutil
import signal
import socket
import ssl
import struct
import subprocess
import threading
import time
import xml.etree.ElementTree as ElementTree

import pytest
import requests
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519

import pki
import services
from editor import Api
from services import alive, free_port, run, wait_for

MIB = 1 << 20
EC, RSA = "p-256", "rsa-2048"
HEALTH = b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"
CIPHERS = {"AES128-GCM-SHA256", "AES256-GCM-SHA384", "CHACHA20-POLY1305"}


@pytest.fixture(scope="session")
def authority(tmp_path_factory):
    return pki.Authority(str(tmp_path_factory.mktemp("authority")))


class Secure:
    """An appliance with HTTPS, and the files of its certificate."""

    def __init__(self, appliance, authority, kind=EC, **env):
        self.authority, self.port = authority, free_port()
        leaf = authority.issue("localhost", "127.0.0.1", key=kind)
        self.cert, self.key, self.secret = leaf.chain, leaf.key, leaf.secret
        self.url = "https://localhost:%d" % self.port
        self.env = {"ROLE": "api", "TLS_PORT": self.port, "TLS_CERT_FILE": self.cert, "TLS_KEY_FILE": self.key, "WORKERS": 1, **env}
        self.a = appliance(**self.env).wait_healthy()
        wait_for(lambda: len(self.a.workers()) == self.env["WORKERS"], "the workers")
        self.workers = self.a.workers()

    def get(self, path="/health", **options):
        return requests.get(self.url + path, verify=self.authority.alone, timeout=30, **options)

    def context(self, **options):
        context = ssl.create_default_context(cafile=self.authority.alone)
        for name, value in options.items():
            setattr(context, name, value)
        return context

    def connect(self, context=None, **options):
        raw = socket.create_connection(("127.0.0.1", self.port), 30)
        return (context or self.context()).wrap_socket(raw, server_hostname="localhost", **options)

    def serial(self):
        with self.connect() as s:
            return int(s.getpeercert()["serialNumber"], 16)

    def assert_healthy(self):
        """Asserts that the service responds and no worker has crashed."""
        assert self.get().status_code == 200
        assert self.a.workers() == self.workers and all(alive(pid) for pid in self.workers)


@pytest.fixture
def secure(appliance, authority):
    return lambda **env: Secure(appliance, authority, **env)


def answer(s):
    """Returns header and body of one response."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += s.recv(65536) or pytest.fail("connection closed after %r" % data)
    head, body = data.split(b"\r\n\r\n", 1)
    length = int(re.search(rb"content-length: (\d+)", head)[1])
    while len(body) < length:
        body += s.recv(65536) or pytest.fail("connection closed within the body")
    return head, body


def s_client(port, *options, stdin=""):
    r = subprocess.run(["openssl", "s_client", "-connect", "127.0.0.1:%d" % port, "-servername", "localhost", *options],
                       input=stdin, capture_output=True, text=True, timeout=60)
    return r.stdout + r.stderr


@pytest.mark.parametrize("kind", [RSA, "rsa-4096", EC, "p-384"])
def test_clients_with_any_supported_cipher_and_group_connect(secure, kind):
    s = secure(kind=kind)
    assert s.get().text == '{"status":"ok"}'
    r = subprocess.run(["curl", "-sS", "--cacert", s.authority.alone, "-w", "%{http_code} %{ssl_verify_result}", s.url + "/health"],
                       capture_output=True, text=True, timeout=60)
    assert r.stdout == '{"status":"ok"}200 0', r.stderr
    for cipher in CIPHERS:
        prefix = "ECDHE-%s-" % ("RSA" if kind.startswith("rsa") else "ECDSA")
        context = s.context()
        context.set_ciphers(prefix + cipher)
        context.set_alpn_protocols(["h2", "http/1.1"])
        with s.connect(context) as c:
            assert (c.version(), c.cipher()[0], c.selected_alpn_protocol()) == ("TLSv1.2", prefix + cipher, "http/1.1")
            c.sendall(HEALTH)
            assert answer(c)[1] == b'{"status":"ok"}'
    for group in ("X25519", "P-256", "P-384", "P-521"):
        assert "Verification: OK" in s_client(s.port, "-groups", group, "-CAfile", s.authority.alone)


@pytest.mark.parametrize("kind", [RSA, EC])
def test_only_strong_protocols_and_ciphers_are_offered(secure, kind):
    s = secure(kind=kind)
    r = subprocess.run(["sslscan", "--xml=-", "--no-colour", "localhost:%d" % s.port], capture_output=True, text=True, timeout=120)
    scan = ElementTree.fromstring(r.stdout).find("ssltest")
    enabled = [p.get("type") + p.get("version") for p in scan.findall("protocol") if p.get("enabled") == "1"]
    assert enabled == ["tls1.2"]
    prefix = "ECDHE-%s-" % ("RSA" if kind == RSA else "ECDSA")
    assert {c.get("cipher") for c in scan.findall("cipher")} == {prefix + c for c in CIPHERS}
    assert scan.find("renegotiation").get("supported") == "0"
    assert all(h.get("vulnerable") == "0" for h in scan.findall("heartbleed"))

    assert "Cipher is (NONE)" in s_client(s.port, "-no_tls1_2")
    assert "Cipher is (NONE)" in s_client(s.port, "-tls1_2", "-sigalgs", "RSA+SHA1:ECDSA+SHA1", "-cipher", "ALL:@SECLEVEL=0")
    assert "no application protocol" in s_client(s.port, "-alpn", "h2")
    s.assert_healthy()


def test_renegotiation_is_refused(secure):
    s = secure()
    p = subprocess.Popen(["openssl", "s_client", "-connect", "localhost:%d" % s.port, "-tls1_2"], stdin=subprocess.PIPE,
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    p.stdin.write("R\n")
    p.stdin.flush()
    said = p.stdout.read()  # until the end: s_client treats the refusal as fatal
    assert p.wait(30) == 1 and "RENEGOTIATING" in said and "no renegotiation" in said
    s.assert_healthy()


def test_the_probe_uses_https(secure):
    s = secure()
    assert run("--probe", s.url + "/health").returncode == 0
    r = run("--probe", s.url + "/nothing")
    assert (r.returncode, r.stderr) == (1, "unhealthy: %s/nothing: HTTP status 404\n" % s.url)
    r = run("--probe", "https://localhost:%d/health" % s.a.port, "--timeout", "0.3")
    assert r.returncode == 1 and "no response" in r.stderr  # a server without TLS waits for the rest of the request
    with socket.create_server(("127.0.0.1", 0)) as silent:
        r = run("--probe", "https://127.0.0.1:%d/" % silent.getsockname()[1], "--timeout", "0.2")
        assert r.returncode == 1 and "no response within 200 ms" in r.stderr


def test_sessions_are_resumed_by_any_worker(secure):
    s = secure(WORKERS=3)
    context, session, reused = s.context(), None, 0
    for _ in range(40):
        with s.connect(context, session=session) as c:
            c.sendall(HEALTH)
            assert answer(c)[1] == b'{"status":"ok"}'
            reused += c.session_reused
            session = c.session
    assert reused == 39


def test_a_browser_loads_the_console(secure):
    s = secure()
    public = s.secret.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    r = subprocess.run([shutil.which("chromium"), "--headless", "--disable-gpu", "--no-sandbox", "--user-data-dir=" + os.path.dirname(s.a.log_path) + "/browser",
                        "--ignore-certificate-errors-spki-list=" + base64.b64encode(hashlib.sha256(public).digest()).decode(),
                        "--dump-dom", s.url + "/console/"], capture_output=True, text=True, timeout=120)
    assert "<title>" in r.stdout and "Wanzami" in r.stdout, r.stderr
    assert {line["path"] for line in s.a.log_lines() if line["msg"] == "request"} >= {"/console/", "/console/console.js"}


def test_a_connection_serves_many_requests(secure):
    s = secure()
    with s.connect() as c:
        for _ in range(200):
            c.sendall(HEALTH)
            assert answer(c)[1] == b'{"status":"ok"}'
        c.sendall(HEALTH.replace(b"GET", b"HEAD"))
        data = b""
        while not data.endswith(b"\r\n\r\n"):
            data += c.recv(65536)
        assert b"content-length: 15" in data
        c.sendall(b"nonsense\r\n\r\n")
        assert answer(c)[0].startswith(b"HTTP/1.1 400")
        assert c.recv(100) == b""  # closed with close_notify; otherwise recv raises


def test_300_concurrent_connections(secure):
    s = secure(WORKERS=2)
    open_ones = [s.connect() for _ in range(300)]
    for c in open_ones:
        c.sendall(HEALTH)
    for c in open_ones:
        assert answer(c)[1] == b'{"status":"ok"}'
        c.close()
    s.assert_healthy()


@pytest.fixture
def media(world, authority, tmp_path):
    """An editor of an appliance with MEDIA_DIR and HTTPS."""
    leaf, port = authority.issue("localhost"), free_port()
    api = Api(world, str(tmp_path / "media"), TLS_PORT=port, TLS_CERT_FILE=leaf.chain, TLS_KEY_FILE=leaf.key)
    api.secure = lambda url: url.replace(api.a.url, "https://localhost:%d" % port)
    return api


def test_large_bodies_in_both_directions(media, authority):
    body = random.Random(1).randbytes(60 * MIB + 12345)
    made = media.post("/api/admin/assets/presign", {"contentType": "image/png"})
    r = requests.put(media.secure(made["url"]), data=body, verify=authority.alone, timeout=120)
    assert r.status_code == 200, r.text
    url = media.secure(media.post("/api/admin/assets/get-url", {"key": made["key"]})["url"])
    with requests.Session() as session:
        assert hashlib.sha256(session.get(url, verify=authority.alone, timeout=120).content).digest() == hashlib.sha256(body).digest()
        for first, last in [(0, 0), (1, 16384), (16383, 16384), (MIB + 7, 3 * MIB), (len(body) - 1, len(body) - 1)]:
            r = session.get(url, headers={"Range": "bytes=%d-%d" % (first, last)}, verify=authority.alone, timeout=60)
            assert (r.status_code, r.content) == (206, body[first:last + 1])


def test_a_slow_reader_gets_the_whole_response(media, authority):
    body = random.Random(2).randbytes(3 * MIB)
    made = media.post("/api/admin/assets/presign", {"contentType": "image/png"})
    assert requests.put(media.secure(made["url"]), data=body, verify=authority.alone, timeout=60).status_code == 200
    url = media.secure(media.post("/api/admin/assets/get-url", {"key": made["key"]})["url"])
    raw = socket.socket()
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    raw.settimeout(30)
    raw.connect(("127.0.0.1", int(url.split(":")[2].split("/")[0])))
    with ssl.create_default_context(cafile=authority.alone).wrap_socket(raw, server_hostname="localhost") as c:
        c.sendall(("GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n" % url[url.index("/media"):]).encode())
        head, got = b"", b""
        while b"\r\n\r\n" not in head:
            head += c.recv(1)
        while len(got) < len(body):
            got += c.recv(1500)
        assert got == body
        c.sendall(HEALTH)
        assert answer(c)[1] == b'{"status":"ok"}'


def test_sigterm_lets_a_response_finish(media, authority):
    body = random.Random(3).randbytes(20 * MIB)
    made = media.post("/api/admin/assets/presign", {"contentType": "image/png"})
    assert requests.put(media.secure(made["url"]), data=body, verify=authority.alone, timeout=60).status_code == 200
    url = media.secure(media.post("/api/admin/assets/get-url", {"key": made["key"]})["url"])
    with requests.get(url, verify=authority.alone, stream=True, timeout=60) as r:
        first = r.raw.read(1000)
        media.a.process.send_signal(signal.SIGTERM)
        wait_for(lambda: not media.a.healthy(), "the drain")
        assert first + r.raw.read() == body
    assert media.a.process.wait(60) == 0


def test_urls_of_local_storage_are_https_for_requests_over_https(media, authority):
    made = media.post("/api/admin/assets/presign", {"contentType": "image/png"})
    port = media.env["TLS_PORT"]
    r = requests.post("https://localhost:%d/api/admin/assets/get-url" % port, json={"key": made["key"]}, verify=authority.alone,
                      headers={"Authorization": "Bearer " + media.token}, timeout=60)
    assert r.json()["url"].startswith("https://localhost:%d/media-local/" % port)


class Client:
    """A TLS client in memory: the test transfers its bytes over a plain socket."""

    def __init__(self, secure):
        self.read, self.write = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = secure.context().wrap_bio(self.read, self.write, server_hostname="localhost")
        self.raw = socket.create_connection(("127.0.0.1", secure.port), 30)

    def play(self, change):
        """Sends the bytes of TLS after change(bytes), which returns the bytes to send, or None to stop. Returns the response, or None."""
        request = HEALTH
        while True:
            try:
                if request:
                    self.tls.do_handshake()
                    self.tls.write(request)
                    request = None
                else:
                    return self.tls.read(65536)
            except ssl.SSLWantReadError:
                pass
            except ssl.SSLError:
                return None
            data = change(self.write.read())
            if data is None:
                return None
            try:
                self.raw.sendall(data)
                received = self.raw.recv(65536)
            except (ConnectionError, TimeoutError):
                return None
            if not received:
                return None
            self.read.write(received)

    def close(self, reset=False):
        if reset:
            self.raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.raw.close()


def request_bytes(secure):
    """Returns the number of bytes that a client sends up to the end of its request."""
    sent = []

    def count(data):
        sent.append(len(data))
        return data
    c = Client(secure)
    assert b"200 OK" in c.play(count)
    c.close()
    return sum(sent)


def test_a_client_that_disconnects_at_any_byte_harms_nothing(secure):
    s = secure()
    for stop in range(0, request_bytes(s) + 40):
        left = [stop]

        def cut(data):
            part = data[:left[0]]
            left[0] -= len(part)
            return part if len(part) == len(data) else None if not part else part
        c = Client(s)
        c.raw.settimeout(0.02)
        c.play(cut)
        c.close(reset=stop % 2 == 1)
    s.assert_healthy()


def test_a_handshake_one_byte_at_a_time_succeeds(secure):
    s = secure()
    c = Client(s)
    c.raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def slowly(data):
        for i in range(len(data) - 1):
            c.raw.sendall(data[i:i + 1])
        return data[-1:]
    assert b"200 OK" in c.play(slowly)
    c.close()


def test_a_changed_byte_ends_the_connection(secure):
    """Any byte up to the end of the request."""
    s = secure()
    total, harmless = request_bytes(s), []
    for at in range(total):
        seen = [0]

        def flip(data):
            begin, seen[0] = seen[0], seen[0] + len(data)
            if begin <= at < seen[0]:
                data = bytearray(data)
                data[at - begin] ^= 1 << at % 8
            return bytes(data)
        c = Client(s)
        c.raw.settimeout(0.05)
        got = c.play(flip)
        if got is not None:
            harmless.append(at)
        c.close()
    assert harmless in ([], [2])  # the version of the first record, which servers must ignore (RFC 5246 E.1)
    s.assert_healthy()


def test_garbage_ends_only_its_own_connection(secure):
    s = secure()
    rnd = random.Random(4)
    hello = bytes([22, 3, 1, 0xff, 0xff]) + b"\1" + b"\0" * 100
    for data in [HEALTH, b"\x80\x2e\x01\x00\x02", hello, bytes([22, 3, 3, 0x40, 1]), bytes([21, 3, 3, 0, 2, 2, 40]), bytes([23, 3, 3, 0, 5]) + b"hello",
                 *(rnd.randbytes(rnd.randrange(1, 2000)) for _ in range(200)),
                 *(bytes([22, 3, 3]) + struct.pack(">H", n) + rnd.randbytes(n) for n in range(0, 400, 7))]:
        with socket.create_connection(("127.0.0.1", s.port), 30) as raw:
            try:
                raw.sendall(data)
                raw.shutdown(socket.SHUT_WR)
                while raw.recv(65536):
                    pass
            except OSError:
                pass  # disconnected before all bytes were sent
    s.assert_healthy()


def test_each_connection_has_its_own_random_numbers(secure):
    """Engines are copies of one that was seeded."""
    s, hellos = secure(WORKERS=2), []
    for _ in range(40):
        c = Client(s)
        with pytest.raises(ssl.SSLWantReadError):
            c.tls.do_handshake()
        c.raw.sendall(c.write.read())
        hellos.append(b"")
        while len(hellos[-1]) < 76:
            hellos[-1] += c.raw.recv(65536)
        c.close()
    assert len({hello[11:43] for hello in hellos}) == 40, "server randoms"
    assert len({hello[44:76] for hello in hellos}) == 40, "session IDs"


def test_a_handshake_that_takes_too_long_is_disconnected(secure):
    s = secure()
    silent = [socket.create_connection(("127.0.0.1", s.port), 60) for _ in range(20)]
    started = Client(s)
    started.play(lambda data: started.raw.sendall(data[:100]))
    dripping = socket.create_connection(("127.0.0.1", s.port), 60)
    hello = Client(s)
    try:
        hello.tls.do_handshake()
    except ssl.SSLWantReadError:
        hello = hello.write.read()
    closed = threading.Event()

    def drip():
        for byte in hello * 100:
            try:
                dripping.sendall(bytes([byte]))
            except OSError:
                break
            if closed.wait(0.1):
                break
    thread = threading.Thread(target=drip)
    thread.start()
    try:
        for c in [*silent, started.raw, dripping]:
            c.settimeout(60)
            try:
                assert c.recv(10) == b""
            except ConnectionError:
                pass
            s.get()  # other clients are served meanwhile
    finally:
        closed.set()
        thread.join()
    s.assert_healthy()


def test_a_handshake_may_begin_later_than_kore_waits(secure):
    """Kore's own limit is five seconds without a byte."""
    s = secure(HEADER_TIMEOUT_SEC=60)
    c = Client(s)
    time.sleep(6)
    assert b"200 OK" in c.play(lambda data: data)


def replace(path, content):
    """Replaces a file atomically, as certificate renewal tools do."""
    with open(path + ".new", "wb") as f:
        f.write(content)
    os.rename(path + ".new", path)


def read(path):
    with open(path, "rb") as f:
        return f.read()


@pytest.mark.errors("worker died", "cannot load the new TLS certificate")
def test_a_renewed_certificate_is_loaded_under_load(secure):
    s = secure(WORKERS=2)
    kept = s.connect()
    before = s.serial()
    stop, failures, done = threading.Event(), [], [0]

    def load():
        with requests.Session() as session:
            while not stop.is_set():
                try:
                    assert session.get(s.url + "/health", verify=s.authority.alone, timeout=30).status_code == 200
                    assert s.get().status_code == 200
                    done[0] += 1
                except Exception as e:
                    failures.append(e)

    def connection_is_alive():
        """Asserts that the earlier connection is still served; called often, because idle connections are closed."""
        kept.sendall(HEALTH)
        return answer(kept)[1] == b'{"status":"ok"}'
    threads = [threading.Thread(target=load) for _ in range(3)]
    for t in threads:
        t.start()
    try:
        for kind in (EC, RSA):
            leaf = s.authority.issue("localhost", key=kind)
            replace(s.cert, leaf.pem)
            if kind == EC:
                # Only one of the two files is new: the old certificate stays in use until the key is replaced, too.
                wait_for(lambda: connection_is_alive() and [x for x in s.a.log_lines() if x["msg"].startswith("cannot load the new TLS certificate")], "the complaint")
                assert s.serial() == before
            replace(s.key, read(leaf.key))
            new = leaf.certificate.serial_number
            wait_for(lambda: connection_is_alive() and all(s.serial() == new for _ in range(20)), "the new certificate", 60)
    finally:
        stop.set()
        for t in threads:
            t.join()
    assert failures == [] and done[0] > 0 and connection_is_alive()
    s.assert_healthy()
    # A worker that is started later has the new certificate, too.
    os.kill(s.workers[0], signal.SIGKILL)
    wait_for(lambda: len(s.a.workers()) == 2 and s.workers[0] not in s.a.workers(), "another worker")
    wait_for(lambda: all(s.serial() == new for _ in range(20)), "the new certificate")


def test_sighup_loads_a_renewed_certificate(secure):
    s = secure(WORKERS=2)
    leaf = s.authority.issue("localhost")
    replace(s.key, read(leaf.key))
    replace(s.cert, leaf.pem)
    s.a.process.send_signal(signal.SIGHUP)
    new = leaf.certificate.serial_number
    wait_for(lambda: all(s.serial() == new for _ in range(20)), "the new certificate")
    s.assert_healthy()


def test_relative_paths_of_certificate_and_key_work_at_the_start_and_at_a_renewal(appliance, authority, tmp_path):
    """They begin in the working directory of the start; workers have another one."""
    leaf, renewed, port = authority.issue("localhost"), authority.issue("localhost"), free_port()
    (tmp_path / "tls").mkdir()
    cert, key = str(tmp_path / "tls/cert.pem"), str(tmp_path / "tls/key.pem")
    replace(cert, read(leaf.chain))
    replace(key, read(leaf.key))
    a = appliance(["env", "-C", str(tmp_path), *services.command()], ROLE="api", WORKERS=2, TLS_PORT=port, TLS_CERT_FILE="tls/cert.pem",
                  TLS_KEY_FILE="./tls/key.pem").wait_healthy()
    context = ssl.create_default_context(cafile=authority.alone)

    def serial():
        with context.wrap_socket(socket.create_connection(("127.0.0.1", port), 30), server_hostname="localhost") as s:
            return int(s.getpeercert()["serialNumber"], 16)

    assert serial() == leaf.certificate.serial_number
    replace(key, read(renewed.key))
    replace(cert, read(renewed.chain))
    a.process.send_signal(signal.SIGHUP)
    wait_for(lambda: all(serial() == renewed.certificate.serial_number for _ in range(20)), "the new certificate in both workers")


def memory_holds(pid, wanted):
    """Returns for each byte string whether the writable memory of a process contains it."""
    found = [False] * len(wanted)
    with open("/proc/%d/maps" % pid) as maps, open("/proc/%d/mem" % pid, "rb", 0) as memory:
        for line in maps:
            begin, end = (int(x, 16) for x in line.split()[0].split("-"))
            if " rw" in line and end - begin < 1 << 28:
                memory.seek(begin)
                try:
                    content = memory.read(end - begin)
                except OSError:
                    continue
                found = [f or w in content for f, w in zip(found, wanted)]
    return found


@pytest.mark.skipif("os.getuid() != 0", reason="looks into the memory of other processes")
@pytest.mark.skipif("'asan' in services.BINARY", reason="the sanitizer keeps a copy of the environment")
def test_certificate_and_key_are_read_from_the_environment(appliance, authority, tmp_path):
    leaf, port = authority.issue("localhost"), free_port()
    a = appliance(ROLE="api,transcode", WORKERS=1, TLS_PORT=port, TLS_CERT_PEM=(leaf.pem + authority.pem).decode(),
                  TLS_KEY_PEM=read(leaf.key).decode().rstrip("\n"))
    a.wait_healthy()
    assert requests.get("https://localhost:%d/health" % port, verify=authority.alone, timeout=30).status_code == 200
    wait_for(lambda: len(a.workers()) == 2, "the workers")
    front, transcoder = a.workers()
    text, secret = read(leaf.key).splitlines()[1], leaf.secret.private_numbers().private_value.to_bytes(32, "big")
    for pid in (a.process.pid, front, transcoder):
        assert memory_holds(pid, [b"wanzami", text]) == [True, False]
        assert text not in read("/proc/%d/environ" % pid)
    assert memory_holds(front, [secret]) == [True]
    wait_for(lambda: memory_holds(transcoder, [secret]) == [False], "the key to be erased in the process that serves no client")
    assert text not in read(a.log_path)


def test_invalid_certificates_and_keys_prevent_the_start(authority, tmp_path):
    def pair(kind):
        leaf = authority.issue("localhost", key=kind)
        return leaf.pem, read(leaf.key), leaf.secret
    cert, key, secret = pair(EC)
    rsa_cert, rsa_key, rsa_secret = pair(RSA)
    short_cert, short_key, _ = pair("rsa-1024")
    p521_cert, p521_key, _ = pair("p-521")
    both = "TLS_CERT_PEM with TLS_KEY_PEM: "
    for c, k, says in [
            (cert, None, "TLS_CERT_PEM is set, but neither TLS_KEY_PEM nor TLS_KEY_FILE is"),
            (None, key, "TLS_KEY_PEM is set, but neither TLS_CERT_PEM nor TLS_CERT_FILE is"),
            (cert, pair(EC)[1], both + "the private key does not match the first certificate"),
            (rsa_cert, key, both + "the private key does not match the first certificate"),
            (authority.pem + cert, key, both + "the private key does not match the first certificate"),
            (cert, b"nothing", both + "no private key found; it must be in PEM format"),
            (cert, cert, both + "no private key found; it must be in PEM format"),
            (key, key, both + "no certificate found; it must be in PEM format"),
            (cert[:300], key, both + "malformed PEM block in the certificate"),
            (cert, key[:100], both + "malformed PEM block in the private key"),
            (cert.replace(b"MII", b"NII"), key, both + "malformed certificate"),
            (cert, pki.key_pem(secret, password=b"word"), both + "the private key is encrypted; remove its passphrase"),
            (rsa_cert, pki.key_pem(rsa_secret, "traditional", b"word"), both + "the private key is encrypted; remove its passphrase"),
            (cert, pki.key_pem(ed25519.Ed25519PrivateKey.generate()), both + "unsupported or malformed private key; use RSA, or EC on P-256, P-384 or P-521"),
            (p521_cert, p521_key, both + "unsupported EC curve of the private key; use P-256 or P-384"),
            (short_cert, short_key, both + "the RSA private key is shorter than 2048 bits")]:
        env = {"TLS_CERT_PEM": c.decode() if c else "", "TLS_KEY_PEM": k.decode() if k else ""}
        r = run(DATABASE_URL="postgresql://nobody@127.0.0.1:1/nothing", ROLE="api", WANZAMI_ENV="development", **env)
        assert (r.returncode, r.stdout, r.stderr) == (1, "", "wanzami: %s\n" % says)

    path, cert, key = str(tmp_path / "missing"), cert.decode(), key.decode()
    for env, says in [({"TLS_CERT_FILE": path, "TLS_KEY_PEM": key}, "TLS_CERT_FILE cannot be read: No such file or directory"),
                      ({"TLS_CERT_FILE": path, "TLS_CERT_PEM": "x", "TLS_KEY_PEM": "x"}, "TLS_CERT_PEM and TLS_CERT_FILE are both set; set only one of them"),
                      ({"TLS_CERT_PEM": cert, "TLS_KEY_PEM": key, "TLS_PORT": 4000}, "TLS_PORT is the same as PORT; set a different port")]:
        r = run(DATABASE_URL="postgresql://nobody@127.0.0.1:1/nothing", ROLE="api", WANZAMI_ENV="development", **env)
        assert (r.returncode, r.stdout, r.stderr) == (1, "", "wanzami: %s\n" % says)


def test_keys_are_accepted_in_every_pem_form(appliance, authority):
    leaf, rsa = authority.issue("localhost"), authority.issue("localhost", key=RSA)
    parameters = subprocess.run(["openssl", "ecparam", "-name", "prime256v1"], capture_output=True, check=True).stdout
    for cert, key in [(leaf, parameters + pki.key_pem(leaf.secret, "traditional")), (rsa, pki.key_pem(rsa.secret, "traditional")),
                      (leaf, pki.key_pem(leaf.secret).replace(b"\n", b"\\n"))]:
        port = free_port()
        a = appliance(ROLE="api", WORKERS=1, TLS_PORT=port, TLS_CERT_FILE=cert.chain, TLS_KEY_PEM=key.decode()).wait_healthy()
        assert requests.get("https://localhost:%d/health" % port, verify=authority.alone, timeout=30).status_code == 200
        assert a.stop() == 0


def test_an_expired_certificate_is_logged(secure):
    s = secure()
    assert not [x for x in s.a.log_lines() if "expired" in x["msg"]]
    leaf = s.authority.issue("localhost", days=(-3, -1))
    replace(s.cert, leaf.pem)
    replace(s.key, read(leaf.key))
    wait_for(lambda: [x for x in s.a.log_lines() if x["msg"] == "the TLS certificate of the API has expired, or the system clock is wrong"], "the warning")
