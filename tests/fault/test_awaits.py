"""A client that disconnects at any await of any route. The sanitizer builds have a hook for this (src/http/hangup.h): the header X-Hangup
names the await, and the order of the end of the connection and the end of the work. tests/run.sh runs this file with such a build."""
import itertools
import json
import socket

import pytest
import requests

from accounts import Account, hash_of
from beats import session, token
from editor import PASSWORD, Api
from gateways import Gateways, paystack_signature
from services import run, wait_for
from streamed import publish

ORDERS = ("wait", "resume", "prune", "free")
LAST = "POST /api/admin/titles/purge"  # deletes data that the other routes need
AWAITS_MOST = 8  # limit for a route that polls until something happens

EVENT = b'{"event":"nothing"}'

# Routes that respond at once, without an await.
AT_ONCE = {"GET /api/email/unsubscribe/:token", "GET /health", "GET /api/health", "GET /console", "GET /console/:file", "GET /api/openapi.json",
           "GET /api/docs", "GET /api/docs/:file", "GET /api/auth/google/url", "GET /api/ppv/paystack/webhook",
           "GET /media-local/*"}


def value(field):
    kind, low = field["type"], field.get("min", 0)
    if kind == "objects":
        return [body_of(field["fields"])] * max(low, 1)
    return {"string": "x" * max(low, 1), "union": "x" * max(low, 1), "email": "nobody@example.com", "password": "Aa1!" + "x" * max(low, 8),
            "boolean": True, "integer": max(low, 1), "count": max(low, 1), "id": str(max(low, 1)), "object": {}, "strings": ["x"] * max(low, 1),
            "choice": field.get("choices", "").split("|")[0], "choices": [field.get("choices", "").split("|")[0]], "date": "2030-01-01"}[kind]


def body_of(fields):
    """Returns the smallest body that the declared fields accept."""
    return {f["name"]: value(f) for f in fields or [] if f["required"]}


class Stage:
    """The API with one worker, an administrator, a viewer, a title for sale, and the requests that reach each handler."""

    def __init__(self, world, gateways, folder):
        self.world, self.gateways, self.folder, self.count = world, gateways, folder, itertools.count()
        self.api = Api(world, folder, **{"WORKERS": 1, "CONSOLE": 1, "SUPPORT_EMAIL": "desk@example.com", **gateways.env()})
        self.a, self.admin, self.viewer = self.api.a, self.api.token, Account(world)
        self.title, = world.rows("""INSERT INTO "Title" (type, name, "isPpv", "ppvPriceNaira", "ppvCurrency", archived, "pendingReview", "updatedAt")
            VALUES ('MOVIE', 'Premiere', true, 3000, 'NGN', false, false, now()) RETURNING id""")[0]
        world.rows("""INSERT INTO "AssetVersion" ("titleId", rendition, url, status, "updatedAt")
            VALUES (%s, 'R720', %s, 'READY', now())""", (self.title, "s3://%s/films/1.mp4" % ("local" if folder else world.bucket)))
        self.worker, = wait_for(lambda: len(self.a.workers()) == 1 and self.a.workers(), "the worker")

    def one(self, name):
        return "%s%d" % (name, next(self.count))

    def address(self):
        return self.one("client") + "@example.com"

    def account(self):
        """Creates a user with PASSWORD."""
        email = self.address()
        return email, self.world.rows("""INSERT INTO "User" (email, password, name, role, "emailVerified", "updatedAt")
            VALUES (%s, %s, 'Ada', 'SUPER_ADMIN', true, now()) RETURNING id""", (email, hash_of(PASSWORD)))[0][0]

    # Each returns (path, body, token or headers, check after a hang-up at await n).

    def signup(self):
        return None, {"email": self.address(), "password": PASSWORD, "name": "Ada"}

    def login(self):
        return None, {"email": self.account()[0], "password": PASSWORD}

    def refresh(self):
        r = self.a.post("/api/auth/login", {"email": self.account()[0], "password": PASSWORD}).json()
        return None, {"refreshToken": r["refreshToken"]}

    def reset(self):
        email, user = self.account()
        token = self.one("reset-token-")
        self.world.rows("""UPDATE "User" SET "resetToken" = %s, "resetTokenExpires" = now() + interval '1 hour' WHERE id = %s""", (token, user))
        return None, {"email": email, "token": token, "password": PASSWORD + "!"}

    def google(self):
        code = self.one("code")
        self.gateways.people[code] = {"sub": "1", "email": self.address(), "email_verified": True, "name": "Gus"}
        state = self.a.get("/api/auth/google/url").json()["url"].rsplit("state=", 1)[1]
        return None, {"code": code, "state": state}

    def accept(self):
        email = self.address()
        token = self.api.post("/api/admin/invitations", {"email": email, "role": "OPS"}, 201)["token"]
        return None, {"token": token, "email": email, "name": "Eve", "password": PASSWORD}

    def initiate(self):
        """The gateway refuses. After the request to it, the refusal is recorded without the client. Before, the purchase stays pending for the
        cron job `payments`, like one whose buyer never opens the gateway's page."""
        buyer = Account(self.world)
        self.gateways.say(400, b'{"status":false,"message":"no"}')

        def recorded(n):
            wait_for(lambda: self.world.rows('SELECT status::text FROM "PpvPurchase" WHERE "userId" = %s', (buyer.id,)) in (
                [[("FAILED",)]] if n > 1 else [[], [("PENDING",)]]), "the end of a purchase whose client left at await %d" % n)
        return None, {"titleId": str(self.title)}, buyer.token, recorded

    def gate(self):
        offered = self.a.get("/api/titles/%s" % self.title).json()["title"]["assetVersions"]
        return offered[0]["url"].removeprefix(self.a.url), None, None

    def playlist(self):
        film, = self.world.rows("""INSERT INTO "Title" (type, name, archived, "pendingReview", "updatedAt")
            VALUES ('MOVIE', 'Free', false, false, now()) RETURNING id""")[0]
        publish(self.world.rows, "titleId", film)
        master = self.a.get("/api/titles/%s/playback" % film).json()["hls"].removeprefix(self.a.url)
        return master.replace("master", "v-R360"), None, None

    def upload(self):
        return None, {"kind": "MOVIE", "titleName": "A film", "fileName": "film.mp4", "bytesTotal": 11, "contentType": "video/mp4"}

    def complete(self):
        """Either the parts can still be completed, or the job is queued."""
        made = self.api.init()
        parts = self.api.put(made, b"hello world")

        def whole(n):
            if n > 1:
                wait_for(lambda: self.api.job(made)[:3:2] == ("PROCESSING", "queued"), "the job of an upload whose client left at await %d" % n)
            else:
                assert self.api.job(made)[0] in ("UPLOADING", "PROCESSING")
        return "/api/admin/uploads/%s/complete" % made["jobId"], {"uploadId": made["uploadId"], "key": made["key"], "parts": parts}, self.admin, whole

    def parts(self):
        return "/api/admin/uploads/%s/parts" % self.api.init()["jobId"], None

    def sign(self):
        return self.parts()[0], {}

    def cancel(self):
        """The row tells the clean-up what to delete."""
        made = self.api.init()

        def settled(n):
            if n > 1:
                assert self.world.rows("SELECT reason FROM wanzami.object_trash WHERE key = %s", (made["key"],)) in ([], [("abandoned",)]) and self.api.job(made)[0] == "CANCELED"
        return "/api/admin/uploads/%s" % made["jobId"], None, self.admin, settled

    def part(self):
        return self.api.init()["presignedParts"][0]["url"].removeprefix(self.a.url), b"hello world", None

    def text(self):
        """The file is added, or its object is in the trash."""
        def settled(n):
            wait_for(lambda: self.world.rows("""SELECT count(*) FROM wanzami.text_track t FULL JOIN wanzami.object_trash o ON o.key = t.object_key
                WHERE (t.id IS NULL) = (o.key IS NULL)""") == [(0,)], "a file in the trash or in a row after a hang-up at await %d" % n)
        return "/api/admin/titles/%s/text?language=en" % self.title, b"00:01 --> 00:02\nHello\n", self.admin, settled

    def episode_text(self):
        self.world.rows("""INSERT INTO "Episode" (id, "titleId", "seasonNumber", "episodeNumber", name, "updatedAt")
            VALUES (77, %s, 1, 1, 'Pilot', now()) ON CONFLICT DO NOTHING""", (self.title,))
        return ("/api/admin/episodes/77/text?language=en", *self.text()[1:])

    def audio(self, column="titleId", film=None):
        """A film without sound, as the transcode worker publishes it, and the upload of a track for it."""
        film = film or self.world.rows("""INSERT INTO "Title" (type, name, "updatedAt") VALUES ('MOVIE', 'Silent', now()) RETURNING id""")[0][0]
        publish(self.world.rows, column, film, sound=False)
        for table in ("rendition", "stream"):
            self.world.rows("UPDATE wanzami.%s SET object_key = regexp_replace(object_key, '^vod/[te]', 'vod/9')" % table)
        return "/api/admin/%ss/%s/audio" % (column[:-2], film), {"fileName": "sound.m4a", "bytesTotal": 11, "language": "fr", "purpose": "main"}

    def episode_audio(self):
        self.episode_text()
        return self.audio("episodeId", 77)

    def poster(self):
        """The copy is the poster, or it is in the trash."""
        def settled(n):
            wait_for(lambda: self.world.rows("""SELECT count(*) FROM wanzami.object_trash o
                WHERE o.reason = 'unfinished' AND o.key LIKE 'poster/%%' AND EXISTS (SELECT FROM "Title" t WHERE right(t."posterUrl", length(o.key)) = o.key)""") == [(0,)],
                     "a poster that is not in the trash after a hang-up at await %d" % n)
        made = self.api.post("/api/admin/assets/presign", {"contentType": "image/jpeg", "kind": "asset"})
        assert requests.put(made["url"], data=b"jpeg", timeout=60).status_code == 200
        self.world.rows("INSERT INTO wanzami.preview (title_id, upload_job_id, job_number, posters) VALUES (%s, 1, 1, ARRAY[%s]) ON CONFLICT DO NOTHING",
                        (self.title, made["key"]))
        candidate, = self.a.get("/api/admin/titles/%s/posters" % self.title, token=self.admin).json()["posters"]
        return "/api/admin/titles/%s/poster" % self.title, {"candidate": candidate["id"]}, self.admin, settled

    def presign(self):
        return None, {"kind": "poster", "contentType": "image/png"}

    def campaign(self):
        return None, {"subject": "Hello", "html": "<p>Hello</p>", "recipients": [{"email": self.address()}]}

    def unsubscribe(self):
        return "/api/email/unsubscribe/" + token("0" * 64, purpose="unsubscribe"), {}, None

    def ticket(self):
        return None, {"email": self.address(), "subject": "Help", "message": "Please"}

    def events(self):
        return None, {"events": [{"eventType": "PLAY_START", "titleId": str(self.title), "profileId": None}]}

    HANDLERS = {
        "POST /api/auth/signup": signup, "POST /api/auth/login": login, "POST /api/admin/login": login, "POST /api/auth/refresh": refresh,
        "POST /api/auth/verify-email": lambda self: (None, {"email": self.address(), "token": "wrong"}),
        "POST /api/auth/reset-password": reset, "POST /api/auth/google/callback": google, "POST /api/admin/invitations/accept": accept,
        "POST /api/ppv/initiate": initiate, "GET /api/ppv/media/:address": gate, "POST /api/admin/uploads/init": upload,
        "POST /api/admin/uploads/:id/complete": complete, "GET /api/admin/uploads/:id/parts": parts, "POST /api/admin/uploads/:id/parts": sign,
        "DELETE /api/admin/uploads/:id": cancel,
        "PUT /media-local/*": part, "POST /api/admin/assets/presign": presign,
        "POST /api/admin/titles/:id/text": text, "POST /api/admin/episodes/:id/text": episode_text,
        "POST /api/admin/titles/:id/audio": audio, "POST /api/admin/episodes/:id/audio": episode_audio,
        "POST /api/admin/titles/:id/poster": poster,
        "POST /api/admin/email/test": campaign, "POST /api/admin/email/send": campaign, "POST /api/email/unsubscribe/:token": unsubscribe, "POST /api/support/tickets": ticket, "POST /api/events": events,
        "POST /api/playback/:session/beat": lambda self: ("/api/playback/%s/beat" % session(), {}),
        "POST /api/auth/logout": lambda self: (None, {"deviceId": "elsewhere"}),
        "POST /api/admin/logout": lambda self: (None, {"deviceId": "elsewhere"}),
        "POST /api/auth/device-label": lambda self: (None, {"label": "Phone"}),
        "POST /api/admin/assets/get-url": lambda self: (None, {"key": "films/1.mp4"}),
        "POST /api/ppv/paystack/webhook": lambda self: (None, EVENT, {"x-paystack-signature": paystack_signature(EVENT)}),
        "POST /api/ppv/flutterwave/webhook": lambda self: (None, EVENT, {"verif-hash": Gateways.flutterwave_secret}),
        "POST /api/user/devices/:deviceId/profile": lambda self: (None, {"profileId": "1"}),
        "GET /api/titles/:id": lambda self: ("/api/titles/%s" % self.title, None),
        "GET /api/titles/:id/episodes": lambda self: ("/api/titles/%s/episodes" % self.title, None),
        "GET /api/titles/:id/playback": lambda self: ("/api/titles/%s/playback" % self.title, None),
        "GET /api/episodes/:id/playback": lambda self: (None, None), "GET /api/media/:token/:playlist": playlist,
        "GET /api/admin/titles/:id/playback": lambda self: ("/api/admin/titles/%s/playback" % self.title, None), "GET /api/admin/episodes/:id/playback": lambda self: (None, None),
        "GET /api/ppv/access/:titleId": lambda self: ("/api/ppv/access/%s" % self.title, None),
        "GET /api/popularity": lambda self: (None, None), "GET /api/recs/continue-watching": lambda self: (None, None),
        "GET /api/recs/because-you-watched": lambda self: (None, None), "GET /api/recs/for-you": lambda self: (None, None),
        "GET /console/api/overview": lambda self: (None, None), "GET /health/ready": lambda self: (None, None), "GET /metrics": lambda self: (None, None), LAST: lambda self: (None, {}),
    }

    def request(self, route):
        """Returns path, body, token, and the check after a hang-up at await n."""
        name = "%(method)s %(path)s" % route
        made = self.HANDLERS[name](self) if name in self.HANDLERS else (None, body_of(route["fields"]) if route["method"] not in ("GET", "DELETE") else None)
        path, body, token, after = [*made, *[self.admin, lambda n: None][len(made) - 2:]]
        if path is None:
            path = "/".join("999999" if part.startswith(":") else part for part in route["path"].split("/"))
        return path, body, token, after

    def send(self, method, path, body, token, hangup):
        """Returns the status of the response; None if the connection ended without one."""
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
        head = "%s %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nConnection: close\r\nX-Hangup: %s\r\n" % (method, path, self.a.port, hangup)
        headers = token if isinstance(token, dict) else {"Authorization": "Bearer " + token} if token else {}
        head += "".join("%s: %s\r\n" % header for header in headers.items())
        head += "Content-Type: application/json\r\nContent-Length: %d\r\n" % len(body) if body is not None else ""
        with socket.create_connection(("127.0.0.1", self.a.port), 60) as s:
            s.sendall(head.encode() + b"\r\n" + (body or b""))
            try:
                data = s.recv(65536)
            except ConnectionResetError:
                data = b""
        return int(data.split()[1]) if data else None

    def hang_up(self, route):
        """Hangs up at every await of a route in every order; returns the number of awaits."""
        for n in itertools.count(1):
            hung = 0
            for order in ORDERS:
                path, body, token, after = self.request(route)
                if self.send(route["method"], path, body, token, "%d %s" % (n, order)) is None:
                    hung += 1
                    self.hangups += 1
                    after(n)
                self.gateways.say(None)
            if hung == 0 or n == AWAITS_MOST:
                return n - (hung == 0)

    hangups = 0


@pytest.fixture(params=["s3", "directory"])
def stage(request, world, gateways, tmp_path):
    return Stage(world, gateways, str(tmp_path / "media") if request.param == "directory" else None)


def routes():
    out = run("docs", "routes")
    assert out.returncode == 0, out.stderr
    return [r for r in json.loads(out.stdout) if "api" in r["roles"]]


def in_store(path):
    return "/media-local/" in path or "/uploads/" in path or "assets" in path or path.endswith(("/text", "/poster"))


def test_a_hang_up_at_every_await_of_every_route(stage):
    awaits, all_routes = {}, routes()
    for route in sorted(all_routes, key=lambda r: (r["path"] in LAST, r["statement"] is not None)):
        name = "%(method)s %(path)s" % route
        assert route["statement"] or name in stage.HANDLERS or name in AT_ONCE, "HANDLERS has no request that reaches " + name
        if name in AT_ONCE or (stage.folder is None and "/media-local/" in name) or (stage.folder and not in_store(name)):
            continue
        awaits[name] = stage.hang_up(route)
    assert {name for name, n in awaits.items() if n == 0} == set(), awaits
    assert stage.hangups >= len(ORDERS) * len(awaits) / 2
    if stage.folder is None:
        assert (awaits["POST /api/auth/login"], awaits["POST /api/admin/uploads/:id/complete"]) == (4, 3)
    # All abandoned work ends, no request waits for a response, and the worker has not crashed.
    wait_for(lambda: stage.a.metric("requests_open") == 1, "the end of all other requests")
    assert stage.a.metric("requests_in_flight") == 0
    assert stage.a.metric("clients_left_total") == stage.hangups
    assert stage.a.workers() == [stage.worker]
    assert not [line for line in stage.a.log_lines() if "without a response" in line["msg"]]
