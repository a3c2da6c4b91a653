"""The environment of a soak test: all servers, one process per task, a load balancer in front of the API tasks, a database with viewers and
titles."""
import contextlib
import random
import threading
import time

import psycopg2

from accounts import bearer
from crowd import FILL, PASSWORD, SALT, bcrypt
from balancer import Balancer
from gateways import Gateways
from services import SECRETS, Appliance, KeyValue, MailServer, ObjectStore, Postgres, free_port, run, wait_for

VIEWERS, TITLES, FOR_SALE = 40, 200, 300
SLOTS = 4
ROLES = ("api", "api", "transcode", "transcode", "cron")  # the first task of each role is measured and lives until the end, except for early faults
SETTINGS = {"WORKERS": 2, "SHUTDOWN_DELAY_SEC": 3, "TRANSCODE_LEASE_MS": 5000, "TRANSCODE_RETRY_MS": 100, "QUEUE_SWEEP_MS": 1000, "JOB_LEASE_MS": 5000,
            "STORE_CLEANUP_CRON": "@every 5s", "POPULARITY_CRON": "@every 20s", "PREFERENCES_CRON": "@every 25s", "RECENT_VIEWS_CRON": "@every 30s",
            "SIMILARITIES_CRON": "@every 35s", "MAIL_CLEANUP_CRON": "@every 40s", "SESSION_CLEANUP_CRON": "@every 45s", "POPULARITY_CACHE_SEC": 5,
            "REC_CACHE_SEC": 5}

# The ids follow those of FILL. Explicit ids do not advance the sequences.
FOR_SALE_SQL = """
INSERT INTO "Title" ("id", "type", "name", "isPpv", "ppvPriceNaira", "ppvCurrency", "updatedAt", "archived", "pendingReview")
SELECT i, 'MOVIE', 'For sale ' || i, true, 3000, 'NGN', now(), false, false FROM generate_series(%(titles)d + 1, %(titles)d + %(sale)d) i;
SELECT setval(pg_get_serial_sequence('"User"', 'id'), 100000), setval(pg_get_serial_sequence('"Profile"', 'id'), 100000),
	setval(pg_get_serial_sequence('"Title"', 'id'), 100000);
ANALYZE;
"""


class Stage:
    """tasks(role) returns the running tasks of a role; the first one is measured."""

    def __init__(self, folder):
        self.folder, self.lock, self.running, self.ended, self.slot = folder, threading.Lock(), [], [], 0
        with contextlib.ExitStack() as stack:
            def server(kind):
                started = kind()
                stack.callback(started.close if hasattr(started, "close") else started.stop)
                return started
            self.postgres, self.keyvalue, self.store, self.mail, self.gateways = map(server, (Postgres, KeyValue, ObjectStore, MailServer, Gateways))
            self._fill()
            self.ports = [free_port() for _ in range(SLOTS)]
            self.balancer = server(lambda: Balancer(folder, self.ports))
            self.url = self.balancer.url
            stack.callback(self._end)
            for role in ROLES:
                self.start(role)
            self.wait_ready()
            self.close = stack.pop_all().close

    def _fill(self):
        url, self.db = self.postgres.create()
        self.bucket = self.store.bucket()
        self.env = {**SECRETS, "DATABASE_URL": url, "REDIS_URL": self.keyvalue.url, **self.store.env(self.bucket), **self.mail.env(),
                    **self.gateways.env(), **SETTINGS}
        r = run("migrate", **self.env)
        assert r.returncode == 0, r.stdout + r.stderr
        self.rows(FILL % {"viewers": VIEWERS, "titles": TITLES, "hash": bcrypt()(PASSWORD.encode(), SALT).decode()})
        self.rows(FOR_SALE_SQL % {"titles": TITLES, "sale": FOR_SALE})

    def _end(self):
        for task in self.running:
            task.close()
        self.db.close()

    # Tasks

    def start(self, role):
        """Starts one more task of a role; API tasks use the balancer's ports in turn."""
        port = free_port()
        if role == "api":
            port, self.slot = self.ports[self.slot], (self.slot + 1) % SLOTS
        task = Appliance(self.folder, roles=role, PORT=port, **self.env)
        task.role = role
        self.running.append(task)
        return task

    def tasks(self, role=None):
        return [t for t in self.running if role in (None, t.role)]

    def stop(self, task):
        """Ends a task as a deployment does; it must exit with 0."""
        self.running.remove(task)
        self.ended.append(task)
        status = task.stop()
        assert status == 0, "a task of role %s exited with %d after SIGTERM" % (task.role, status)

    def roll(self):
        """A rolling deployment: for each task, starts a new one before the old one ends."""
        for task in list(self.running):
            new = self.start(task.role)
            self.wait_task(new)
            self.stop(task)
        self.wait_ready()

    def ready(self, task):
        try:
            return task.get("/health/ready", timeout=5).status_code == 200
        except (OSError, AssertionError):
            return False

    def wait_task(self, task):
        wait_for(lambda: self.ready(task) and (task.role != "api" or task.port in self.balancer.up()), "a task of role " + task.role, 120)

    def wait_ready(self):
        """Waits until all tasks are ready and the balancer sends requests to the API tasks."""
        for task in self.running:
            self.wait_task(task)
        wait_for(lambda: self.balancer.up() == {t.port for t in self.tasks("api")}, "the health checks of the balancer", 60)

    # Requests

    def rows(self, sql, values=None):
        """Returns the rows of a statement, over the test's own connection (reopened after a restart of the server)."""
        while True:
            try:
                with self.lock:
                    if self.db.closed:
                        self.db = self.postgres.connect(self.env["DATABASE_URL"].rsplit("/", 1)[1])
                    with self.db.cursor() as c:
                        c.execute(sql, values)
                        return c.fetchall() if c.description else []
            except (psycopg2.OperationalError, psycopg2.InterfaceError):
                self.db.close()
                time.sleep(.1)

    def viewer(self, number=None):
        """Returns a viewer's number and token; a random viewer by default."""
        number = number or random.randint(2, VIEWERS)
        return number, bearer(number, "d")

    def admin(self):
        return bearer(1, "d")

    def job(self, name):
        r = run("job", "run", name, **self.env)
        assert r.returncode == 0, r.stdout + r.stderr

    def complaints(self):
        """Returns the reports of sanitizers."""
        return [line for t in self.running + self.ended for line in t.complaints()]
