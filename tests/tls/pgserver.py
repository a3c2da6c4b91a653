"""A real PostgreSQL that speaks TLS, and things that stand between it and a client."""
import contextlib
import os
import signal
import socket
import ssl
import struct

import pki
from listening import Listening
from services import Postgres, wait_for

HBA = """
local all all trust
hostnossl all onlytls all reject
hostssl all bycert all cert
host all bypassword all scram-sha-256
host all all all trust
"""


# So that it also shows certificates that are signed as nobody should any more.
OPENSSL = """
openssl_conf = all
[all]
ssl_conf = tls
[tls]
system_default = default
[default]
CipherString = DEFAULT:@SECLEVEL=0
"""


class TlsPostgres(Postgres):
    """wear(leaf) gives it a certificate. Users: postgres (anyhow), onlytls, bycert (by client certificate, common name bycert),
    bypassword (SCRAM, "a-password")."""

    name = "postgres-tls"

    def _make(self):
        super()._make()
        with open(self.data + "/pg_hba.conf", "w") as f:
            f.write(HBA)
        self.client_root = pki.Authority(self.folder, name="Clients")
        self.leaf = pki.Authority(self.folder).issue("localhost")
        self._write()
        with open(self.folder + "/openssl.cnf", "w") as f:
            f.write(OPENSSL)

    def _write(self):
        user = {"uid": self.as_user.get("user", -1), "gid": self.as_user.get("group", -1)}
        for name, source in (("server.crt", self.leaf.chain), ("server.key", self.leaf.key), ("root.crt", self.client_root.alone)):
            target = os.path.join(self.data, name)
            with open(source, "rb") as f, open(target + ".new", "wb") as t:
                os.chmod(target + ".new", 0o600)
                os.chown(target + ".new", user["uid"], user["gid"])
                t.write(f.read())
            os.rename(target + ".new", target)

    def commands(self):
        return [["env", "OPENSSL_CONF=" + self.folder + "/openssl.cnf"] + super().commands()[0] +
                ["-c", "ssl=on", "-c", "ssl_ca_file=root.crt"]]

    def start(self):
        super().start()
        with self.connect("postgres") as db, db.cursor() as c:
            c.execute("SELECT count(*) FROM pg_roles WHERE rolname = 'bycert'")
            if c.fetchone()[0] == 0:
                c.execute("CREATE ROLE onlytls LOGIN; CREATE ROLE bycert LOGIN; CREATE ROLE bypassword LOGIN PASSWORD 'a-password'")
        db.close()
        return self

    def shown(self):
        """The certificate that it shows now."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.set_ciphers("DEFAULT:@SECLEVEL=0")
        with socket.create_connection(("127.0.0.1", self.port), 20) as s:
            s.sendall(struct.pack("!ii", 8, 80877103))
            assert s.recv(1) == b"S"
            with context.wrap_socket(s) as t:
                return t.getpeercert(binary_form=True)

    def set(self, name, value):
        """Changes its configuration, for connections to come; None takes that back."""
        db = self.connect("postgres")
        with db.cursor() as c:
            c.execute("ALTER SYSTEM SET %s = '%s'" % (name, value) if value else "ALTER SYSTEM RESET " + name)
            c.execute("SELECT pg_reload_conf()")
        db.close()

    def wear(self, leaf):
        self.leaf = leaf
        self._write()
        os.kill(self.process.pid, signal.SIGHUP)
        wait_for(lambda: self.shown() == leaf.der, "the server's new certificate")


class Between(Listening):
    """A proxy on `port` to another port. For each connection, in the order of their coming, `plan(number)` says what is done to the bytes
    of the direction "server" or "client": None or (direction, position, action, …) with an action of cut, flip, stall, or drip."""

    def __init__(self, target, plan=lambda number: None):
        self.target, self.plan, self.count = target, plan, 0
        self.passed = {}  # (number, direction): bytes
        self.open = set()
        super().__init__()

    def accepted(self, client):
        server = socket.create_connection(("127.0.0.1", self.target))
        for s in (client, server):
            s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.open |= {client, server}
        number, self.count = self.count, self.count + 1
        for direction, a, b in (("client", client, server), ("server", server, client)):
            self.thread(self._copy, number, direction, a, b)

    def _copy(self, number, direction, source, target):
        plan = self.plan(number)
        done = 0
        with contextlib.suppress(OSError):
            while True:
                data = source.recv(65536)
                if not data:
                    break
                if plan and plan[0] == direction:
                    _, position, action = plan
                    at = position - done
                    if action == "drip":
                        for i in range(len(data)):
                            target.sendall(data[i:i + 1])
                        done += len(data)
                        continue
                    if 0 <= at < len(data):
                        if action == "flip":
                            data = data[:at] + bytes([data[at] ^ 0x01]) + data[at + 1:]
                        else:
                            target.sendall(data[:at])
                            if action == "cut":
                                break
                            while source.recv(65536):  # stall: takes, and passes nothing on
                                pass
                            return
                target.sendall(data)
                done += len(data)
                self.passed[number, direction] = done
        for s in (source, target):
            with contextlib.suppress(OSError):
                s.shutdown(socket.SHUT_RDWR)
        for s in (source, target):
            self.open.discard(s)

    def close(self):
        super().close()
        for s in list(self.open):
            with contextlib.suppress(OSError):
                s.close()


class Direct(Listening):
    """Takes TLS from the first byte, as PostgreSQL 17 does, and speaks plainly to the server behind."""

    def __init__(self, leaf, target, alpn="postgresql"):
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(leaf.chain, leaf.key)
        if alpn:
            self.context.set_alpn_protocols([alpn])
        self.target = target
        super().__init__()

    def talk(self, client):
        """Question and answer in turn is enough for the start of a session and simple queries."""
        with self.context.wrap_socket(client, server_side=True) as t, socket.create_connection(("127.0.0.1", self.target)) as server:
            t.settimeout(0.05)
            while True:
                for a, b in ((t, server), (server, t)):
                    with contextlib.suppress(socket.timeout):
                        a.settimeout(0.05)
                        data = a.recv(65536)
                        if not data:
                            return
                        b.sendall(data)


class Saying(Listening):
    """A server that answers the request for TLS with the first of the given bytes and the client's first message with the rest. Then it
    waits for the client to go (or ends at once, with `end`)."""

    def __init__(self, answer, end=False):
        self.answer, self.end = answer, end
        super().__init__()

    def talk(self, s):
        s.recv(8)
        s.sendall(self.answer[:1])
        if self.answer[1:] and s.recv(65536):
            s.sendall(self.answer[1:])
        while s.recv(65536) and not self.end:
            pass
