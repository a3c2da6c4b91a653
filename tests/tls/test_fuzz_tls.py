"""A short libFuzzer run over the input of src/tls from peers and operators (tests/fuzz/certificates.c). Seeds: certificates and handshakes
created here, and the corpus of longer runs (tests/fuzz/corpus)."""
import os
import shutil
import socket
import subprocess

import pki
from conftest import build
from pki import Authority
from services import ROOT
from tlsserver import Echo

RUNS = os.environ.get("FUZZ_RUNS", "30000")
KEPT = os.path.join(ROOT, "tests", "fuzz", "corpus", "certificates")
PEM, IDENTITY, CERTIFICATE, CHAIN, HANDSHAKE = (bytes([n]) for n in range(5))


class RecordingProxy(Echo):
    """Records the bytes of the server to a client that disconnects before the end of the handshake."""

    def said(self):
        import ssl
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode, context.maximum_version = False, ssl.CERT_NONE, ssl.TLSVersion.TLSv1_2
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        client = context.wrap_bio(incoming, outgoing)
        try:
            client.do_handshake()
        except ssl.SSLWantReadError:
            pass
        with socket.create_connection(("127.0.0.1", self.port)) as s:
            s.sendall(outgoing.read())
            data = b""
            while not data.endswith(b"\x0e\0\0\0"):  # ServerHelloDone
                data += s.recv(65536)
        return data


def seeds(folder):
    root = Authority(folder, key="rsa-2048")
    middle = Authority(folder, parent=root, permitted=["example.com", "10.0.0.0/8"], excluded=["secret.example.com"], purposes=["server"])
    leaves = [middle.issue("localhost", "*.example.com", "127.0.0.1", "::1"), root.issue(common_name="localhost", purposes=None),
              root.issue("localhost", key="rsa-2048", digest="sha1", usage=["digital_signature"]), pki.self_signed(folder, "localhost", key="p-384")]
    for leaf in leaves:
        with open(leaf.chain) as f:
            chain = f.read()
        yield PEM + chain.encode()
        yield PEM + chain.replace("\n", "\\n").encode()
        for form in ("pkcs8", "traditional"):
            yield IDENTITY + chain.encode() + pki.key_pem(leaf.secret, form)
        yield CERTIFICATE + leaf.der
        yield CHAIN + leaf.der + middle.der + root.der
        with RecordingProxy(leaf) as server:
            yield HANDSHAKE + server.said()
    yield CERTIFICATE + middle.der


def test_libfuzzer_finds_nothing_in_tls(folder):
    program = build("fuzz/certificates", "fuzz")
    corpus = os.path.join(folder, "corpus")
    os.mkdir(corpus)
    for n, seed in enumerate(seeds(folder)):
        with open("%s/seed-%d" % (corpus, n), "wb") as f:
            f.write(seed)
    for name in os.listdir(KEPT):
        shutil.copy(os.path.join(KEPT, name), corpus)
    r = subprocess.run([program, "-runs=" + RUNS, "-max_len=6000", "-timeout=60", "-rss_limit_mb=1024", "-print_final_stats=1",
                        "-artifact_prefix=%s/" % folder, corpus], capture_output=True, text=True, timeout=3000)
    assert r.returncode == 0, r.stderr[-4000:]
    assert "stat::number_of_executed_units" in r.stderr
