"""A bucket in another region: every byte to and from object storage takes 55 ms, as between Ohio and Stockholm. The service works as with a
bucket nearby, more slowly."""
import contextlib
import queue
import socket
import time

import pytest

from conftest import wait_for
from films import Studio, film
from listening import Listening

ONE_WAY = 0.055  # seconds


class DelayingProxy(Listening):
    """Listens on its own port and forwards to `port`, each byte ONE_WAY seconds after its arrival, however many are in transit."""

    def __init__(self, port):
        self.server, self.connections = port, 0
        super().__init__()
        self.url = "http://127.0.0.1:%d" % self.port

    def accepted(self, client):
        self.connections += 1
        server = socket.create_connection(("127.0.0.1", self.server))
        for come, go in ((client, server), (server, client)):
            way = queue.Queue()
            self.thread(self._enter, come, way)
            self.thread(self._leave, way, go)

    @staticmethod
    def _enter(come, way):
        data = b"."
        while data:
            try:
                data = come.recv(65536)
            except OSError:
                data = b""
            way.put((time.monotonic() + ONE_WAY, data))

    @staticmethod
    def _leave(way, go):
        with contextlib.suppress(OSError):
            while True:
                due, data = way.get()
                time.sleep(max(0, due - time.monotonic()))
                if not data:
                    go.shutdown(socket.SHUT_WR)
                    return
                go.sendall(data)


@pytest.fixture
def distance(world):
    d = DelayingProxy(int(world.env["S3_ENDPOINT"].rsplit(":", 1)[1]))
    yield d
    d.close()


def test_a_film_is_transcoded_far_from_the_bucket(world, distance):
    studio = Studio(world)
    a = world.start(roles="api,transcode", S3_ENDPOINT=distance.url)
    job = studio.upload(film(3, "1280x720"))
    s = studio.wait(job, seconds=180)
    assert (s["error"], s["state"], s["attempts"]) == (None, "done", 1)
    studio.ready(studio.title_of(job), "R720", "R360")
    # Source, two renditions and health check reuse their connections; a connection per request would be many more.
    assert 0 < distance.connections <= 12
    assert wait_for(lambda: [s for s in [a.request("GET", "/health/ready").json()["store"]] if s["ms"] >= 2 * ONE_WAY * 1000],
                    "a health check with at least one round trip")[0]["state"] == "up"
