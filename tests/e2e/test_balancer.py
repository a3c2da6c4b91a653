"""What clients see through a load balancer while tasks come, go, fail and die, and while what they depend on is away: no wrong
answer where none need be, what is acknowledged is kept, and everything goes on by itself. OUTAGE_SEC is how long something is away."""
import contextlib
import os
import pathlib
import time

import requests

from films import Studio, film
from services import free_port, wait_for

OUTAGE = float(os.environ.get("OUTAGE_SEC", "5"))
RENDITIONS = ["R720", "R360"]


class Way:
    """A film on its way through the service, by an administrator who asks the balancer."""

    def __init__(self, stack, noise=False):
        self.stack, self.studio, self.editor = stack, Studio(stack), stack.editor()
        self.body = film(seconds=3, size="1280x720", noise=noise)

    def init(self, status=200):
        return self.editor.init(status, bytesTotal=len(self.body), renditions=RENDITIONS)

    def upload(self):
        """Acknowledged when this is over."""
        made = self.init()
        self.editor.complete(made, self.editor.put(made, self.body))
        return made["jobId"]

    def plays(self, job):
        """The film is made, once, and whoever asks for it gets it."""
        self.studio.wait(job, seconds=180)
        title = self.studio.title_of(job)
        self.studio.ready(title, *RENDITIONS)
        self.editor.post("/api/admin/titles/%d/publish" % title)
        for asset in self.stack.client.get("/api/titles/%d" % title).json()["title"]["assetVersions"]:
            assert requests.get(asset["url"], headers={"Range": "bytes=0-99"}, timeout=60).status_code == 206


@contextlib.contextmanager
def away(server, crowd):
    """A server is killed, and started again after the outage; clients go on asking all the time."""
    server.kill()
    end = time.monotonic() + OUTAGE
    yield
    wait_for(lambda: time.monotonic() > end, "the end of the outage", OUTAGE + 60)
    server.start()
    crowd.more()


def test_a_rolling_deployment_loses_no_request(stack):
    way = Way(stack, noise=True)
    with stack.crowd() as crowd:
        job = way.upload()
        for role in ("api", "transcode", "cron"):
            for task, status in stack.deploy(role):
                assert status == 0
                assert task.log_lines()[-1] == {**task.log_lines()[-1], "msg": "drained", "unfinished": 0}
        crowd.more()
        way.plays(job)
    assert crowd.wrong == []
    assert stack.balancer.up() == {t.port for t in stack.services["api"]}


def test_a_bad_release_is_taken_back_and_never_sent_anything(stack):
    tasks = list(stack.services["api"])
    before = {port: stack.balancer.requests(port) for port in stack.ports}
    with stack.crowd() as crowd:
        ended = stack.deploy("api", JWT_ACCESS_SECRET="short")
        why = [pathlib.Path(task.log_path).read_text() for task, status in ended if status == 1]
        assert why and all("JWT_ACCESS_SECRET is too short" in text for text in why)
        crowd.more()
        # One that runs and is well in its own eyes, but not where the balancer looks for it.
        assert [status for _, status in stack.deploy("api", patience=8, PORT=free_port)] == [0, 0]
        crowd.more()
    assert crowd.wrong == []
    assert stack.services["api"] == tasks and stack.balancer.up() == {t.port for t in tasks}
    assert [stack.balancer.requests(port) - before[port] for port in stack.ports if port not in stack.balancer.up()] == [0, 0]


def test_the_loss_of_a_task_is_over_when_the_balancer_sees_it(stack):
    with stack.crowd() as crowd:
        lost, left = stack.services["api"]
        lost.kill()
        wait_for(lambda: stack.balancer.down(lost.port) and stack.balancer.up() == {left.port}, "the balancer to see it")
        crowd.more()
        before = len(crowd.wrong)
        crowd.more()
        assert len(crowd.wrong) == before
        stack.settle()
        crowd.more()
        assert len(crowd.wrong) == before
    # What it was doing when it died: 502, or the end of a connection that was being used again.
    assert {status for status, _ in crowd.wrong} <= {0, 502, 503}


def test_the_loss_of_a_transcode_task_costs_no_film(stack):
    way = Way(stack, noise=True)
    job = way.upload()
    way.studio.wait_encoding(job)
    stack.services["transcode"][0].kill()
    stack.settle()
    way.plays(job)
    assert way.studio.state(job)["attempts"] == 2


def test_a_database_that_comes_back_at_another_address_is_found(stack):
    way = Way(stack, noise=True)
    job = way.upload()
    way.studio.wait_encoding(job)
    tasks = list(stack.services["api"])
    with stack.crowd() as crowd:
        with away(stack.postgres, crowd):
            wait_for(lambda: crowd.wrong, "somebody to notice")
            wait_for(lambda: [s["postgres"]["state"] for s in stack.states()] == ["down", "down"], "the tasks to know")
            assert [t.get("/health").status_code for t in tasks] == [200, 200]
            stack.postgres.address = "127.0.1.1" if stack.postgres.address == "127.0.0.1" else "127.0.0.1"
            stack.names.point("database", stack.postgres.address)
        wait_for(stack.ready, "the tasks to find it")
        before = len(crowd.wrong)
        crowd.more()
        assert len(crowd.wrong) == before
        way.plays(job)
        way.plays(way.upload())
    assert {status for status, _ in crowd.wrong} == {503}
    assert stack.balancer.up() == {t.port for t in tasks} and stack.services["api"] == tasks  # no task was ended for that


def test_without_valkey_everything_goes_on(stack):
    way = Way(stack)
    with stack.crowd() as crowd:
        with away(stack.keyvalue, crowd):
            wait_for(lambda: [s["valkey"]["state"] for s in stack.states()] == ["down", "down"], "the tasks to know")
            assert [s["status"] for s in stack.states()] == ["ready", "ready"]
            stack.editor()  # signs in
            way.plays(way.upload())
        wait_for(stack.ready, "Valkey to be found again")
        way.plays(way.upload())
    assert crowd.wrong == []


def test_without_the_store_only_films_wait(stack):
    way = Way(stack, noise=True)
    job, half = way.upload(), way.init()
    parts = way.editor.put(half, way.body)
    way.studio.wait_encoding(job)
    with stack.crowd() as crowd:
        with away(stack.store, crowd):
            wait_for(lambda: [s["store"]["state"] for s in stack.states()] == ["down", "down"], "the tasks to know")
            assert [s["status"] for s in stack.states()] == ["not ready", "not ready"]
            assert stack.balancer.up() == {t.port for t in stack.services["api"]}
            # As the service before it answered (docs/compatibility.md#upload-init, #upload-complete).
            assert way.init(500)["message"] == "Failed to init upload"
            assert way.editor.complete(half, parts, 500)["message"] == "Failed to complete multipart upload"
        wait_for(stack.ready, "the store to be found again")
        way.plays(job)
        way.editor.complete(half, parts)
        way.plays(half["jobId"])
    assert crowd.wrong == []
