"""The service as AWS runs it, on this machine: each task is a container of the image with its task definition, kept in number and replaced as
ECS does; a load balancer with the health check and the timeouts of the target group; the database and Valkey with TLS, under names of a DNS
server; object storage."""
import concurrent.futures
import contextlib
import pathlib
import threading
import time

import requests

import ecs
import pki
from accounts import Account
from balancer import Balancer
from containers import Container
from editor import Editor
from nameserver import NameServer
from secureservers import SecureKeyValue, TlsPostgres
from services import SECRETS, Client, free_port, run, wait_for

SLOTS = 4  # slots of the balancer: two API tasks, and two more during a deployment
EMAIL, PASSWORD = "ada@example.com", "Films-4-all"

# Shortens the delays after the loss of a task or a job.
QUICK = {"TRANSCODE_LEASE_MS": 3000, "TRANSCODE_RETRY_MS": 200, "QUEUE_SWEEP_MS": 500, "JOB_LEASE_MS": 3000, "STORE_CLEANUP_CRON": "* * * * * *"}

class Crowd:
    """Clients that read and write in a loop. `wrong` has every unexpected response as (status or 0, text), `kept` the acknowledged events."""

    def __init__(self, client, token, clients=6):
        self.client, self.token, self.wrong, self.right, self.over = client, token, [], 0, threading.Event()
        self.name, self.kept, self.lock = "crowd-%d" % time.time_ns(), set(), threading.Lock()
        self.threads = [threading.Thread(target=self._visit, args=(n,), daemon=True) for n in range(clients)]
        for t in self.threads:
            t.start()

    def _visit(self, client):
        with requests.Session() as s:
            s.headers["Authorization"] = "Bearer " + self.token
            for turn in range(1 << 30):
                event = "%d-%d" % (client, turn)
                for status, method, path, body in (
                        (404, "GET", "/api/titles/987654", None), (200, "GET", "/api/user/devices", None),
                        (201, "POST", "/api/events", {"events": [{"eventType": "PLAY_START", "metadata": {"crowd": self.name, "n": event}}]})):
                    if self.over.is_set():
                        return
                    self._ask(s, status, method, path, body, event)

    def _ask(self, session, status, method, path, body, event):
        try:
            r = session.request(method, self.client.url + path, json=body, timeout=60, verify=self.client.verify)
            fine, what = r.status_code == status or (status == 201 and r.status_code // 100 == 2), (r.status_code, r.text[:200])
        except requests.RequestException as e:
            fine, what = False, (0, repr(e))
        with self.lock:
            self.right += fine
            if fine and body:
                self.kept.add(event)
            if not fine:
                self.wrong.append(what)

    def more(self, count=60):
        """Waits for that many more correct responses."""
        goal = self.right + count
        try:
            wait_for(lambda: self.right >= goal, "%d answers" % count, 120)
        except AssertionError as e:
            raise AssertionError("%s; the last wrong responses: %s" % (e, self.wrong[-5:])) from e

    def stop(self):
        self.over.set()
        for t in self.threads:
            t.join(90)
        return self.wrong


class Stack:
    """The whole service, running, with a migrated database and an administrator. `services` has the tasks of each role."""

    def __init__(self, folder, podman, store):
        self.path, self.folder, self.podman, self.store, self.db = folder, str(folder), podman, store, None
        self.bucket = store.bucket()
        self.authority = pki.Authority(self.folder)
        self.closing = contextlib.ExitStack()
        with contextlib.ExitStack() as undo:
            undo.callback(self.close)
            self._servers()
            self._definitions()
            self._begin()
            undo.pop_all()

    def _keep(self, server):
        self.closing.callback(server.close)
        return server

    def _servers(self):
        self.names = self._keep(NameServer())
        database, valkey = (self.names.point(name, "127.0.0.1") for name in ("database", "valkey"))
        self.postgres = self._keep(TlsPostgres())
        self.postgres.wear(self.authority.issue(database))
        url, db = self.postgres.create()
        db.close()
        self.database = url.rsplit("/", 1)[1]
        self.keyvalue = self._keep(SecureKeyValue(self.authority.issue(valkey), valkey))
        self.secrets = {**SECRETS, "DATABASE_URL": "postgresql://postgres@%s:%d/%s?sslmode=verify-full" % (database, self.postgres.port, self.database),
                        "DATABASE_CA_PEM": self.authority.pem.decode(), "REDIS_URL": self.keyvalue.url}

    def _definitions(self):
        """Renders task definitions, services, target group and load balancer as for a deployment."""
        front, self.ports = free_port(), [free_port() for _ in range(SLOTS)]
        self.client = Client("https://127.0.0.1:%d" % front, verify=self.authority.alone)
        r = ecs.render(ecs.example() + ecs.MADE + "PUBLIC_API_ORIGIN=%s\nMEDIA_BUCKET=%s\nMEDIA_REGION=%s\nSMTP_HOST=\n" % (
            self.client.url, self.bucket, self.store.region), self.path)
        assert r.returncode == 0, r.stderr
        attributes = {a["Key"]: a["Value"] for a in ecs.load(self.path, "network/alb-attributes.json")["Attributes"]}
        self.balancer = self._keep(Balancer(self.folder, self.ports, front, ecs.load(self.path, "network/target-group.json"),
                                            attributes["idle_timeout.timeout_seconds"], self.authority))
        self.tasks = {role: ecs.load(self.path, "tasks/%s.json" % role) for role in ecs.ROLES}
        self.desired = {role: ecs.load(self.path, "services/%s.json" % role)["desiredCount"] for role in ecs.ROLES}
        self.services = {role: [] for role in ecs.ROLES}

    def _begin(self):
        for role, command in (("api", "migrate"), ("api", "doctor"), ("transcode", "doctor"), ("cron", "doctor")):
            override, = ecs.load(self.path, "tasks/%s.json" % command)["overrides"]["containerOverrides"]
            task = self.task(role, words=override["command"])
            assert task.process.wait(120) == 0, pathlib.Path(task.log_path).read_text()
        direct = "postgresql://postgres@%s:%d/%s" % (self.postgres.address, self.postgres.port, self.database)
        r = run("admin", "create", "--email", EMAIL, "--name", "Ada", stdin=PASSWORD + "\n", DATABASE_URL=direct)
        assert r.returncode == 0, r.stderr
        self.settle()

    # Tasks

    def task(self, role, words=(), **env):
        """Starts one task of a role, with the secrets of its task definition, and with the servers' locations and keys that AWS would provide."""
        definition, = self.tasks[role]["containerDefinitions"]
        secrets = {v["name"]: self.secrets[v["name"]] for v in definition["secrets"] if v["name"] in self.secrets}
        used = {t.port for t in self.services["api"] if t.process.poll() is None}
        port = next(p for p in self.ports if p not in used) if role == "api" and not words else free_port()
        task = Container(self.podman, self.folder, self.tasks[role], self.names.address, words,
                         **{**secrets, **self.store.env(self.bucket), "EXTRA_CA_PEM": self.authority.pem.decode(), "PORT": port, **QUICK, **env})
        self._keep(task)
        return task

    def healthy(self, role, tasks):
        """Returns whether the health checks of all tasks pass: the container's own, and the balancer's."""
        return all(t.process.poll() is None and t.healthy() for t in tasks) and (role != "api" or {t.port for t in tasks} <= self.balancer.up()) \
            and all(t.probe() for t in tasks)

    def settle(self):
        """Restores the initial state: starts servers that are down, replaces tasks that have ended, and waits until all are healthy."""
        for server in (self.names, self.postgres, self.keyvalue, self.store):
            server.ensure()
        for role, tasks in self.services.items():
            tasks[:] = [t for t in tasks if t.process.poll() is None]
            while len(tasks) < self.desired[role]:
                tasks.append(self.task(role))
        wait_for(lambda: all(self.healthy(role, tasks) for role, tasks in self.services.items()), "all tasks to be healthy", 120)
        wait_for(lambda: self.balancer.up() == {t.port for t in self.services["api"]}, "only these tasks in the balancer")
        wait_for(self.ready, "the API to be ready", 120)
        return self

    def states(self):
        """Returns the responses of all API tasks to /health/ready."""
        return [t.get("/health/ready").json() for t in self.services["api"]]

    def ready(self):
        return all(s["status"] == "ready" and s["valkey"]["state"] == "up" for s in self.states())

    def deploy(self, role, patience=120, **env):
        """Deploys a release like ECS (100/200 percent, circuit breaker with rollback): starts as many new tasks as there are old ones. If all
        become healthy, the old ones are stopped; if one ends or is not healthy in time, the new ones are. Returns the ended tasks with their
        exit statuses. A callable value is called for each task."""
        old, new = self.services[role], []
        for _ in old:
            new.append(self.task(role, **{name: value() if callable(value) else value for name, value in env.items()}))
            self.services[role] = old + new  # each task takes a port
        end = time.monotonic() + patience
        while not (good := self.healthy(role, new)) and all(t.process.poll() is None for t in new) and time.monotonic() < end:
            time.sleep(0.05)
        self.services[role], gone = (new, old) if good else (old, new)
        with concurrent.futures.ThreadPoolExecutor(len(gone)) as pool:
            return list(zip(gone, pool.map(lambda t: t.stop(), gone)))

    # For tests

    def rows(self, sql, values=None):
        """Returns the rows of a statement, over the test's own connection (reopened if it is broken)."""
        if self.db is not None:
            try:
                with self.db.cursor() as c:
                    c.execute("SELECT 1")
            except Exception:
                self.db = None
        if self.db is None:
            self.db = self.postgres.connect(self.database)
        with self.db.cursor() as c:
            c.execute(sql, values)
            return c.fetchall() if c.description else []

    @contextlib.contextmanager
    def crowd(self):
        """Runs clients during the block. Afterwards each acknowledged event must be stored exactly once."""
        crowd = Crowd(self.client, Account(self, device="d").token)
        try:
            crowd.more()
            yield crowd
            crowd.more()
        finally:
            crowd.stop()
        stored = [n for n, in self.rows("""SELECT "metadata" ->> 'n' FROM "EngagementEvent" WHERE "metadata" ->> 'crowd' = %s""", (crowd.name,))]
        assert len(stored) == len(set(stored)) and crowd.kept <= set(stored)

    def editor(self):
        return Editor(self.client, EMAIL, PASSWORD)

    def close(self):
        if self.db is not None:
            self.db.close()
        self.closing.close()
