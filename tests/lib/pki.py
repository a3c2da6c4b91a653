"""A CA for the tests: creates root, intermediate and leaf certificates at run time, valid ones and ones with a given defect.

    root = Authority(folder)                              # a new root, P-256
    middle = Authority(folder, parent=root)
    leaf = middle.issue("localhost", "127.0.0.1")         # valid
    leaf = root.issue("*.example.com", key="rsa-2048", days=(-20, -10), digest="sha384", purposes=["client"])

Files in the folder: authority.pem; leaf.chain (leaf and intermediate certificates), leaf.alone, leaf.key."""
import datetime
import ipaddress
import itertools
import os

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_numbers = itertools.count(1)
_rsa = {}  # generating an RSA key is slow: up to three per size are reused in turn

CURVES = {"p-256": ec.SECP256R1, "p-384": ec.SECP384R1, "p-521": ec.SECP521R1}
DIGESTS = {"md5": hashes.MD5, "sha1": hashes.SHA1, "sha256": hashes.SHA256, "sha384": hashes.SHA384, "sha512": hashes.SHA512}
PURPOSES = {"server": ExtendedKeyUsageOID.SERVER_AUTH, "client": ExtendedKeyUsageOID.CLIENT_AUTH, "code": ExtendedKeyUsageOID.CODE_SIGNING}


def make_key(kind):
    if kind in CURVES:
        return ec.generate_private_key(CURVES[kind]())
    bits = int(kind.split("-")[1])
    kept = _rsa.setdefault(bits, [])
    if len(kept) < 3:
        kept.append(rsa.generate_private_key(public_exponent=65537, key_size=bits))
        return kept[-1]
    kept.append(kept.pop(0))
    return kept[-1]


def general_name(name):
    try:
        return x509.IPAddress(ipaddress.ip_network(name) if "/" in name else ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def key_pem(key, form="pkcs8", password=None):
    forms = {"pkcs8": serialization.PrivateFormat.PKCS8, "traditional": serialization.PrivateFormat.TraditionalOpenSSL}
    encryption = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, forms[form], encryption)


class Certificate:
    """A certificate and its private key, as files."""

    def _write(self, folder, name, chain):
        self.path = os.path.join(folder, "%s-%d" % (name, next(_numbers)))
        self.alone, self.chain, self.key = self.path + ".pem", self.path + ".chain", self.path + ".key"
        self.pem = self.certificate.public_bytes(serialization.Encoding.PEM)
        for path, data in ((self.alone, self.pem), (self.chain, self.pem + b"".join(c.pem for c in chain)), (self.key, key_pem(self.secret))):
            with open(path, "wb") as f:
                os.chmod(path, 0o600)
                f.write(data)

    @property
    def der(self):
        return self.certificate.public_bytes(serialization.Encoding.DER)

    def owned_by(self, uid, gid):
        """Changes the owner of the files, for servers that run as another user and require to own the key."""
        for path in (self.alone, self.chain, self.key):
            os.chown(path, uid, gid)
        return self


class Authority(Certificate):
    """A root CA or, with `parent`, an intermediate CA. `permitted` and `excluded` are name constraints."""

    def __init__(self, folder, name="Test authority", parent=None, key="p-256", days=(-1, 60), permitted=None, excluded=None,
                 critical=True, authority=True, purposes=None):
        self.folder, self.parent = folder, parent
        extensions = [(x509.BasicConstraints(ca=authority, path_length=None), True)]
        if permitted or excluded:
            extensions.append((x509.NameConstraints([general_name(n) for n in permitted] if permitted else None,
                                                    [general_name(n) for n in excluded] if excluded else None), critical))
        if purposes:
            extensions.append((x509.ExtendedKeyUsage([PURPOSES[p] for p in purposes]), False))
        self.secret = make_key(key)
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "%s %d" % (name, next(_numbers)))])
        self.certificate = _sign(subject, self.secret, parent or self, subject if parent is None else parent.certificate.subject,
                                 days, "sha256", extensions)
        self._write(folder, "authority", [])

    @property
    def name(self):
        return self.certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value

    def chain_above(self):
        """Returns the certificate chain from this certificate up, without the root."""
        return [self] + self.parent.chain_above() if self.parent else []

    def issue(self, *names, **options):
        return Leaf(self, names, **options)


class Leaf(Certificate):
    """A server or client certificate. `names` are DNS names and IP addresses; without names there is no subjectAltName."""

    def __init__(self, by, names, key="p-256", days=(-1, 60), digest="sha256", purposes=("server",), usage=None, common_name=None,
                 extra=(), folder=None):
        extensions = [(x509.BasicConstraints(ca=False, path_length=None), True)]
        if names:
            extensions.append((x509.SubjectAlternativeName([general_name(n) for n in names]), False))
        if purposes:
            extensions.append((x509.ExtendedKeyUsage([PURPOSES[p] for p in purposes]), False))
        if usage:
            flags = dict.fromkeys(("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
                                   "key_cert_sign", "crl_sign", "encipher_only", "decipher_only"), False)
            extensions.append((x509.KeyUsage(**{**flags, **dict.fromkeys(usage, True)}), True))
        extensions += list(extra)
        self.secret = make_key(key)
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name or (names[0] if names else "nobody"))])
        issuer = by.certificate.subject if by else subject
        self.certificate = _sign(subject, self.secret, by or self, issuer, days, digest, extensions)
        self._write(by.folder if by else folder, "leaf", by.chain_above() if by else [])


def self_signed(folder, *names, **options):
    """Returns a self-signed server certificate."""
    return Leaf(None, names, folder=folder, **options)


def _sign(subject, key, signer, issuer, days, digest, extensions):
    now = datetime.datetime.utcnow()
    builder = (x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key.public_key())
               .serial_number(x509.random_serial_number())
               .not_valid_before(now + datetime.timedelta(days=days[0])).not_valid_after(now + datetime.timedelta(days=days[1])))
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    return builder.sign(signer.secret, DIGESTS[digest]())
