"""A CloudFront distribution in front of a bucket: verifies signed URLs with a custom policy as AWS documents them."""
import base64
import fnmatch
import http.server
import json
import threading
import time
import urllib.parse

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from services import free_port

KEY_ID = "K2JCJMDEHXQW5F"


def decode(text):
    """CloudFront's base64: - _ ~ in place of + = /."""
    return base64.b64decode(text.replace("-", "+").replace("_", "=").replace("~", "/"), validate=True)


def new_key(kind):
    return ec.generate_private_key(ec.SECP256R1()) if kind == "ec" else rsa.generate_private_key(65537, 2048)


def pem(key, form="PKCS8"):
    """The private key: PKCS8, or SEC 1 or PKCS #1 with the form TraditionalOpenSSL."""
    return key.private_bytes(serialization.Encoding.PEM, getattr(serialization.PrivateFormat, form), serialization.NoEncryption()).decode()


def verify(public, policy, signature):
    if isinstance(public, rsa.RSAPublicKey):
        public.verify(signature, policy, padding.PKCS1v15(), hashes.SHA1())
    else:
        public.verify(signature, policy, ec.ECDSA(hashes.SHA1()))


def policy_of(url):
    """Returns resource and expiry of the policy of a URL."""
    text = decode(dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(url).query, strict_parsing=True))["Policy"])
    statement, = json.loads(text)["Statement"]
    condition = statement["Condition"]
    assert b" " not in text and list(statement) == ["Resource", "Condition"] and list(condition) == ["DateLessThan"]
    return statement["Resource"], condition["DateLessThan"]["AWS:EpochTime"]


def allows(public, url, now=None):
    """Returns True if CloudFront would serve the URL."""
    parts = urllib.parse.urlsplit(url)
    query = urllib.parse.parse_qs(parts.query)
    if sorted(query) != ["Key-Pair-Id", "Policy", "Signature"] or query["Key-Pair-Id"] != [KEY_ID]:
        return False
    try:
        verify(public, decode(query["Policy"][0]), decode(query["Signature"][0]))
    except InvalidSignature:
        return False
    resource, expires = policy_of(url)
    pattern = resource.replace("[", "[[]")
    return (now or time.time()) < expires and fnmatch.fnmatchcase(url.split("?")[0], pattern)


class Distribution:
    """Serves the objects of a bucket of an ObjectStore below vod/. public is the trusted key, None for a behaviour without one; reads=False:
    the bucket's policy does not let it read."""

    def __init__(self, store, bucket, public):
        outer = self
        self.public, self.reads, self.client = public, True, store.client()

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def version_string(self):
                return self.by

            def do_GET(self):
                self.by, status, body = "CloudFront", 403, b"<Error><Code>AccessDenied</Code></Error>"
                if outer.public is None or allows(outer.public, outer.url + self.path):
                    self.by = "AmazonS3"
                    key = urllib.parse.unquote(self.path.split("?")[0])[1:]
                    if outer.reads:
                        try:
                            status, body = 200, outer.client.get_object(Bucket=bucket, Key=key)["Body"].read()
                        except outer.client.exceptions.NoSuchKey:
                            pass
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if self.command == "GET":
                    self.wfile.write(body)

            do_HEAD = do_GET

            def log_message(self, *args):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", free_port()), Handler)
        self.url = "http://127.0.0.1:%d" % self.server.server_port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()
