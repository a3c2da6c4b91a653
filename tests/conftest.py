"""What tests ask for by name. Servers start when a test first wants one and end with the run; what a test killed is started
again for the next. `world` is all of them at once, fresh for the test."""
import fcntl
import os
import re
import shutil
import subprocess
import sys

import pytest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))

import services  # noqa: E402
from services import (ROOT, SECRETS, Appliance, KeyValue, MailServer, ObjectStore, Postgres, clean_environment,  # noqa: E402, F401
                      free_port, run, wait_for)

BINARY = services.BINARY


def pytest_addoption(parser):
    parser.addoption("--binary", default=services.BINARY, help="the executable under test (out/wanzami); one for arm64 is emulated")
    parser.addoption("--valgrind", action="store_true", help="run the appliance under valgrind: with --binary out/wanzami-memcheck")


def pytest_configure(config):
    config.addinivalue_line("markers", "errors(pattern, …): messages of level error that the test causes")
    services.BINARY = os.path.abspath(config.getoption("--binary"))
    sys.modules[__name__].BINARY = services.BINARY
    services.EMULATOR = services.emulator(services.BINARY)
    if config.getoption("--valgrind"):
        services.VALGRIND = ["valgrind", "-q", "--trace-children=yes", "--leak-check=no", "--num-callers=20"]
    os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1,localhost"


BUSY = {"busy-1": ("fault/", "soak/", "operation/test_run.py", "operation/test_kodev.py"), "busy-2": ("arm64/", "media/", "e2e/", "playback/", "jobs/test_worker.py", "operation/test_image.py", "sources/test_style.py")}
failed = []


def pytest_runtest_logreport(report):
    test = report.nodeid.rsplit("@busy-", 1)[0]
    if report.failed and test not in failed:
        failed.append(test)


def pytest_sessionfinish(session):
    path = os.environ.get("FAILED_TO")  # a file for the ids of the tests that fail (tests/run.sh)
    if path and not hasattr(session.config, "workerinput"):
        with open(path, "w") as f:
            f.writelines(test + "\n" for test in failed)


def pytest_collection_modifyitems(items):
    """Tests that encode films or run browsers take a processor each: two groups of them, each in one worker of pytest-xdist, begin first.
    The third worker runs the tests that mostly wait."""
    for item in items:
        folder = os.path.relpath(item.path, os.path.dirname(__file__)).replace(os.sep, "/")
        for group, begins in BUSY.items():
            if folder.startswith(begins):
                item.add_marker(pytest.mark.xdist_group(group))
    items.sort(key=lambda item: item.get_closest_marker("xdist_group") is None)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """A failure shows the end of the log of every appliance that the test ran."""
    report = (yield).get_result()
    folder = getattr(item, "funcargs", {}).get("tmp_path")
    if report.failed and folder:
        for log in sorted(folder.glob("wanzami-*.log")):
            report.sections.append(("the end of " + log.name, log.read_text(errors="replace")[-4000:]))


def server(kind):
    """A fixture for the whole run, and the one a test asks for, which sees to it that the server is up."""
    @pytest.fixture(scope="session")
    def for_the_run():
        started = kind()
        yield started
        started.close()
    return for_the_run


postgres_server = server(Postgres)
keyvalue_server = server(KeyValue)
store_server = server(ObjectStore)
mail_server = server(MailServer)


@pytest.fixture(scope="session")
def postgres(postgres_server):
    return postgres_server


@pytest.fixture
def keyvalue(keyvalue_server):
    keyvalue_server.ensure().command("FLUSHALL")
    return keyvalue_server


@pytest.fixture
def store(store_server):
    return store_server.ensure()


@pytest.fixture
def mail(mail_server):
    mail_server.ensure().clear()
    return mail_server


@pytest.fixture(autouse=True)
def _alive(request):
    """PostgreSQL is up before every test that uses it, whatever the one before did to it."""
    if "postgres" in request.fixturenames:
        request.getfixturevalue("postgres").ensure()


@pytest.fixture
def appliance(request, tmp_path):
    """appliance(command, VARIABLE=value…) starts one. The test fails if one of them logs an error, or loses a worker, that no
    mark of the test names: @pytest.mark.errors("regular expression of the message", …)."""
    started = []

    def start(command=None, **env):
        started.append(Appliance(str(tmp_path), command, **env))
        return started[-1]

    yield start
    for a in started:
        a.close()
    asked = [pattern for mark in request.node.iter_markers("errors") for pattern in mark.args]
    complaints = [line for a in started for line in a.complaints()]
    complaints += [line for a in started for line in a.errors() if not any(re.match(pattern, line) for pattern in asked)]
    assert not complaints, "\n".join(complaints)


class World:
    """Every server, with a migrated database, an empty bucket, an empty key-value server and an empty mailbox of this
    test's own; start() runs the appliance in it."""

    def __init__(self, postgres, keyvalue, store, mail, appliance):
        self.postgres, self.keyvalue, self.store, self.mail = postgres, keyvalue, store, mail
        self._appliance = appliance
        url, self.db = postgres.create_migrated()
        self.started = postgres.process.pid
        self.bucket = store.bucket()
        self.env = {**SECRETS, "DATABASE_URL": url, "REDIS_URL": keyvalue.url, **store.env(self.bucket), **mail.env()}

    def start(self, roles=None, **env):
        return self._appliance(roles=roles, **{**self.env, **env}).wait_healthy()

    def rows(self, sql, values=None):
        """The rows of a statement, over a connection of the test's own (made anew when the server was killed)."""
        if self.db.closed or self.started != self.postgres.process.pid:
            self.started = self.postgres.process.pid
            self.db = self.postgres.connect(self.env["DATABASE_URL"].rsplit("/", 1)[1])
        with self.db.cursor() as c:
            c.execute(sql, values)
            return c.fetchall() if c.description else []


@pytest.fixture
def world(postgres, keyvalue, store, mail, appliance):
    w = World(postgres, keyvalue, store, mail, appliance)
    yield w
    w.db.close()


# The service behind a load balancer

@pytest.fixture(scope="session")
def stack_for_the_run(tmp_path_factory, store_server):
    """All of it on this machine (tests/e2e/stack.py)."""
    from containers import Podman
    from stack import Stack
    missing = [program for program in ("podman", "haproxy", "dnsmasq") if not shutil.which(program)]
    assert not missing, "not installed: " + " ".join(missing)
    podman = Podman()
    try:
        s = Stack(tmp_path_factory.mktemp("stack"), podman, store_server.ensure())
        yield s
        s.close()
    finally:
        podman.close()


@pytest.fixture
def stack(stack_for_the_run):
    return stack_for_the_run.settle()


class Site:
    """What is known of a service from outside: whom to ask, where plain HTTP is, and an administrator."""

    def __init__(self, client, plain, email, password):
        self.client, self.plain, self.email, self.password = client, plain, email, password


@pytest.fixture
def site(request):
    """The service at BASE_URL (tests/e2e/run.sh), else that on this machine."""
    url = os.environ.get("BASE_URL", "").rstrip("/")
    if url:
        plain = os.environ.get("PLAIN_URL") or url.replace("https://", "http://", 1)
        return Site(services.Client(url), plain.rstrip("/"), os.environ["ADMIN_EMAIL"], os.environ["ADMIN_PASSWORD"])
    from stack import EMAIL, PASSWORD
    s = request.getfixturevalue("stack")
    return Site(s.client, "http://127.0.0.1:%d" % s.balancer.plain, EMAIL, PASSWORD)


@pytest.fixture
def gateways():
    from gateways import Gateways
    started = Gateways()
    yield started
    started.stop()


# Programs of the tests in C (build/Makefile)

def build(what, target=None):
    """The program made of tests/<what>.c, for the target that is under test or another."""
    kind = os.path.basename(services.BINARY)[len("wanzami-"):]
    target = target or (kind if kind in ("asan", "arm64") else "musl")
    if target != "musl":
        subprocess.run(["build/deps.sh", "arm64" if target == "arm64" else "asan"], cwd=ROOT, check=True, stdout=subprocess.DEVNULL, timeout=3000)
    path = "out/test/%s/%s" % (target, what)
    with open(os.path.join(ROOT, "out", "make-%s.lock" % target), "w") as lock:  # as build/build.sh
        fcntl.flock(lock, fcntl.LOCK_EX)
        made = subprocess.run(["make", "--no-print-directory", "-f", "build/Makefile", "TARGET=" + target, path], cwd=ROOT,
                              capture_output=True, text=True, timeout=1200)
    assert made.returncode == 0, made.stdout[-2000:] + made.stderr[-4000:]
    path = os.path.join(ROOT, path)
    emulator = services.emulator(path)
    if emulator:
        with open(path + ".sh", "w") as f:
            f.write('#!/bin/sh\nexec %s %s "$@"\n' % (" ".join(emulator), path))
        os.chmod(path + ".sh", 0o755)
        path += ".sh"
    return path


@pytest.fixture(scope="session")
def tls():
    """tls(host, port, option=value…) runs the client; the result has returncode and output as bytes."""
    tool = build("tools/tls")

    def run(host, port, data=b"hello\n", env=None, **options):
        words = ["%s=%s" % pair for pair in options.items()]
        return subprocess.run([tool, host, str(port), *words], input=data, capture_output=True, timeout=100,
                              env=clean_environment(WANZAMI_ENV="development", **(env or {})))
    return run


@pytest.fixture
def folder(tmp_path):
    return str(tmp_path)


@pytest.fixture(scope="session")
def pg_server():
    """A PostgreSQL behind TLS (tests/lib/secureservers.py)."""
    from secureservers import TlsPostgres
    server = TlsPostgres()
    yield server
    server.close()


@pytest.fixture(scope="session")
def pg():
    """pg("host=… …", verb, number, DATABASE_CA_PEM=…) runs libpq over our TLS; the output as text."""
    tool = build("tools/pg")

    def run(conninfo, verb="show", *numbers, data="", timeout=300, **env):
        r = subprocess.run([tool, conninfo, verb, *(str(n) for n in numbers)], input=data, capture_output=True, timeout=timeout, text=True,
                           env=clean_environment(WANZAMI_ENV="development", HOME="/nonexistent", **env))
        assert r.returncode in (0, 1) and not r.stderr, (r.returncode, r.stdout, r.stderr)
        return r.stdout.strip()
    run.tool = tool
    return run
