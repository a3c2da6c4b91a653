"""JWTs: the examples of RFC 7515 appendix A, and invalid tokens."""
import base64
import hashlib
import hmac
import json
import subprocess

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils

from conftest import build
from services import clean_environment

CLAIMS = {"iss": "joe", "exp": 1300819380, "http://example.com/is_root": True}

A1_KEY = "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"
BODY = "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
A1 = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9." + BODY + ".dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
A2_N = ("ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOW"
        "vG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5"
        "IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ")
A2 = ("eyJhbGciOiJSUzI1NiJ9." + BODY + ".cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4"
      "BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs"
      "98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw")
A3_X, A3_Y = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"
A3 = "eyJhbGciOiJFUzI1NiJ9." + BODY + ".DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"


def decode(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def encode(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def number(text):
    return int.from_bytes(decode(text), "big")


def pem(key):
    return key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


@pytest.fixture
def jwt(tmp_path):
    """jwt("verify", key, text) or jwt("sign", algorithm, key, text): returns the output, None if the token is refused."""
    tool = build("tools/jwt")

    def run(*args):
        *words, key, text = args
        (tmp_path / "key").write_bytes(key)
        r = subprocess.run([tool, *words, str(tmp_path / "key")], input=text.encode(), capture_output=True, timeout=60, env=clean_environment())
        assert r.returncode in (0, 1) and not r.stderr, r.stderr
        return r.stdout.decode() if r.returncode == 0 else None
    return run


RSA = rsa.RSAPublicNumbers(65537, number(A2_N)).public_key()
EC = ec.EllipticCurvePublicNumbers(number(A3_X), number(A3_Y), ec.SECP256R1()).public_key()
EXAMPLES = [(decode(A1_KEY), A1), (pem(RSA), A2), (pem(EC), A3)]


@pytest.mark.parametrize("key, token", EXAMPLES, ids=["HS256", "RS256", "ES256"])
def test_the_examples_of_the_rfc_are_verified(jwt, key, token):
    assert json.loads(jwt("verify", key, token)) == CLAIMS


@pytest.mark.parametrize("key, token", EXAMPLES, ids=["HS256", "RS256", "ES256"])
def test_a_token_with_any_byte_changed_is_refused(jwt, key, token):
    for at in range(0, len(token), 7):
        if token[at] != ".":
            changed = token[:at] + ("A" if token[at] != "A" else "B") + token[at + 1:]
            assert jwt("verify", key, changed) is None, at
    head, body, signature = token.split(".")
    for other in (signature[:-1], signature + "A", signature + "=", "", "." + signature, signature.replace("-", "+"), encode(b"\0" * 64), encode(decode(signature) + b"\0")):
        if other != signature:
            assert jwt("verify", key, head + "." + body + "." + other) is None, other
    # The last character of a signature has unused bits: only one spelling is valid.
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    spare = signature[:-1] + alphabet[alphabet.index(signature[-1]) ^ 1]
    assert decode(spare) == decode(signature) and jwt("verify", key, head + "." + body + "." + spare) is None


def test_wrong_keys_are_refused(jwt):
    other_rsa, other_ec = rsa.generate_private_key(65537, 2048), ec.generate_private_key(ec.SECP256R1())
    for key, token in [(pem(other_rsa.public_key()), A2), (pem(other_ec.public_key()), A3), (pem(EC), A2), (pem(RSA), A3), (b"nonsense", A2),
                       (pem(EC).replace(b"PUBLIC KEY", b"CERTIFICATE"), A3), (pem(EC)[:100], A3), (b" ", A2), (b"x" * 20000, A3),
                       (pem(ec.generate_private_key(ec.SECP384R1()).public_key()), A3)]:
        assert jwt("verify", key, token) is None


def test_a_short_rsa_key_is_refused(jwt):
    for bits, ok in ((1024, False), (2048, True), (4096, True)):
        key = rsa.generate_private_key(65537, bits)
        head = encode(b'{"alg":"RS256"}') + "." + BODY
        token = head + "." + encode(key.sign(head.encode(), padding.PKCS1v15(), hashes.SHA256()))
        assert (jwt("verify", pem(key.public_key()), token) is not None) == ok


def test_tokens_are_compatible_with_another_implementation(jwt):
    key = ec.generate_private_key(ec.SECP256R1())
    for _ in range(20):  # numbers with and without leading zeros
        head = encode(b'{"alg":"ES256"}') + "." + BODY
        r, s = utils.decode_dss_signature(key.sign(head.encode(), ec.ECDSA(hashes.SHA256())))
        assert jwt("verify", pem(key.public_key()), head + "." + encode(r.to_bytes(32, "big") + s.to_bytes(32, "big"))) is not None
    for alg, digest in (("HS256", hashlib.sha256), ("HS384", hashlib.sha384), ("HS512", hashlib.sha512)):
        for secret in (b"k", b"a secret of some length " * 3, bytes(range(1, 256))):
            token = jwt("sign", alg, secret, json.dumps(CLAIMS))
            head, body, signature = token.split(".")
            assert json.loads(decode(head))["alg"] == alg and json.loads(decode(body)) == CLAIMS
            assert decode(signature) == hmac.new(secret, (head + "." + body).encode(), digest).digest()
            assert json.loads(jwt("verify", secret, token)) == CLAIMS
            assert jwt("verify", secret + b"x", token) is None


def test_algorithms_are_not_confused(jwt):
    """The public key used as a secret, no signature, and unsupported algorithms."""
    for key in (pem(RSA), pem(EC)):
        for alg in ("RS384", "RS512", "ES384", "ES512", "PS256", "none", "None", "HS257"):
            head = encode(json.dumps({"alg": alg}).encode()) + "." + BODY
            for signature in ("", A2.split(".")[2], A3.split(".")[2]):
                assert jwt("verify", key, head + "." + signature) is None, alg
        assert jwt("sign", "RS256", key, json.dumps(CLAIMS)) is None and jwt("sign", "ES256", key, json.dumps(CLAIMS)) is None
    # A token with HS256 that is signed with the public key is valid for that key as a secret, so code that holds public keys must check the
    # algorithm. The product accepts HS256 only, and its keys are secrets (tests/api/test_auth.py).
    head = encode(b'{"alg":"RS256"}') + "." + BODY
    forged = head + "." + encode(hmac.new(pem(RSA), head.encode(), hashlib.sha256).digest())
    assert jwt("verify", pem(RSA), forged) is None
