"""What clients see through a load balancer while tasks come, go, fail and die: HAProxy in front, with the health check and the
time-outs of an ALB and no retries, since an ALB makes none either."""
import shutil
import socket
import subprocess
import threading
import time

import pytest
import requests

from accounts import Account
from services import SECRETS, Appliance, free_port, listening, run, wait_for

SLOTS = 4
CONF = """
global
	stats socket %(folder)s/haproxy.sock mode 600 level admin
defaults
	mode http
	timeout connect 5s
	timeout client 60s
	timeout server 60s
	retries 0
	option forwardfor
	http-reuse safe
frontend front
	bind 127.0.0.1:%(port)d
	default_backend tasks
backend tasks
	balance roundrobin
	option httpchk
	http-check send meth GET uri /health ver HTTP/1.1 hdr Host tasks hdr User-Agent ELB-HealthChecker/2.0
	http-check expect status 200
	default-server check inter 500ms fall 2 rise 2
"""


class Balancer:
    def __init__(self, folder, ports):
        self.port, self.folder = free_port(), folder
        self.url = "http://127.0.0.1:%d" % self.port
        with open(folder + "/haproxy.cfg", "w") as f:
            f.write(CONF % {"folder": folder, "port": self.port})
            f.writelines("\tserver t%d 127.0.0.1:%d\n" % (i, port) for i, port in enumerate(ports))
        self.process = subprocess.Popen(["haproxy", "-q", "-f", folder + "/haproxy.cfg"], stdin=subprocess.DEVNULL)
        wait_for(lambda: listening(self.port), "haproxy")

    def up(self):
        """The numbers of the tasks that pass their health check."""
        with socket.socket(socket.AF_UNIX) as s:
            s.connect(self.folder + "/haproxy.sock")
            s.sendall(b"show stat\n")
            text = b"".join(iter(lambda: s.recv(65536), b"")).decode()
        rows = [line.split(",") for line in text.splitlines() if line.startswith("tasks,t")]
        return {int(row[1][1:]) for row in rows if row[17].startswith("UP") and "/" not in row[17]}

    def close(self):
        self.process.kill()
        self.process.wait()


class Crowd:
    """Clients that read and write without pause; whatever is not the right answer is kept in `wrong`."""

    def __init__(self, url, token, clients=6):
        self.url, self.token, self.wrong, self.right, self.over = url, token, [], 0, threading.Event()
        self.lock = threading.Lock()
        self.threads = [threading.Thread(target=self.client, daemon=True) for _ in range(clients)]
        for t in self.threads:
            t.start()

    def client(self):
        with requests.Session() as s:
            s.headers["Authorization"] = "Bearer " + self.token
            while not self.over.is_set():
                for status, send in ((404, lambda: s.get(self.url + "/api/titles/987654", timeout=60)),
                                     (200, lambda: s.get(self.url + "/api/user/devices", timeout=60)),
                                     (201, lambda: s.post(self.url + "/api/events", json={"events": [{"eventType": "PLAY_START"}]}, timeout=60))):
                    try:
                        r = send()
                        fine = r.status_code == status or (status == 201 and r.status_code < 300)
                        what = (r.status_code, r.text[:200])
                    except requests.RequestException as e:
                        fine, what = False, (0, repr(e))
                    with self.lock:
                        self.right += fine
                        if not fine:
                            self.wrong.append((time.time(), what))

    def more(self, count):
        """That many right answers from now on."""
        goal = self.right + count
        wait_for(lambda: self.right >= goal or len(self.wrong) > 50, "%d answers" % count, 120)

    def stop(self):
        self.over.set()
        for t in self.threads:
            t.join(60)
        return self.wrong


class Service:
    """The API as tasks behind a balancer, with a crowd of clients."""

    def __init__(self, postgres, tmp_path):
        self.url, self.db = postgres.create()
        self.env = {**SECRETS, "DATABASE_URL": self.url}
        r = run("migrate", **self.env)
        assert r.returncode == 0, r.stdout + r.stderr
        self.folder, self.ports, self.tasks = str(tmp_path), [free_port() for _ in range(SLOTS)], {}
        self.balancer = Balancer(self.folder, self.ports)
        self.crowd = None

    def rows(self, sql, values=None):
        with self.db.cursor() as c:
            c.execute(sql, values)
            return c.fetchall() if c.description else []

    def task(self, slot, **env):
        self.tasks[slot] = Appliance(self.folder, roles="api", PORT=self.ports[slot], WORKERS=1, SHUTDOWN_DELAY_SEC=5, **{**self.env, **env})
        return self.tasks[slot]

    def wait_up(self, *slots):
        wait_for(lambda: self.balancer.up() == set(slots), "the tasks %s to be all that is up" % (slots,), 60)

    def begin(self):
        self.task(0)
        self.task(1)
        self.wait_up(0, 1)
        self.crowd = Crowd(self.balancer.url, Account(self, device="d").token)
        self.crowd.more(60)

    def close(self):
        if self.crowd:
            self.crowd.stop()
        for t in self.tasks.values():
            t.close()
        self.balancer.close()
        self.db.close()


@pytest.fixture
def service(postgres, tmp_path):
    if not shutil.which("haproxy"):
        pytest.fail("haproxy is not installed")
    s = Service(postgres, tmp_path)
    yield s
    s.close()


def test_a_rolling_deployment_loses_no_request(service):
    service.begin()
    for old, new in ((0, 2), (1, 3)):
        service.task(new)
        wait_for(lambda: new in service.balancer.up(), "the new task", 60)
        service.crowd.more(60)
        assert service.tasks[old].stop() == 0
        assert service.tasks[old].log_lines()[-1]["msg"] == "drained" and service.tasks[old].log_lines()[-1]["unfinished"] == 0
    service.wait_up(2, 3)
    service.crowd.more(60)
    assert service.crowd.stop() == []


def test_a_bad_release_is_never_sent_anything(service):
    service.begin()
    bad = service.task(2, JWT_ACCESS_SECRET="short", WANZAMI_ENV="production", MEDIA_DIR=service.folder)
    assert bad.process.wait(60) == 1  # what ECS's circuit breaker counts, and goes back to the release before
    with open(bad.log_path) as f:
        assert "JWT_ACCESS_SECRET is too short" in f.read()
    service.crowd.more(60)
    assert service.balancer.up() == {0, 1} and service.crowd.stop() == []


def test_the_loss_of_a_task_is_over_when_the_balancer_sees_it(service):
    service.begin()
    service.tasks[0].kill()
    service.wait_up(1)
    service.crowd.more(30)
    before = len(service.crowd.wrong)
    service.crowd.more(60)
    assert len(service.crowd.wrong) == before
    service.tasks[0].start()
    service.wait_up(0, 1)
    service.crowd.more(60)
    # What it was doing when it died: 502, or the end of a connection that was being used again.
    assert {what[0] for _, what in service.crowd.stop()} <= {0, 502, 503}


def test_a_database_that_comes_back_is_found_again(service, postgres):
    service.begin()
    postgres.restart()
    service.db = postgres.connect(service.url.rsplit("/", 1)[1])
    wait_for(lambda: requests.get(service.balancer.url + "/api/titles/987654", timeout=60).status_code == 404, "the database to be found again", 60)
    service.crowd.more(60)
    assert service.balancer.up() == {0, 1}  # a task without a database is not ended for that
    assert all(what[0] in (500, 503) for _, what in service.crowd.stop())
