"""PostgreSQL and Redis or Valkey with TLS."""
import contextlib
import hashlib
import os
import shutil
import signal
import socket
import ssl
import struct

import pki
from services import Postgres, Server, free_port, wait_for

HBA = """
local all all trust
hostnossl all onlytls all reject
hostssl all bycert all cert
host all bypassword all scram-sha-256
host all all all trust
"""


# Allows certificates with obsolete signature algorithms.
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
    """PostgreSQL with TLS; wear(leaf) sets its certificate. Users: postgres (no authentication), onlytls, bycert (client certificate with
    common name bycert), bypassword (SCRAM, "a-password")."""

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
        """Returns the server's current certificate."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.set_ciphers("DEFAULT:@SECLEVEL=0")
        with socket.create_connection((self.address, self.port), 20) as s:
            s.sendall(struct.pack("!ii", 8, 80877103))
            assert s.recv(1) == b"S"
            with context.wrap_socket(s) as t:
                return t.getpeercert(binary_form=True)

    def set(self, name, value):
        """Changes a setting for new connections; None resets it."""
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


USER, PASSWORD = "films", "p@ss word/of:the%tests"
QUOTED = "films:p%40ss%20word%2Fof%3Athe%25tests"


class SecureKeyValue(Server):
    """Redis or Valkey that accepts only TLS. Besides the default user it has one without permissions."""

    name = "rediss"

    def __init__(self, leaf, host="localhost"):
        super().__init__()
        self.port, self.leaf = free_port(), leaf
        with open(self.folder + "/acl", "w") as f:
            f.write("user default off\nuser %s on #%s ~* &* +@all\n" % (USER, hashlib.sha256(PASSWORD.encode()).hexdigest()))
        self.url = "rediss://%s@%s:%d" % (QUOTED, host, self.port)
        self.start()

    def commands(self):
        return [[shutil.which("valkey-server") or shutil.which("redis-server"), "--port", "0", "--bind", "127.0.0.1", "--tls-port", str(self.port),
                 "--tls-cert-file", self.leaf.chain, "--tls-key-file", self.leaf.key, "--tls-auth-clients", "no", "--aclfile", self.folder + "/acl",
                 "--dir", self.folder, "--save", "", "--daemonize", "no"]]

    def answers(self):
        with contextlib.suppress(OSError):
            context = ssl.create_default_context(cafile=self.leaf.chain)
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            with socket.create_connection(("127.0.0.1", self.port), 10) as s, context.wrap_socket(s) as t:
                t.sendall(b"PING\r\n")
                return t.recv(100).startswith(b"-NOAUTH")
