"""Thousands of clients that disconnect at any moment, in each way in which a connection can end, beside clients that stay: no worker crashes,
and all clients that stay are served. test_awaits.py tests each await by itself."""
import concurrent.futures
import random
import socket
import ssl
import threading

import pytest
import requests

import pki
from accounts import Account, hash_of
from disconnects import hang_up, message
from editor import PASSWORD, Api
from services import free_port, wait_for

HANG_UPS = 3000
RIVALS = 8


class Crowd:
    """Clients that disconnect, and their requests: routes that wait for threads, statements, timers, gateways and object storage."""

    def __init__(self, world, gateways, authority):
        self.authority, self.leaf, self.tls_port = authority, authority.issue("localhost"), free_port()
        self.context = ssl.create_default_context(cafile=authority.alone)
        self.api = Api(world, WORKERS=2, TLS_PORT=self.tls_port, TLS_CERT_FILE=self.leaf.chain, TLS_KEY_FILE=self.leaf.key, **gateways.env())
        self.a, self.world = self.api.a, world
        self.viewer = Account(world).token
        self.email = "leaves@example.com"
        world.rows("""INSERT INTO "User" (email, password, name, "emailVerified", "updatedAt") VALUES (%s, %s, 'Ada', true, now())""",
                   (self.email, hash_of(PASSWORD)))
        self.title, = world.rows("""INSERT INTO "Title" (type, name, "isPpv", "ppvPriceNaira", "ppvCurrency", archived, "pendingReview", "updatedAt")
            VALUES ('MOVIE', 'Premiere', true, 3000, 'NGN', false, false, now()) RETURNING id""")[0]
        world.rows("""INSERT INTO "AssetVersion" ("titleId", rendition, url, status, "updatedAt")
            VALUES (%s, 'R720', %s, 'READY', now())""", (self.title, "s3://%s/films/1.mp4" % world.bucket))
        self.gate = self.a.get("/api/titles/%s" % self.title).json()["title"]["assetVersions"][0]["url"].removeprefix(self.a.url)
        self.left, self.lock = 0, threading.Lock()

    def request(self, chance):
        admin, n = self.api.token, chance.randrange(1 << 30)
        method, path, body, token = chance.choice([
            ("GET", self.gate, None, None), ("GET", "/api/titles", None, None), ("GET", "/api/titles/%s" % self.title, None, None),
            ("GET", "/health/ready", None, None), ("GET", "/metrics", None, None), ("GET", "/api/auth/me", None, admin),
            ("POST", "/api/auth/login", {"email": self.email, "password": PASSWORD}, None),
            ("POST", "/api/auth/signup", {"email": "n%d@example.com" % n, "password": PASSWORD, "name": "Ada"}, None),
            ("POST", "/api/admin/uploads/init", {"kind": "MOVIE", "titleName": "A", "fileName": "a.mp4", "bytesTotal": 11}, admin),
            ("POST", "/api/ppv/initiate", {"titleId": str(self.title)}, self.viewer),
            ("POST", "/api/events", {"events": [{"eventType": "SKIP", "titleId": str(self.title)}]}, self.viewer),
        ])
        return message(method, path, body, token)

    def connect(self, chance):
        if chance.random() < 0.3:
            s = socket.create_connection(("127.0.0.1", self.tls_port), 30)
            return self.context.wrap_socket(s, server_hostname="localhost", suppress_ragged_eofs=True)
        return socket.create_connection(("127.0.0.1", self.a.port), 30)

    def leave(self, seed):
        chance = random.Random(seed)
        while self.left < HANG_UPS:
            hang_up(chance, lambda: self.connect(chance), lambda: self.request(chance))
            with self.lock:
                self.left += 1

    def stay(self, number):
        """A client that stays. Returns the number of its requests; all must succeed."""
        served, paths = 0, (("/health", None), ("/api/titles", None), ("/api/titles/%s" % self.title, None), ("/api/auth/me", self.api.token))
        url = self.a.url if number % 2 else "https://localhost:%d" % self.tls_port
        with requests.Session() as s:
            while self.left < HANG_UPS:
                path, token = paths[served % len(paths)]
                r = s.get(url + path, headers={"Authorization": "Bearer " + token} if token else {}, timeout=30, verify=self.authority.alone)
                assert r.status_code == 200, (path, r.status_code, r.text)
                served += 1
        return served


@pytest.fixture
def crowd(world, gateways, tmp_path):
    return Crowd(world, gateways, pki.Authority(str(tmp_path)))


def test_clients_that_disconnect_affect_no_other_client(crowd):
    before = wait_for(lambda: len(crowd.a.workers()) == 2 and crowd.a.workers(), "both workers")
    with concurrent.futures.ThreadPoolExecutor(RIVALS + 4) as pool:
        leaving = [pool.submit(crowd.leave, seed) for seed in range(RIVALS)]
        staying = [pool.submit(crowd.stay, number) for number in range(4)]
        for future in leaving:
            future.result()
        assert min(future.result() for future in staying) > 0
    assert crowd.a.workers() == before
    wait_for(lambda: crowd.a.metric("requests_open") == 1, "the end of all other requests")
    assert crowd.a.metric("clients_left_total") > HANG_UPS / 10 and crowd.a.metric("requests_in_flight") == 0
    assert not [line for line in crowd.a.log_lines() if "without a response" in line["msg"]]
