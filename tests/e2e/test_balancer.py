"""The service behind a load balancer while tasks start, end, fail and are killed, and while servers are down: no avoidable error, no loss of
acknowledged work, and recovery without intervention. OUTAGE_SEC is the duration of an outage."""
import contextlib
import os
import pathlib
import time

import pytest
import requests

from films import Studio, film
from services import free_port, wait_for

OUTAGE = float(os.environ.get("OUTAGE_SEC", "5"))
RENDITIONS = ["R720", "R360"]


class FilmUpload:
    """A film, uploaded by an administrator through the balancer."""

    def __init__(self, stack, noise=False):
        self.stack, self.studio, self.editor = stack, Studio(stack), stack.editor()
        self.body = film(seconds=3, size="1280x720", noise=noise)

    def init(self, status=200):
        return self.editor.init(status, bytesTotal=len(self.body), renditions=RENDITIONS)

    def upload(self):
        """Uploads and completes the film; afterwards it is acknowledged."""
        made = self.init()
        self.editor.complete(made, self.editor.put(made, self.body))
        return made["jobId"]

    def plays(self, job):
        """Waits until the film is transcoded, publishes it, and loads every rendition."""
        self.studio.wait(job, seconds=180)
        title = self.studio.title_of(job)
        self.studio.ready(title, *RENDITIONS)
        self.editor.post("/api/admin/titles/%d/publish" % title)
        for asset in self.stack.client.get("/api/titles/%d" % title).json()["title"]["assetVersions"]:
            assert requests.get(asset["url"], headers={"Range": "bytes=0-99"}, timeout=60).status_code == 206


@contextlib.contextmanager
def outage(server, crowd):
    """Kills a server and starts it again after the outage, while clients keep sending requests."""
    server.kill()
    end = time.monotonic() + OUTAGE
    yield
    wait_for(lambda: time.monotonic() > end, "the end of the outage", OUTAGE + 60)
    server.start()
    crowd.more()


def test_a_rolling_deployment_loses_no_request(stack):
    way = FilmUpload(stack, noise=True)
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


def test_a_failed_deployment_is_rolled_back_and_gets_no_request(stack):
    tasks = list(stack.services["api"])
    before = {port: stack.balancer.requests(port) for port in stack.ports}
    with stack.crowd() as crowd:
        ended = stack.deploy("api", JWT_ACCESS_SECRET="short")
        why = [pathlib.Path(task.log_path).read_text() for task, status in ended if status == 1]
        assert why and all("JWT_ACCESS_SECRET is too short" in text for text in why)
        crowd.more()
        # A task that is healthy by its own check, but listens on another port than the balancer's.
        assert [status for _, status in stack.deploy("api", patience=8, PORT=free_port)] == [0, 0]
        crowd.more()
    assert crowd.wrong == []
    assert stack.services["api"] == tasks and stack.balancer.up() == {t.port for t in tasks}
    assert [stack.balancer.requests(port) - before[port] for port in stack.ports if port not in stack.balancer.up()] == [0, 0]


@pytest.mark.parametrize("role", ["api", "transcode", "cron"])
def test_a_release_without_a_database_or_its_schema_is_rolled_back(stack, role):
    tasks = list(stack.services[role])
    before = {port: stack.balancer.requests(port) for port in stack.ports}
    url, db = stack.postgres.create()
    db.close()
    empty = stack.secrets["DATABASE_URL"].replace("/%s?" % stack.database, "/%s?" % url.rsplit("/", 1)[1])
    nowhere = stack.secrets["DATABASE_URL"].replace(":%d/" % stack.postgres.port, ":%d/" % free_port())
    with stack.crowd() as crowd:
        for wrong, said in ((nowhere, "the database cannot be reached"), (empty, "schema behind: no migration is applied; run wanzami migrate")):
            ended = stack.deploy(role, patience=10, DATABASE_URL=wrong)
            assert [status for _, status in ended] == [0] * len(tasks)  # they ran, and were stopped because they were not healthy
            assert stack.services[role] == tasks
            told = [pathlib.Path(task.log_path).read_text() for task, _ in ended]
            assert all(said in text for text in told), told
            crowd.more()
    assert crowd.wrong == []
    up = {t.port for t in stack.services["api"]}
    assert stack.balancer.up() == up and [stack.balancer.requests(port) - before[port] for port in stack.ports if port not in up] == [0] * (len(stack.ports) - len(up))
    stack.postgres.drop([url.rsplit("/", 1)[1]])


def test_a_lost_task_causes_errors_only_until_the_balancer_detects_it(stack):
    with stack.crowd() as crowd:
        lost, left = stack.services["api"]
        lost.kill()
        wait_for(lambda: stack.balancer.down(lost.port) and stack.balancer.up() == {left.port}, "the balancer to detect the loss")
        crowd.more()
        before = len(crowd.wrong)
        crowd.more()
        assert len(crowd.wrong) == before
        stack.settle()
        crowd.more()
        assert len(crowd.wrong) == before
    # Requests in flight at the kill: 502, or a closed keep-alive connection.
    assert {status for status, _ in crowd.wrong} <= {0, 502, 503}


def test_a_lost_transcode_task_loses_no_film(stack):
    way = FilmUpload(stack, noise=True)
    job = way.upload()
    way.studio.wait_encoding(job)
    stack.services["transcode"][0].kill()
    stack.settle()
    way.plays(job)
    assert way.studio.state(job)["attempts"] == 2


def test_a_database_that_moves_to_another_ip_address_is_found(stack):
    way = FilmUpload(stack, noise=True)
    job = way.upload()
    way.studio.wait_encoding(job)
    tasks = list(stack.services["api"])
    with stack.crowd() as crowd:
        with outage(stack.postgres, crowd):
            wait_for(lambda: crowd.wrong, "the first error")
            wait_for(lambda: [s["postgres"]["state"] for s in stack.states()] == ["down", "down"], "the tasks to report it")
            assert [t.get("/health").status_code for t in tasks] == [200, 200]
            stack.postgres.address = "127.0.1.1" if stack.postgres.address == "127.0.0.1" else "127.0.0.1"
            stack.names.point("database", stack.postgres.address)
        wait_for(stack.ready, "the tasks to reconnect")
        before = len(crowd.wrong)
        crowd.more()
        assert len(crowd.wrong) == before
        way.plays(job)
        way.plays(way.upload())
    assert {status for status, _ in crowd.wrong} == {503}
    assert stack.balancer.up() == {t.port for t in tasks} and stack.services["api"] == tasks  # no task was replaced


def test_without_valkey_the_service_works(stack):
    way = FilmUpload(stack)
    with stack.crowd() as crowd:
        with outage(stack.keyvalue, crowd):
            wait_for(lambda: [s["valkey"]["state"] for s in stack.states()] == ["down", "down"], "the tasks to report it")
            assert [s["status"] for s in stack.states()] == ["ready", "ready"]
            stack.editor()  # logs in
            way.plays(way.upload())
        wait_for(stack.ready, "the tasks to reconnect")
        way.plays(way.upload())
    assert crowd.wrong == []


def test_without_object_storage_only_films_are_delayed(stack):
    way = FilmUpload(stack, noise=True)
    job, half = way.upload(), way.init()
    parts = way.editor.put(half, way.body)
    way.studio.wait_encoding(job)
    with stack.crowd() as crowd:
        with outage(stack.store, crowd):
            wait_for(lambda: [s["store"]["state"] for s in stack.states()] == ["down", "down"], "the tasks to report it")
            assert [s["status"] for s in stack.states()] == ["not ready", "not ready"]
            assert stack.balancer.up() == {t.port for t in stack.services["api"]}
            # Same responses as the previous service (docs/compatibility.md#upload-init, #upload-complete).
            assert way.init(500)["message"] == "Failed to init upload"
            assert way.editor.complete(half, parts, 500)["message"] == "Failed to complete multipart upload"
        wait_for(stack.ready, "the tasks to reconnect")
        way.plays(job)
        way.editor.complete(half, parts)
        way.plays(half["jobId"])
    assert crowd.wrong == []
