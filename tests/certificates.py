"""Authorities and certificates of the tests, made by openssl when they are needed."""
import os
import subprocess

RSA, EC = "rsa:2048", "P-256"
_count = [0]


def openssl(*args, **options):
    return subprocess.run(["openssl", *map(str, args)], check=True, capture_output=True, **options).stdout


def new_key(path, kind=EC):
    """kind: rsa:BITS, or the name of a curve."""
    if kind.startswith("rsa:"):
        openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:" + kind[4:], "-out", path)
    else:
        openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:" + kind, "-out", path)
    return path


class Authority:
    """A root with its certificate in `pem`; issue() signs certificates for servers."""

    def __init__(self, folder, name="Test authority", kind=EC):
        self.folder = str(folder)
        self.pem, self.key = self._path("pem"), new_key(self._path("key"), kind)
        openssl("req", "-x509", "-key", self.key, "-out", self.pem, "-days", "30", "-subj", "/CN=" + name)

    def _path(self, kind):
        _count[0] += 1
        return os.path.join(self.folder, "%d.%s" % (_count[0], kind))

    def issue(self, names="DNS:localhost,IP:127.0.0.1", kind=EC, days=30, key=None):
        """A certificate and its key, as two paths."""
        key, request, cert, ext = key or new_key(self._path("key"), kind), self._path("csr"), self._path("pem"), self._path("ext")
        openssl("req", "-new", "-key", key, "-out", request, "-subj", "/CN=a server")
        with open(ext, "w") as f:
            f.write("subjectAltName=%s\nbasicConstraints=CA:FALSE\nextendedKeyUsage=serverAuth\n" % names)
        openssl("x509", "-req", "-in", request, "-CA", self.pem, "-CAkey", self.key, "-set_serial", _count[0], "-days", days,
                "-extfile", ext, "-out", cert)
        return cert, key
