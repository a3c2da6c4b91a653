"""The clients of a soak test, and the ledger of the responses that they got. A client does not retry unless a person or a gateway would:
without a response the result is unknown, the request may have taken effect or not."""
import array
import collections
import json
import random
import re
import threading
import time
import uuid

import requests

from crowd import PASSWORD
from films import film
from gateways import paystack_signature
from stage import FOR_SALE, TITLES, VIEWERS

TIMEOUT = 40
RENDITIONS = ["R720", "R360"]
FILMS = ({"seconds": 1, "size": "1280x720"}, {"seconds": 2, "size": "1280x720"}, {"seconds": 2, "size": "1280x720", "sound": False})


class NoResponse(Exception):
    """No response, or one that says that the service or object storage is unavailable."""


class WrongResponse(Exception):
    """A wrong response; an error even during a fault."""


class Ledger:
    def __init__(self):
        self.lock = threading.Lock()
        self.times = collections.defaultdict(lambda: (array.array("d"), array.array("f")))  # by kind: times of the requests, and milliseconds
        self.errors, self.wrong = [], []  # (time, kind, text)
        self.events = {}         # mark: acknowledged
        self.uploads = {}        # upload job: acknowledged
        self.inits_unknown = 0
        self.titles = {}         # name: (acknowledged, id, deleted)
        self.edits = []          # (title, allowed final values of its description)
        self.purchases = {}      # reference: (viewer, title, acknowledged)
        self.signups = {}        # e-mail address: acknowledged

    def right(self, kind, began, ended):
        with self.lock:
            moments, ms = self.times[kind]
            moments.append(began)
            ms.append((ended - began) * 1000)

    def error(self, kind, what):
        with self.lock:
            self.errors.append((time.monotonic(), kind, what))

    def mistake(self, kind, what):
        with self.lock:
            self.wrong.append((time.monotonic(), kind, what))

    def count(self):
        return sum(len(moments) for moments, _ in list(self.times.values()))


def failure(answer):
    """Returns the name of a failure in the report."""
    if answer.headers.get("Content-Type", "").startswith("text/html"):
        return "%d from the balancer" % answer.status_code
    return str(answer.status_code)


class Client(threading.Thread):
    """A client thread. turn() is one sequence of requests; between two turns the client waits for `think` seconds. During Crowd.rest() no turn
    is in progress."""

    think = .05

    def __init__(self, crowd, number):
        super().__init__(daemon=True)
        self.crowd, self.stage, self.ledger, self.number = crowd, crowd.stage, crowd.ledger, number
        self.turning = threading.Lock()
        self.session = requests.Session()
        self.session.trust_env = False
        self.begin()

    def begin(self):
        pass

    def run(self):
        while not self.crowd.over.wait(self.think):
            self.crowd.going.wait(.2)
            with self.turning:
                if self.crowd.going.is_set():
                    self.try_turn()

    def try_turn(self):
        try:
            self.turn()
        except NoResponse:
            pass
        except WrongResponse as e:
            self.ledger.mistake(type(self).__name__, str(e))
        except Exception as e:  # a response of an unexpected form
            self.ledger.mistake(type(self).__name__, repr(e))

    def ask(self, kind, method, path, body=None, token=None, right=(200,), data=None, headers=None):
        """Returns the response if its status is in `right`. `path` may be a URL of object storage."""
        url = path if path.startswith("http") else self.stage.url + path
        headers = {**({"Authorization": "Bearer " + token} if token else {}), **(headers or {})}
        began = time.monotonic()
        try:
            r = self.session.request(method, url, json=body, data=data, headers=headers, timeout=TIMEOUT)
        except requests.Timeout:
            self.ledger.error(kind, "no response in %d s" % TIMEOUT)
            raise NoResponse from None
        except requests.RequestException:
            self.ledger.error(kind, "connection closed")
            raise NoResponse from None
        if r.status_code in right:
            self.ledger.right(kind, began, time.monotonic())
            return r
        if r.status_code >= 500:
            self.ledger.error(kind, failure(r))
            raise NoResponse
        raise WrongResponse("%s %s: %d %s" % (method, re.sub(r"\?.*", "", path), r.status_code, r.text[:200]))

    def expect(self, fine, what):
        if not fine:
            raise WrongResponse(what)


class Reader(Client):
    PATHS = ("/api/titles", "/api/titles/%d", "/api/titles/%d/episodes", "/api/popularity?country=NG")
    OWN = ("/api/auth/me", "/api/user/devices", "/api/user/profiles", "/api/recs/continue-watching", "/api/recs/because-you-watched",
           "/api/recs/for-you", "/api/ppv/my-titles", "/api/user/billing")
    think = .02

    def turn(self):
        _, token = self.stage.viewer()
        if random.random() < .5:
            path = random.choice(self.PATHS)
            self.ask("read", "GET", path % random.randint(1, TITLES) if "%d" in path else path)
        else:
            self.ask("read", "GET", random.choice(self.OWN), token=token)
        if self.crowd.playing and random.random() < .1:
            self.play(random.choice(self.crowd.playing), token)

    def play(self, title, token):
        offered = self.ask("read", "GET", "/api/titles/%s" % title, token=token).json()["title"]["assetVersions"]
        self.expect([a["rendition"] for a in offered] == RENDITIONS, "title %s plays %s" % (title, [a["rendition"] for a in offered]))
        r = self.ask("play", "GET", random.choice(offered)["url"], headers={"Range": "bytes=0-999"}, right=(206,))
        self.expect(len(r.content) == 1000, "a response to a range of 1000 bytes has %d" % len(r.content))


class SignIn(Client):
    think = .3

    def turn(self):
        mine = [n for n in range(2, VIEWERS + 1) if n % self.crowd.count[SignIn] == self.number]
        who = {"email": "viewer%d@example.com" % random.choice(mine), "deviceId": "phone"}
        first = self.ask("sign-in", "POST", "/api/auth/login", {**who, "password": PASSWORD}).json()
        self.ask("read", "GET", "/api/auth/me", token=first["accessToken"])
        second = self.ask("refresh", "POST", "/api/auth/refresh", {"refreshToken": first["refreshToken"], "deviceId": "phone"}).json()
        self.ask("read", "GET", "/api/auth/me", token=second["accessToken"])
        self.ask("sign-out", "POST", "/api/auth/logout", {"refreshToken": second["refreshToken"], "deviceId": "phone"}, token=second["accessToken"],
                 right=(200, 204))
        self.ask("read", "GET", "/api/auth/me", token=second["accessToken"], right=(401,))


class SignUp(Client):
    """Signs up, waits for the mail, opens its link and logs in."""

    think = 1

    def begin(self):
        self.waiting = []

    def turn(self):
        address = "%s@soak.example" % uuid.uuid4().hex
        try:
            self.ledger.signups[address] = False
            self.ask("sign-up", "POST", "/api/auth/signup", {"email": address, "password": PASSWORD, "name": "Soak"}, right=(201,))
            self.ledger.signups[address] = True
            self.waiting.append(address)
        finally:
            for address in list(self.waiting):
                self.verify(address)

    def verify(self, address):
        for message in self.stage.mail.to(address):
            found = re.search(r"token=([0-9A-Za-z-]+)", message.get_body(("plain",)).get_content())
            if found:
                self.ask("verify", "POST", "/api/auth/verify-email", {"token": found[1], "email": address})
                self.waiting.remove(address)
                self.ask("sign-in", "POST", "/api/auth/login", {"email": address, "password": PASSWORD, "deviceId": "d"})
                return


class Player(Client):
    """Sends play events, each with a unique mark."""

    think = .02

    def turn(self):
        viewer, token = self.stage.viewer()
        marks = [uuid.uuid4().hex for _ in range(random.choice((1, 1, 1, 5, 20)))]
        self.ledger.events.update(dict.fromkeys(marks, False))
        r = self.ask("event", "POST", "/api/events", {"events": [
            {"eventType": "PLAY_END", "profileId": str(viewer), "titleId": str(random.randint(1, TITLES)), "metadata": {"mark": m, "completionPercent": .4}}
            for m in marks]}, token=token, right=(201,))
        self.ledger.events.update(dict.fromkeys(marks, True))
        self.expect(r.json() == {"count": len(marks)}, "%d events were counted as %s" % (len(marks), r.text))


class Editor(Client):
    """Creates titles, edits them and reads the edits back; deletes some."""

    LOOKS = ("/api/admin/dashboard/summary", "/api/admin/events/summary?hours=1", "/api/admin/titles", "/api/admin/uploads", "/api/admin/users/all")
    think = .1

    def begin(self):
        self.title, self.edits = None, 0

    def turn(self):
        token = self.stage.admin()
        if self.title is None or self.edits == 20:
            self.create(token)
        self.edits += 1
        text = "edit %d" % self.edits
        self.kept.add(text)
        try:
            self.ask("edit", "PATCH", "/api/admin/titles/%s" % self.title, {"description": text}, token=token)
        except NoResponse:
            self.title = None  # the edit may still take effect at any time
            raise
        self.kept.intersection_update({text})
        for kind, path in (("admin read", "/api/admin/titles/%s"), ("read", "/api/titles/%s")):
            got = self.ask(kind, "GET", path % self.title, token=token).json()["title"]["description"]
            self.expect(got == text, "title %s has the description %r after %r was acknowledged" % (self.title, got, text))
        if self.edits % 5 == 0:
            self.ask("admin read", "GET", random.choice(self.LOOKS), token=token)

    def create(self, token):
        if self.title and random.random() < .3:
            self.remove(token)
        name, self.title = "Made %s" % uuid.uuid4().hex, None
        self.ledger.titles[name] = (False, None, False)
        self.title = self.ask("edit", "POST", "/api/admin/titles", {"name": name, "type": "MOVIE"}, token=token, right=(201,)).json()["title"]["id"]
        self.name, self.kept, self.edits = name, {None}, 0
        self.ledger.titles[name] = (True, self.title, False)
        self.ledger.edits.append((self.title, self.kept))

    def remove(self, token):
        title, self.title = self.title, None
        self.ledger.titles[self.name] = (False, title, False)  # unknown while the deletion is in progress
        self.ledger.edits.remove((title, self.kept))
        self.ask("edit", "DELETE", "/api/admin/titles/%s" % title, token=token, right=(204,))
        self.ledger.titles[self.name] = (True, title, True)
        self.ask("read", "GET", "/api/titles/%s" % title, right=(404,))


class Buyer(Client):
    """Buys a title; the gateway sends its webhook up to three times, and repeats it until it is acknowledged."""

    think = .5

    def turn(self):
        viewer, token = self.stage.viewer()
        title = random.randint(TITLES + 1, TITLES + FOR_SALE)
        if any(p[:2] == (viewer, title) for p in self.ledger.purchases.values()):
            return
        ref = self.ask("buy", "POST", "/api/ppv/initiate", {"titleId": str(title), "profileId": None}, token=token).json()["reference"]
        event = json.dumps(self.stage.gateways.pay(ref)).encode()
        self.ledger.purchases[ref] = (viewer, title, False)
        told = 0
        for _ in range(random.randint(1, 3)):
            told += self.hook(event)
        while not told and not self.crowd.over.wait(.5):
            told = self.hook(event)
        self.ledger.purchases[ref] = (viewer, title, told > 0)
        look = self.ask("read", "GET", "/api/ppv/access/%d?record=false" % title, token=token).json()
        self.expect(look["hasAccess"], "viewer %d has paid for title %d and has no access" % (viewer, title))

    def hook(self, event):
        try:
            self.ask("webhook", "POST", "/api/ppv/paystack/webhook", data=event,
                     headers={"Content-Type": "application/json", "x-paystack-signature": paystack_signature(event)})
            return 1
        except NoResponse:
            return 0


class Uploader(Client):
    """Uploads films like the admin app; abandons some uploads, and replaces some films."""

    think = 4

    def begin(self):
        self.mine = []  # [title, job]

    def turn(self):
        token, body = self.stage.admin(), film(**random.choice(FILMS))
        self.publish(token)
        title = random.choice(self.crowd.playing) if self.crowd.playing and random.random() < .3 else None
        about = {"kind": "MOVIE", "titleName": "Film", "fileName": "film.mp4", "bytesTotal": len(body), "contentType": "video/mp4", "renditions": RENDITIONS}
        try:
            made = self.ask("upload init", "POST", "/api/admin/uploads/init", {**about, **({"titleId": title} if title else {})}, token=token).json()
        except NoResponse:
            self.ledger.inits_unknown += 1
            raise
        self.ledger.uploads[made["jobId"]] = False
        if random.random() < .15:
            return
        parts = [{"ETag": self.put(p["url"], body).headers["ETag"], "PartNumber": p["partNumber"]} for p in made["presignedParts"]]
        whole = {"uploadId": made["uploadId"], "key": made["key"], "parts": parts}
        for _ in range(5):
            try:
                self.ask("upload complete", "POST", "/api/admin/uploads/%s/complete" % made["jobId"], whole, token=token)
                self.ledger.uploads[made["jobId"]] = True
                self.mine.append(made["jobId"])
                return
            except NoResponse:
                self.crowd.over.wait(1)

    def put(self, url, body):
        """Uploads a part; retries like a person."""
        for left in (3, 2, 1, 0):
            try:
                return self.ask("part", "PUT", url, data=body)
            except NoResponse:
                if not left:
                    raise
                self.crowd.over.wait(1)

    def publish(self, token):
        """Publishes films that are ready."""
        for job in list(self.mine):
            state = self.stage.rows('SELECT "status"::text, "titleId" FROM "UploadJob" WHERE "id" = %s', (job,))[0]
            if state[0] == "PROCESSING":
                continue
            self.mine.remove(job)
            if state[0] == "COMPLETED" and state[1] not in self.crowd.playing:
                self.ask("edit", "POST", "/api/admin/titles/%d/publish" % state[1], token=token)
                self.crowd.playing.append(state[1])


class Crowd:
    """All clients. rest() returns when no turn is in progress."""

    count = {Reader: 4, SignIn: 2, SignUp: 1, Player: 3, Editor: 1, Buyer: 1, Uploader: 2}

    def __init__(self, stage):
        for f in FILMS:
            film(**f)
        self.stage, self.ledger = stage, Ledger()
        self.playing = []  # titles with a film
        self.over, self.going = threading.Event(), threading.Event()
        self.going.set()
        self.clients = [kind(self, n) for kind, count in self.count.items() for n in range(count)]
        for c in self.clients:
            c.start()

    def rest(self):
        self.going.clear()
        for c in self.clients:
            with c.turning:
                pass

    def go(self):
        self.going.set()

    def stop(self):
        self.rest()
        self.over.set()
        for c in self.clients:
            c.join(60)
