"""libpq over BearSSL against PostgreSQL: each sslmode, each source of CA certificates, client certificates, channel binding, and error
messages."""
import os
import subprocess

import pytest

import pki
from services import wait_for
from pgserver import DamagingProxy, DirectTlsProxy, FakeServer
from pki import Authority


@pytest.fixture
def server(pg_server):
    return pg_server.ensure()


@pytest.fixture
def root(folder):
    return Authority(folder)


def info(server, host="localhost", user="postgres", **options):
    options = {"host": host, "hostaddr": "127.0.0.1", "port": server if isinstance(server, int) else server.port, "user": user,
               "dbname": "postgres", "gssencmode": "disable", **options}
    return " ".join("%s='%s'" % pair for pair in options.items())


def encrypted(said):
    assert "tls 1\nlibrary BearSSL\n" in said and "protocol TLSv1.2\n" in said and "server 1 TLSv1.2 " in said, said
    return said


def plain(said):
    assert said == "tls 0\nserver 0", said


def read(path):
    with open(path) as f:
        return f.read()


def test_every_sslmode_without_ca_certificates(pg, server, root):
    server.wear(root.issue("localhost"))
    plain(pg(info(server, sslmode="disable")))
    plain(pg(info(server, sslmode="allow")))
    encrypted(pg(info(server, sslmode="allow", user="onlytls")))
    encrypted(pg(info(server, sslmode="prefer")))
    encrypted(pg(info(server, sslmode="require")))
    for mode in ("verify-ca", "verify-full"):
        assert "DATABASE_CA_PEM" in pg(info(server, sslmode=mode))
    assert "no encryption" in pg(info(server, sslmode="disable", user="onlytls"))


@pytest.mark.parametrize("give", ["file", "environment"])
def test_every_sslmode_with_ca_certificates(pg, server, folder, root, give):
    other = Authority(folder)

    def connect(authority, mode, host="localhost"):
        if give == "file":
            return pg(info(server, host=host, sslmode=mode, sslrootcert=authority.alone))
        return pg(info(server, host=host, sslmode=mode), DATABASE_CA_PEM=read(authority.alone))

    server.wear(root.issue("localhost"))
    for mode in ("require", "verify-ca", "verify-full"):
        encrypted(connect(root, mode))
        assert "SSL error: certificate signed by an unknown CA: " in connect(other, mode), "require with CA certificates means verify-ca"
    encrypted(connect(root, "require", host="elsewhere"))
    encrypted(connect(root, "verify-ca", host="elsewhere"))
    assert 'server certificate for "localhost" does not match host name "elsewhere"' in connect(root, "verify-full", host="elsewhere")
    plain(connect(other, "prefer"))


def test_the_built_in_ca_certificates(pg, server, root):
    server.wear(root.issue("localhost"))
    said = pg(info(server, sslmode="verify-full", sslrootcert="system"))
    assert "signed by an unknown CA" in said
    encrypted(pg(info(server, sslmode="verify-full", sslrootcert="system"), EXTRA_CA_PEM=read(root.alone)))
    assert "weak sslmode" in pg(info(server, sslmode="require", sslrootcert="system"))
    said = pg(info(server, sslmode="verify-full", sslrootcert="system"), DATABASE_CA_PEM=read(root.alone))
    assert "signed by an unknown CA" in said, "sslrootcert takes precedence over DATABASE_CA_PEM"


@pytest.mark.parametrize("names, host, ok", [
    (["*.example.com"], "db.example.com", True), (["*.example.com"], "a.db.example.com", False), (["other", "DB.example.com"], "db.example.com", True),
    (["127.0.0.1"], "127.0.0.1", True), (["127.0.0.2"], "127.0.0.1", False), (["::1"], "::1", True), (["localhost"], "127.0.0.1", False)])
def test_the_certificate_must_match_the_host(pg, server, root, names, host, ok):
    server.wear(root.issue(*names))
    said = pg(info(server, host=host, sslmode="verify-full", sslrootcert=root.alone))
    if ok:
        encrypted(said)
    else:
        assert "does not match host name" in said


def test_the_common_name_is_used_as_in_libpq(pg, server, root):
    server.wear(root.issue(common_name="localhost"))
    encrypted(pg(info(server, sslmode="verify-full", sslrootcert=root.alone)))
    server.wear(root.issue("elsewhere", common_name="localhost"))
    assert 'certificate for "elsewhere"' in pg(info(server, sslmode="verify-full", sslrootcert=root.alone))


def test_validity_and_purpose_are_checked(pg, server, folder, root):
    for leaf, says in ((root.issue("localhost", days=(-9, -1)), "expired on"), (root.issue("localhost", days=(1, 9)), "is not yet valid"),
                       (root.issue("localhost", purposes=["client"]), "not for a TLS server"),
                       (pki.self_signed(folder, "localhost"), "self-signed")):
        server.wear(leaf)
        assert says in pg(info(server, sslmode="verify-full", sslrootcert=root.alone))
        encrypted(pg(info(server, sslmode="require")))


def test_unusable_files_and_options_are_refused(pg, server, root, folder):
    server.wear(root.issue("localhost"))
    for mode in ("require", "verify-full"):
        said = pg(info(server, sslmode=mode, sslrootcert=folder + "/missing.pem"))
        if mode == "require":
            encrypted(said)
        else:
            assert "missing.pem\" does not exist" in said
    broken = folder + "/broken.pem"
    with open(broken, "w") as f:
        f.write(read(root.alone)[:200])
    assert "it contains a malformed PEM block" in pg(info(server, sslmode="require", sslrootcert=broken))
    for option in ({"sslcrl": broken}, {"sslcrldir": folder}):
        assert "are not supported" in pg(info(server, sslmode="require", **option))
    assert "is not supported" in pg(info(server, sslmode="require", ssl_min_protocol_version="TLSv1.3"))
    assert "is not supported" in pg(info(server, sslmode="require", ssl_min_protocol_version="TLSv1", ssl_max_protocol_version="TLSv1.1"))


@pytest.mark.parametrize("key", ["p-256", "rsa-2048", "rsa-4096"])  # PostgreSQL 15 accepts EC keys on one curve only (ssl_ecdh_curve)
@pytest.mark.parametrize("form", ["pkcs8", "traditional"])
def test_client_certificates_are_accepted(pg, server, root, key, form):
    server.wear(root.issue("localhost"))
    me = server.client_root.issue(common_name="bycert", key=key, purposes=["client"])
    with open(me.key, "wb") as f:
        f.write(pki.key_pem(me.secret, form))
    mine = {"sslcert": me.chain, "sslkey": me.key}
    assert encrypted(pg(info(server, user="bycert", sslmode="require", **mine))).endswith("/CN=bycert")
    assert encrypted(pg(info(server, user="bycert", sslmode="require", sslcertmode="require", **mine)))
    assert "connection requires a valid client certificate" in pg(info(server, user="bycert", sslmode="require"))
    assert "connection requires a valid client certificate" in pg(info(server, user="bycert", sslmode="require", sslcertmode="disable", **mine))
    assert "without a valid SSL certificate" in pg(info(server, sslmode="require", sslcertmode="require"))


def test_unusable_client_certificates_are_refused(pg, server, root, folder):
    server.wear(root.issue("localhost"))
    me, other = (server.client_root.issue(common_name="bycert", purposes=["client"]) for _ in range(2))
    assert "not private key file" in pg(info(server, sslmode="require", sslcert=me.chain, sslkey=folder + "/none"))
    assert "does not match the first certificate" in pg(info(server, sslmode="require", sslcert=me.chain, sslkey=other.key))
    os.chmod(me.key, 0o644)
    assert "group or world access" in pg(info(server, sslmode="require", sslcert=me.chain, sslkey=me.key))
    stranger = Authority(folder).issue(common_name="bycert", purposes=["client"])
    said = pg(info(server, user="bycert", sslmode="require", sslcert=stranger.chain, sslkey=stranger.key))
    assert "unknown CA: the peer does not trust the CA of our certificate (alert 48)" in said


@pytest.mark.parametrize("key, digest", [("rsa-2048", "md5"), ("rsa-2048", "sha1"), ("rsa-2048", "sha256"), ("rsa-2048", "sha384"),
                                         ("rsa-2048", "sha512"), ("p-256", "sha256"), ("p-384", "sha384")])
def test_channel_binding_with_every_signature_hash(pg, server, folder, key, digest):
    root = Authority(folder, key=key)
    server.wear(root.issue("localhost", key=key, digest=digest))
    mine = {"user": "bypassword", "password": "a-password"}
    encrypted(pg(info(server, sslmode="require", channel_binding="require", **mine)))
    assert "channel binding" in pg(info(server, sslmode="disable", channel_binding="require", **mine))


def test_channel_binding_detects_a_man_in_the_middle(pg, server, root):
    server.wear(root.issue("localhost"))
    with DirectTlsProxy(root.issue("localhost"), server.port) as between:
        # The server behind the proxy has a plain connection, so it does not offer channel binding.
        said = pg(info(between.port, sslmode="require", sslnegotiation="direct", channel_binding="require", user="bypassword", password="a-password"))
    assert "channel binding is required" in said.lower()


def test_direct_negotiation_with_alpn(pg, server, root):
    leaf = root.issue("localhost")
    with DirectTlsProxy(leaf, server.port) as direct:
        said = pg(info(direct.port, sslmode="verify-full", sslrootcert=root.alone, sslnegotiation="direct"))
        assert "tls 1\n" in said and "alpn postgresql\n" in said
    with DirectTlsProxy(leaf, server.port, alpn=None) as direct:
        assert "without ALPN" in pg(info(direct.port, sslmode="require", sslnegotiation="direct"))


def test_pqsslattribute_reports_the_connection(pg, server, root):
    server.wear(root.issue("localhost"))
    said = encrypted(pg(info(server, sslmode="require")))
    lines = dict(line.split(" ", 1) for line in said.splitlines() if " " in line)
    assert lines["compression"] == "off" and lines["key_bits"] in ("128", "256")
    assert lines["server"].split()[2] == lines["cipher"]


def test_servers_that_violate_the_protocol_are_refused(pg):
    assert pg(info(1, sslmode="require")).startswith("error: ")
    for answer, says in ((b"N", "server does not support SSL, but SSL was required"),
                         (b"S" + b"HTTP/1.0 400 Bad request\r\n\r\n" * 40, "SSL error: "),
                         (b"S\x16\x03\x03\xff\xff" + b"x" * 70000, "SSL error: invalid TLS record length"),
                         (b"S\x16\x03\x03\x00\x04\x02\xff\xff\xff" + b"\x16\x03\x03\x40\x00" + b"y" * 16384, "SSL error: "),
                         (b"S\x15\x03\x03\x00\x02\x02\x46", "the peer does not support TLS 1.2 (alert 70)"),
                         (b"S\x15\x03\x03\x00\x02\x02\x28", "no cipher suite or key type in common")):
        with FakeServer(answer) as server:
            said = pg(info(server.port, sslmode="require"), "try", 1)
            assert said.startswith("error: ") and says in said, (answer[:10], said)
    with FakeServer(b"S", end=True) as server:
        assert "closed the connection during the TLS handshake" in pg(info(server.port, sslmode="require"), "try", 1)


def test_a_server_that_stalls_causes_no_busy_loop(pg, server, root):
    server.wear(root.issue("localhost"))
    with DamagingProxy(server.port) as between:
        encrypted(pg(info(between.port, sslmode="require")))
        handshake = between.passed[0, "server"]
    for position in (0, 1, 3, 6, 40, 150, handshake // 2, handshake // 2 + 100):
        with DamagingProxy(server.port, lambda n: ("server", position, "stall")) as between:
            state, steps = pg(info(between.port, sslmode="require"), "wait", 300).split()
            assert state == "waits" and int(steps) < 30, "%s after %s steps at %d" % (state, steps, position)
            assert "timeout expired" in pg(info(between.port, sslmode="require", connect_timeout=2))


@pytest.mark.parametrize("verb, megabytes, says", [("down", 100, "100000000"), ("up", 100, "100000000 1000000"), ("pipe", 100, "100")])
@pytest.mark.parametrize("cipher", ["ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-ECDSA-CHACHA20-POLY1305"])
def test_a_transfer_of_a_hundred_megabytes(pg, server, root, verb, megabytes, says, cipher):
    server.wear(root.issue("localhost"))
    server.set("ssl_ciphers", cipher)
    wait_for(lambda: "cipher %s\n" % cipher in pg(info(server, sslmode="require")), "the cipher")
    said = pg(info(server, sslmode="verify-full", sslrootcert=root.alone), verb, megabytes)
    server.set("ssl_ciphers", None)
    assert said.split()[0] == says.split()[0], said


@pytest.mark.parametrize("key", ["p-256", "rsa-2048"])
@pytest.mark.parametrize("form", ["pkcs8", "traditional"])
def test_keys_are_erased_from_memory(pg, server, root, key, form):
    """While a connection is open the search finds its key; afterwards it finds none."""
    server.wear(root.issue("localhost"))
    me = server.client_root.issue(common_name="bycert", key=key, purposes=["client"])
    with open(me.key, "wb") as f:
        f.write(pki.key_pem(me.secret, form))
    numbers = me.secret.private_numbers()
    secret = numbers.private_value.to_bytes(32, "big") if key == "p-256" else numbers.p.to_bytes(128, "big")
    text = pki.key_pem(me.secret, form).splitlines()[2][:40]
    for verb, times in (("break", 1), ("gone", 0)):
        with subprocess.Popen([pg.tool, info(server, user="bycert", sslmode="require", sslcert=me.chain, sslkey=me.key), verb],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as p:
            while p.stdout.readline() not in ("up\n", "gone\n"):
                assert p.poll() is None
            found = memory(p.pid)
            p.communicate("go on\n", timeout=60)
        assert found.count(secret) == times, verb
        assert found.count(text) == 0


def memory(pid):
    """Returns the content of all writable memory of a process."""
    found = b""
    with open("/proc/%d/maps" % pid) as maps, open("/proc/%d/mem" % pid, "rb") as mem:
        for line in maps:
            where, rights = line.split()[:2]
            start, end = (int(n, 16) for n in where.split("-"))
            if "rw" in rights and end - start < 1 << 30:
                mem.seek(start)
                found += mem.read(end - start)
    return found
