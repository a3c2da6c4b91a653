"""The TLS client against OpenSSL: valid and invalid certificate chains, and the error messages."""
import datetime
import hashlib
import time

import pytest

import pki
from pki import Authority
from tlsserver import Echo

ODD = b"a line of no length in particular" * 30000 + b"\n"


def accepted(tls, leaf, root, host="localhost", alone=False, **options):
    with Echo(leaf, alone=alone) as server:
        r = tls(host, server.port, data=ODD, roots=root.alone, **options)
    assert r.returncode == 0 and r.stdout == ODD, r.stdout[-500:] + r.stderr
    return server


def refused(tls, leaf, root, host="localhost", alone=False, **options):
    """Returns the error of a failed connection."""
    with Echo(leaf, alone=alone) as server:
        r = tls(host, server.port, data=ODD, **{"roots": root.alone, **options} if root else options)
    assert r.returncode == 1 and r.stdout.startswith(b"error: "), r.stdout[-500:] + r.stderr
    assert not server.clients or not r.stderr
    return r.stdout.decode()[len("error: "):].strip()


@pytest.mark.parametrize("key", ["p-256", "p-384", "p-521", "rsa-2048", "rsa-4096"])
@pytest.mark.parametrize("signer", ["p-384", "rsa-2048"])
def test_chains_of_every_key_type_are_accepted(tls, folder, key, signer):
    root = Authority(folder, key=signer)
    accepted(tls, Authority(folder, parent=root, key=signer).issue("localhost", key=key), root)


@pytest.mark.parametrize("digest", ["sha256", "sha384", "sha512"])
def test_chains_signed_with_sha2_are_accepted(tls, folder, digest):
    root = Authority(folder, key="rsa-2048")
    accepted(tls, root.issue("localhost", digest=digest), root)


@pytest.mark.parametrize("digest", ["sha1", "md5"])
def test_chains_signed_with_md5_or_sha1_are_refused(tls, folder, digest):
    root = Authority(folder, key="rsa-2048")
    assert "MD5 or SHA-1" in refused(tls, root.issue("localhost", digest=digest), root)


@pytest.mark.parametrize("name, host", [
    ("localhost", "LOCALHOST"), ("localhost", "localhost."), ("*.example.com", "db.example.com"), ("*.example.com", "DB.Example.COM"),
    ("127.0.0.1", "127.0.0.1"), ("::1", "::1"), ("fe80::1:2", "[fe80::1:2]"), ("xn--bcher-kva.example", "xn--bcher-kva.example")])
def test_matching_names_are_accepted(tls, folder, name, host):
    root = Authority(folder)
    server = accepted(tls, root.issue("other.example", name), root, host=host)
    assert server.names == [None if "1" in host else host.rstrip(".")], "SNI carries host names only"


@pytest.mark.parametrize("names, host", [
    (["example.com"], "localhost"), (["*.example.com"], "example.com"), (["*.example.com"], "a.b.example.com"), (["*.com"], "example.com"),
    (["d*.example.com"], "db.example.com"), (["*"], "localhost"), (["db.*.com"], "db.example.com"), (["localhost.evil"], "localhost"),
    (["127.0.0.2"], "127.0.0.1"), (["localhost"], "127.0.0.1"), (["127.0.0.1"], "localhost"), (["*.0.0.1"], "127.0.0.1")])
def test_names_that_do_not_match_are_refused(tls, folder, names, host):
    root = Authority(folder)
    assert ("certificate is not for host %s; its names: %s" % (host, names[0])) in refused(tls, root.issue(*names), root, host=host)


def test_the_common_name_is_ignored(tls, folder):
    root = Authority(folder)
    assert "not for host localhost; its names: none" in refused(tls, root.issue(common_name="localhost"), root)


def test_a_name_with_a_nul_matches_nothing(tls, folder):
    root = Authority(folder)
    from cryptography import x509
    raw = x509.UnrecognizedExtension(x509.ObjectIdentifier("2.5.29.17"), b"\x30\x10\x82\x0elocalhost\x00evil")
    assert "is not for host" in refused(tls, root.issue(extra=[(raw, False)]), root)


def test_expired_and_future_certificates_are_refused(tls, folder):
    root = Authority(folder)
    assert "expired on" in refused(tls, root.issue("localhost", days=(-20, -10)), root)
    assert "is not yet valid" in refused(tls, root.issue("localhost", days=(10, 20)), root)
    old = Authority(folder, parent=root, days=(-20, -10))
    assert 'certificate of "%s" expired on' % old.name in refused(tls, old.issue("localhost"), root)


def test_a_wrong_system_clock_is_reported_as_such(tls, folder):
    root = Authority(folder)
    leaf = root.issue("localhost")
    for now in (1000000, int(datetime.datetime(2024, 1, 1).timestamp())):
        assert "the system clock is wrong: " in refused(tls, leaf, root, now=now)
    assert "(system clock: " in refused(tls, leaf, root, now=int(time.time()) + 90 * 86400)
    accepted(tls, leaf, root, now=int(time.time()) + 86400)


def test_the_chain_must_end_at_a_trust_anchor(tls, folder):
    root, other = Authority(folder), Authority(folder)
    middle = Authority(folder, parent=root)
    leaf = middle.issue("localhost")
    accepted(tls, leaf, root)
    said = refused(tls, leaf, root, alone=True)
    assert middle.name in said and "intermediate certificate" in said
    assert root.name in refused(tls, leaf, other)
    assert "self-signed" in refused(tls, pki.self_signed(folder, "localhost"), root)
    own = pki.self_signed(folder, "localhost")
    accepted(tls, own, own)
    assert "is not for host example.com" in refused(tls, own, own, host="example.com")
    assert "that is not a CA" in refused(tls, Authority(folder, parent=root, authority=False).issue("localhost"), root)


def test_a_forged_signature_is_refused(tls, folder):
    root = Authority(folder)
    middle, twin = Authority(folder, parent=root), Authority(folder, parent=root)
    twin.certificate, twin.pem = middle.certificate, middle.pem  # the name of one CA with the key of another
    assert "forged or damaged" in refused(tls, twin.issue("localhost"), root)
    pretender = Authority(folder)
    pretender.certificate = root.certificate
    assert "signed by an unknown CA" in refused(tls, pretender.issue("localhost"), root)


def test_key_usage_and_purpose_are_checked(tls, folder):
    root = Authority(folder)
    accepted(tls, root.issue("localhost", purposes=None), root)
    accepted(tls, root.issue("localhost", purposes=["client", "server"]), root)
    assert "not for a TLS server" in refused(tls, root.issue("localhost", purposes=["client"]), root)
    assert "not for a TLS server" in refused(tls, root.issue("localhost", purposes=["code"]), root)
    refused(tls, root.issue("localhost", usage=["key_agreement"]), root)
    mail_only = Authority(folder, parent=root, purposes=["client"])
    assert "not allowed to issue" in refused(tls, mail_only.issue("localhost"), root)


@pytest.mark.parametrize("critical", [True, False])
def test_violated_name_constraints_are_refused(tls, folder, critical):
    root = Authority(folder)
    middle = Authority(folder, parent=root, permitted=["example.com"], excluded=["secret.example.com", "10.0.0.0/8"], critical=critical)
    for name in ("localhost", "secret.example.com", "a.secret.example.com", "notexample.com"):
        refused(tls, middle.issue(name), root, host=name)
    refused(tls, middle.issue("db.example.com", "10.1.2.3"), root, host="db.example.com")


def test_satisfied_name_constraints_are_accepted(tls, folder):
    root = Authority(folder)
    middle = Authority(folder, parent=root, permitted=["example.com", "127.0.0.0/8"], excluded=["secret.example.com"], critical=False)
    accepted(tls, middle.issue("db.example.com", "example.com"), root, host="db.example.com")
    accepted(tls, middle.issue("127.0.0.1"), root, host="127.0.0.1")


def test_verification_modes(tls, folder):
    root, other = Authority(folder), Authority(folder)
    for leaf in (root.issue("elsewhere"), pki.self_signed(folder, "elsewhere", key="rsa-2048", days=(-20, -10), digest="sha1")):
        accepted(tls, leaf, other, verify="nothing")
    accepted(tls, root.issue("elsewhere"), root, verify="chain")
    assert root.name in refused(tls, root.issue("elsewhere"), other, verify="chain")


def test_built_in_and_configured_ca_certificates(tls, folder):
    root = Authority(folder)
    leaf = root.issue("localhost")
    assert root.name in refused(tls, leaf, None)
    with open(root.alone) as f:
        pem = f.read()
    for text in (pem, pem.replace("\n", "\\n"), pem.replace("\n", " "), "words\n" + pem, pem.replace("\n", "\r\n")):
        with Echo(leaf) as server:
            r = tls("localhost", server.port, env={"EXTRA_CA_PEM": text})
            assert (r.returncode, r.stdout) == (0, b"hello\n")
    with Echo(leaf) as server:
        assert tls("localhost", server.port, env={"TLS_CA_FILE": root.alone}).returncode == 0
        for name in ("EXTRA_CA_PEM", "DATABASE_CA_PEM"):
            r = tls("localhost", server.port, env={name: pem[:300]})
            assert r.stdout == b"error: %s contains a malformed PEM block\n" % name.encode()
        assert b"cannot be read" in tls("localhost", server.port, env={"TLS_CA_FILE": folder + "/none"}).stdout


@pytest.mark.parametrize("key", ["p-256", "p-384", "rsa-2048", "rsa-4096"])
@pytest.mark.parametrize("form", ["pkcs8", "traditional"])
def test_a_client_certificate_is_sent(tls, folder, key, form):
    root = Authority(folder)
    me = root.issue("client", key=key, purposes=["client"])
    with open(me.key, "wb") as f:
        f.write(pki.key_pem(me.secret, form))
    with Echo(root.issue("localhost"), client_ca=root.alone) as server:
        r = tls("localhost", server.port, roots=root.alone, cert=me.chain, key=me.key)
        assert (r.returncode, r.stdout) == (0, b"hello\n")
        assert server.clients == [me.der]
        assert b"asked 1\nshown 1\n" in tls("localhost", server.port, roots=root.alone, cert=me.chain, key=me.key, report=1).stdout
        assert b"asked 1\nshown 0\n" in tls("localhost", server.port, roots=root.alone, report=1).stdout
    with Echo(root.issue("localhost")) as server:
        assert b"asked 0\nshown 0\n" in tls("localhost", server.port, roots=root.alone, cert=me.chain, key=me.key, report=1).stdout


def test_unusable_client_keys_are_refused(tls, folder):
    root = Authority(folder)
    me, other = root.issue("client"), root.issue("other")
    with open(folder + "/locked", "wb") as f:
        f.write(pki.key_pem(me.secret, password=b"secret"))
    for key, says in ((folder + "/locked", b"remove its passphrase"), (other.key, b"does not match the first certificate"),
                      (root.issue("rsa", key="rsa-2048").key, b"does not match the first certificate"), (me.alone, b"no private key found")):
        r = tls("localhost", 1, cert=me.chain, key=key)
        assert r.returncode == 1 and says in r.stdout


def test_the_negotiated_parameters_are_reported(tls, folder):
    root = Authority(folder, key="rsa-2048")
    leaf = root.issue("localhost", key="rsa-2048")
    for ciphers, bits in (("ECDHE-RSA-AES128-GCM-SHA256", 128), ("ECDHE-RSA-AES256-GCM-SHA384", 256), ("ECDHE-RSA-CHACHA20-POLY1305", 256)):
        with Echo(leaf, ciphers=ciphers, alpn="postgresql") as server:
            said = tls("localhost", server.port, roots=root.alone, report=1, alpn="postgresql").stdout.decode()
            assert "cipher %s\nbits %d\nalpn postgresql\n" % (ciphers, bits) in said
            assert "alpn none\n" in tls("localhost", server.port, roots=root.alone, report=1).stdout.decode()
    with Echo(leaf, ciphers="AES128-SHA") as server:
        assert b"no cipher suite or key type in common" in tls("localhost", server.port, roots=root.alone).stdout


@pytest.mark.parametrize("digest, binds", [("md5", "sha256"), ("sha1", "sha256"), ("sha256", "sha256"), ("sha384", "sha384"), ("sha512", "sha512")])
def test_the_hash_for_channel_binding(tls, folder, digest, binds):
    leaf = Authority(folder, key="rsa-2048").issue("localhost", digest=digest)
    with Echo(leaf) as server:
        said = tls("localhost", server.port, verify="nothing", report=1).stdout.decode()
    assert "hash %s\n" % hashlib.new(binds, leaf.der).hexdigest() in said


def test_an_end_without_close_notify_is_an_error(tls, folder):
    root = Authority(folder)
    with Echo(root.issue("localhost"), abrupt=True) as server:
        r = tls("localhost", server.port, roots=root.alone)
    assert r.returncode == 1 and r.stdout == b"hello\nerror: the server closed the connection without close_notify\n"
