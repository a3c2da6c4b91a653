"""Playback sessions: the signed tokens that players send with their beats."""
import hashlib
import hmac
import secrets
import time

from services import SECRETS


def token(text, life=86400, purpose="beat"):
    """A signed token (src/http/signed_token.h)."""
    end = "%x" % int(time.time() + life)
    mac = hmac.new(SECRETS["JWT_ACCESS_SECRET"].encode(), b"".join(t.encode() + b"\0" for t in ("seal", purpose, text, end)), hashlib.sha256)
    return "%s.%s.%s" % (text, end, mac.hexdigest()[:32])


def session(user=None, film="t1", device=None):
    """A session as the playback routes make it."""
    digest = "d" + hashlib.sha256(device.encode()).hexdigest()[:16] if device else ""
    return token(secrets.token_hex(10) + film + ("g" if user is None else "u%d" % user) + digest)
