"""hiredis over TLS: its blocking and its asynchronous interface against a server, and the appliance with rediss://."""
import contextlib
import socket
import ssl
import subprocess

import pytest
import requests

import pki
from conftest import build
from editor import Api
from listening import Listening
from secureservers import PASSWORD, QUOTED, SecureKeyValue
from services import clean_environment, wait_for


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return pki.Authority(str(tmp_path_factory.mktemp("authority")))


@pytest.fixture(scope="module")
def server(root):
    s = SecureKeyValue(root.issue("localhost", "127.0.0.1"))
    yield s
    s.close()


@pytest.fixture(scope="session")
def redis():
    """redis(host, port, commands, option=value…) runs the commands over TLS. Returns the replies as bytes, or the error."""
    tool = build("tools/redis")

    def run(host, port, commands, **options):
        r = subprocess.run([tool, host, str(port), *("%s=%s" % pair for pair in options.items())], input="\n".join(commands).encode() + b"\n",
                           capture_output=True, timeout=100, env=clean_environment())
        assert not r.stderr, r.stderr
        if r.returncode:
            return r.stdout.decode(errors="replace").split("error: ")[-1].strip()
        replies, rest = [], r.stdout
        while rest:
            head, rest = rest.split(b"\n", 1)
            length = int(head.split()[1])
            replies.append(rest[:length])
            rest = rest[length + 1:]
        return replies
    return run


BOTH = pytest.mark.parametrize("how", [{}, {"async": 1}], ids=["sync", "async"])


@pytest.fixture(scope="module")
def login(server):
    """A second user, whose password has no blank, because the program's commands are words."""
    with open(server.folder + "/acl", "a") as f:
        f.write("user tool on >secret ~* &* +@all\n")
    server.restart()
    return "AUTH tool secret"


def text(n):
    return bytes(ord("a") + i % 26 + (i // 1000) % 3 for i in range(n))


@BOTH
def test_commands_and_large_values_return_their_replies(redis, server, root, login, how):
    got = redis("localhost", server.port, [login, "PING", "SET big @5000000", "STRLEN big", "GET big", "GET none", "NONSENSE", "ACL WHOAMI"], roots=root.alone, **how)
    assert [g if len(g) < 100 else len(g) for g in got] == [b"OK", b"PONG", b"OK", b"5000000", 5000000, b"", got[6], b"tool"]
    assert got[4] == text(5000000) and b"unknown command" in got[6]


@BOTH
def test_sizes_around_a_record(redis, server, root, login, how):
    for n in (1, 16383, 16384, 16385, 32768, 70000):
        assert redis("127.0.0.1", server.port, [login, "ECHO @%d" % n], roots=root.alone, **how)[1] == text(n)


def test_many_pipelined_commands(redis, server, root, login):
    n = 3000
    got = redis("localhost", server.port, [login, *("ECHO @%d" % (i % 400 + 1) for i in range(n))], roots=root.alone, **{"async": 1})
    assert got[1:] == [text(i % 400 + 1) for i in range(n)]


@BOTH
def test_invalid_certificates_are_refused(redis, root, tmp_path, how):
    other = pki.Authority(str(tmp_path), "Somebody else")
    for leaf, host, roots, says in [(root.issue("localhost"), "valkey.example", root, "valkey.example"),
                                    (root.issue("localhost"), "127.0.0.1", root, "127.0.0.1"),
                                    (root.issue("localhost"), "localhost", other, "unknown CA"),
                                    (root.issue("localhost", days=(-9, -2)), "localhost", root, "expired")]:
        with contextlib.closing(SecureKeyValue(leaf)) as server:
            said = redis(host, server.port, ["PING"], roots=roots.alone, **how)
            assert isinstance(said, str) and says in said, said


@BOTH
def test_a_server_without_tls_is_an_error(redis, keyvalue, root, how):
    said = redis("localhost", keyvalue.port, ["PING"], roots=root.alone, patience=3000, **how)
    assert isinstance(said, str) and ("TLS" in said or "in time" in said or "closed" in said), said


@BOTH
def test_a_server_that_does_not_respond_times_out(redis, root, how):
    with socket.create_server(("127.0.0.1", 0)) as s:
        said = redis("localhost", s.getsockname()[1], ["PING"], roots=root.alone, patience=300, **how)
    assert said == "timeout: the server did not respond in time"


class CuttingProxy(Listening):
    """A proxy that forwards `limit` bytes of the server, with one byte changed if `flip`, then closes."""

    def __init__(self, port, limit, flip=False):
        self.server, self.limit, self.flip = port, limit, flip
        super().__init__()

    @staticmethod
    def up(client, server):
        with contextlib.suppress(OSError):
            while data := client.recv(65536):
                server.sendall(data)
            server.shutdown(socket.SHUT_WR)

    def talk(self, client):
        with socket.create_connection(("127.0.0.1", self.server)) as server:
            self.thread(self.up, client, server)
            left, flip = self.limit, self.flip
            while left > 0 and (data := server.recv(65536 if flip else min(left, 65536))):
                if flip and len(data) >= left:
                    data = data[:left - 1] + bytes([data[left - 1] ^ 0x20]) + data[left:]
                    left = 1 << 40
                left -= len(data)
                client.sendall(data)
            client.shutdown(socket.SHUT_RDWR)


@BOTH
def test_a_cut_or_changed_connection_is_an_error(redis, server, root, login, how):
    commands, total = [login, "ECHO @2000"], 0
    with CuttingProxy(server.port, 1 << 40) as whole:
        assert redis("localhost", whole.port, commands, roots=root.alone, **how)[1] == text(2000)
    for limit in range(1, 3000, 67):
        for flip in (False, True):
            with CuttingProxy(server.port, limit, flip) as cut:
                got = redis("localhost", cut.port, commands, roots=root.alone, patience=20000, **how)
            if isinstance(got, str):
                assert got, (limit, flip)
                total += 1
            else:  # the fault was behind the last reply
                assert got[1] == text(2000) and limit > 2500, (limit, flip)
    assert total > 60


def valkey(a):
    return a.get("/health/ready").json()["valkey"]


def test_the_appliance_connects_as_a_user_over_tls(world, server, root):
    a = world.start(roles="api", WORKERS=1, REDIS_URL=server.url, EXTRA_CA_PEM=root.pem.decode())
    wait_for(lambda: valkey(a)["state"] == "up", "Valkey to be up")
    for _ in range(2):
        server.kill()
        wait_for(lambda: valkey(a)["state"] == "down", "Valkey to be down")
        server.start()
        wait_for(lambda: valkey(a)["state"] == "up", "Valkey to be up again")
    assert PASSWORD not in open(a.log_path).read()
    assert a.stop() == 0


@pytest.mark.errors("valkey refuses the user or password")
def test_the_appliance_logs_why_a_server_is_refused(world, server, root, tmp_path):
    other = pki.Authority(str(tmp_path), "Somebody else")
    with contextlib.closing(SecureKeyValue(root.issue("valkey.example"))) as wrong:
        for port, ca, says in [(server.port, other, "unknown CA"), (wrong.port, root, "localhost")]:
            a = world.start(roles="api", WORKERS=1, REDIS_URL="rediss://%s@localhost:%d" % (QUOTED, port), EXTRA_CA_PEM=ca.pem.decode())
            line = wait_for(lambda: [x for x in a.log_lines() if x["msg"].startswith("valkey is unavailable")], "the log line")[0]
            assert says in line["error"], line
            assert valkey(a)["state"] == "down"
            assert requests.get(a.url + "/health", timeout=20).status_code == 200
    a = world.start(roles="api", WORKERS=1, REDIS_URL="rediss://films:wrong@localhost:%d" % server.port, EXTRA_CA_PEM=root.pem.decode())
    wait_for(lambda: any("refuses" in x["msg"] for x in a.log_lines()), "the log line")
    assert valkey(a)["state"] == "down"


def test_uploads_wake_workers_over_tls(world, server, root, login):
    """The wake-up is sent over TLS; the job itself is a row."""
    api = Api(world, roles="api", REDIS_URL=server.url, EXTRA_CA_PEM=root.pem.decode())
    wait_for(lambda: valkey(api.a)["state"] == "up", "Valkey to be up")
    made = api.init()
    with socket.create_connection(("127.0.0.1", server.port), 10) as raw:
        context = ssl.create_default_context(cafile=root.alone)
        with context.wrap_socket(raw, server_hostname="localhost") as s:
            def entries():
                s.sendall(b"XLEN wanzami:{q}:transcode\r\n")
                return int(s.recv(100)[1:])
            s.sendall(b"AUTH tool secret\r\n")
            assert s.recv(100) == b"+OK\r\n"
            before = entries()
            api.complete(made, api.put(made, b"hello world"))
            wait_for(lambda: entries() == before + 1, "the wake-up")
