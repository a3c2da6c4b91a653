"""Signed-in accounts, created by SQL, and a helper for concurrent requests."""
import base64
import concurrent.futures
import ctypes
import ctypes.util
import hashlib
import hmac
import json
import time

from services import SECRETS

RIVALS = 50


def token(secret, claims, seconds=3600):
    """Returns a JWT signed as the service signs its tokens."""
    def part(data):
        return base64.urlsafe_b64encode(data if isinstance(data, bytes) else json.dumps(data, separators=(",", ":")).encode()).rstrip(b"=")
    now = int(time.time())
    text = part({"alg": "HS256", "typ": "JWT"}) + b"." + part({**claims, "iat": now, "exp": now + seconds})
    return (text + b"." + part(hmac.new(secret.encode(), text, hashlib.sha256).digest())).decode()


_hashes = {}


def hash_of(password):
    """Returns the bcrypt hash of a password, computed by the system's crypt library."""
    if password not in _hashes:
        lib = ctypes.CDLL(ctypes.util.find_library("crypt"))
        lib.crypt.restype = ctypes.c_char_p
        _hashes[password] = lib.crypt(password.encode(), b"$2b$10$abcdefghijklmnopqrstuu").decode()
    return _hashes[password]


def bearer(user, device):
    return token(SECRETS["JWT_ACCESS_SECRET"], {"userId": str(user), "deviceId": device})


class Account:
    """A user with a session: id, email and token."""

    def __init__(self, world, role="USER", email=None, name="Ada", device="d"):
        self.email = email or "%s-%d@example.com" % (role.lower(), time.time_ns())
        self.id = str(world.rows("""INSERT INTO "User" (email, password, name, role, "emailVerified", "updatedAt")
            VALUES (%s, 'x', %s, %s, true, now()) RETURNING id""", (self.email, name, role))[0][0])
        world.rows("""INSERT INTO "Session" ("userId", "deviceId", "refreshToken", "expiresAt") VALUES (%s, %s, 'x', now() + interval '1 day')""",
                   (self.id, device))
        self.token = bearer(self.id, device)


def call_concurrently(call, rivals=RIVALS):
    """Calls call(n) in `rivals` threads at the same time and returns the results."""
    with concurrent.futures.ThreadPoolExecutor(rivals) as pool:
        return list(pool.map(call, range(rivals)))


def audit(world, action):
    """Returns the audit rows of an action: user, subject, details."""
    return world.rows('SELECT "userId"::text, "resource", "detail" FROM "AdminAuditLog" WHERE "action" = %s ORDER BY "id"', (action,))
