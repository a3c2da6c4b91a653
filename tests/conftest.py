"""Fixtures and options of all tests. A server starts when a test first requests it and ends with the run; a server that a test has killed is
restarted for the next test. `world` is all servers with fresh data."""
import contextlib
import fcntl
import functools
import os
import pathlib
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
    parser.addoption("--binary", default=services.BINARY, help="the binary under test (default: out/wanzami); one for arm64 is emulated")
    parser.addoption("--valgrind", action="store_true", help="run the appliance under valgrind: with --binary out/wanzami-memcheck")


def pytest_configure(config):
    config.addinivalue_line("markers", "errors(pattern, …): messages of level error that the test causes")
    services.BINARY = os.path.abspath(config.getoption("--binary"))
    sys.modules[__name__].BINARY = services.BINARY
    services.EMULATOR = services.emulator(services.BINARY)
    if config.getoption("--valgrind"):
        services.VALGRIND = ["valgrind", "-q", "--trace-children=yes", "--leak-check=no", "--num-callers=20"]
    os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1,localhost"


BUSY = {"busy-1": ("fault/", "soak/", "operation/test_run.py", "operation/test_kodev.py"),
        "busy-2": ("arm64/", "media/", "operation/test_image.py"),
        "busy-3": ("e2e/", "playback/", "jobs/test_worker.py", "sources/test_style.py")}
failed = []


def pytest_runtest_logreport(report):
    test = report.nodeid.rsplit("@busy-", 1)[0]
    if report.failed and test not in failed:
        failed.append(test)


def pytest_sessionfinish(session):
    path = os.environ.get("FAILED_TO")  # path of a file for the ids of failed tests (tests/run.sh)
    if path and not hasattr(session.config, "workerinput"):
        with open(path, "w") as f:
            f.writelines(test + "\n" for test in failed)


@pytest.hookimpl(tryfirst=True)  # before pytest-xdist reads the marks
def pytest_collection_modifyitems(items):
    """Tests that encode films or run browsers use a processor each: they form three groups of about the same length, each in one worker of
    pytest-xdist, and start first. The other workers run the other tests, which mostly wait; in the end all workers do."""
    for item in items:
        folder = os.path.relpath(item.path, os.path.dirname(__file__)).replace(os.sep, "/")
        for group, begins in BUSY.items():
            if folder.startswith(begins):
                item.add_marker(pytest.mark.xdist_group(group))
    items.sort(key=lambda item: item.get_closest_marker("xdist_group") is None)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """Adds the end of the log of each appliance of the test to the report of a failure."""
    report = (yield).get_result()
    arguments = getattr(item, "funcargs", {})
    if report.failed:
        logs = set(arguments["tmp_path"].glob("wanzami-*.log")) if "tmp_path" in arguments else set()
        logs |= {pathlib.Path(a.log_path) for a in arguments.values() if isinstance(a, Appliance)}
        for log in sorted(logs):
            report.sections.append(("end of " + log.name, log.read_text(errors="replace")[-4000:]))


def server(kind):
    """Returns a session-scoped fixture that starts the server."""
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
def _databases(request):
    """Restarts PostgreSQL if an earlier test has killed it, and drops the databases that the test has created."""
    if "postgres" not in request.fixturenames:
        yield
        return
    server = request.getfixturevalue("postgres").ensure()
    kept = set(server.databases)  # of fixtures of the module
    yield
    server.drop([name for name in server.databases if name not in kept])


@pytest.fixture(scope="session")
def some_database():
    """some_database() returns the URL of a migrated database for the appliances of tests that need none of their own."""
    made = []

    def url(postgres):
        if not made:
            address, db = postgres.create_migrated()
            db.close()
            postgres.databases.remove(address.rsplit("/", 1)[1])
            made.append(address)
        return made[0]

    return url


@contextlib.contextmanager
def appliances(request, folder, some_database):
    """Yields start(command, VARIABLE=value…), and checks the logs of the processes in the end."""
    started = []

    def start(command=None, **env):
        if services.VALGRIND:
            env.setdefault("MAX_PASSWORD_WAIT_MS", 60000)  # bcrypt takes two seconds there
        if "DATABASE_URL" not in env:
            env["DATABASE_URL"] = some_database(request.getfixturevalue("postgres").ensure())
        started.append(Appliance(str(folder), command, **env))
        return started[-1]

    yield start
    for a in started:
        a.close()
    asked = [pattern for mark in request.node.iter_markers("errors") for pattern in mark.args]
    if services.VALGRIND:
        asked.append(r"setrlimit\(RLIMIT_NOFILE")  # valgrind refuses each change of the hard limit
    complaints = [line for a in started for line in a.complaints()]
    complaints += [line for a in started for line in a.errors() if not any(re.match(pattern, line) for pattern in asked)]
    assert not complaints, "\n".join(complaints)


@pytest.fixture
def appliance(request, tmp_path, some_database):
    """appliance(command, VARIABLE=value…) starts a process, with a migrated database unless DATABASE_URL is given. The test fails if a process
    logs an error, or loses a worker, unless a mark names it: @pytest.mark.errors("regular expression of the message", …)."""
    with appliances(request, tmp_path, some_database) as start:
        yield start


@pytest.fixture(scope="module")
def module_appliance(request, tmp_path_factory, some_database):
    """Like appliance, for a process that several tests of a module share: those that only send requests which leave no trace. The last of them
    fails if the process has logged an error."""
    with appliances(request, tmp_path_factory.mktemp("module"), some_database) as start:
        yield start


class World:
    """All servers, with a migrated database, an empty bucket, an empty key-value server and an empty mailbox. start() starts the appliance."""

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
        """Returns the rows of a statement, over the test's own connection (reopened after a restart of the server)."""
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


class Database(World):
    """A world without object storage and mail; media are in a folder."""

    def __init__(self, postgres, keyvalue, appliance, folder):
        self.postgres, self._appliance = postgres, appliance
        url, self.db = postgres.create_migrated()
        self.started = postgres.process.pid
        self.env = {**SECRETS, "DATABASE_URL": url, "REDIS_URL": keyvalue.url, "MEDIA_DIR": folder}


@pytest.fixture
def database(postgres, keyvalue, appliance, tmp_path):
    w = Database(postgres, keyvalue, appliance, str(tmp_path))
    yield w
    w.db.close()


# The service behind a load balancer

@pytest.fixture(scope="session")
def stack_for_the_run(tmp_path_factory, store_server):
    """The whole service on this machine (tests/e2e/stack.py)."""
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
    """A service seen from outside: an API client, the URL for plain HTTP, and an administrator's e-mail address and password."""

    def __init__(self, client, plain, email, password):
        self.client, self.plain, self.email, self.password = client, plain, email, password


@pytest.fixture
def site(request):
    """The service at BASE_URL (tests/e2e/run.sh), or the one on this machine."""
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


# C programs of the tests (build/Makefile)

@functools.cache  # once per process: deps.sh needs most of a second to find nothing to do
def build_libraries(target):
    subprocess.run(["build/deps.sh", target], cwd=ROOT, check=True, stdout=subprocess.DEVNULL, timeout=3000)


def build(what, target=None):
    """Builds tests/<what>.c for the target under test or the given one and returns the path of the program."""
    kind = os.path.basename(services.BINARY)[len("wanzami-"):]
    target = target or (kind if kind in ("asan", "arm64") else "musl")
    if target != "musl":
        build_libraries("arm64" if target == "arm64" else "asan")
    path = "out/test/%s/%s" % (target, what)
    with open(os.path.join(ROOT, "out", "make-%s.lock" % target), "w") as lock:  # the lock of build/build.sh
        fcntl.flock(lock, fcntl.LOCK_EX)
        made = subprocess.run(["make", "--no-print-directory", "-f", "build/Makefile", "TARGET=" + target, path], cwd=ROOT,
                              capture_output=True, text=True, timeout=1200)
    assert made.returncode == 0, made.stdout[-2000:] + made.stderr[-4000:]
    path = os.path.join(ROOT, path)
    emulator = services.emulator(path)
    if emulator:
        script, new = path + ".sh", "%s.%d" % (path, os.getpid())
        with open(new, "w") as f:
            f.write('#!/bin/sh\nexec %s %s "$@"\n' % (" ".join(emulator), path))
        os.chmod(new, 0o755)
        os.replace(new, script)  # a script that another process runs cannot be written
        path = script
    return path


@pytest.fixture(scope="session")
def tls():
    """tls(host, port, option=value…) runs the TLS client; the result has returncode and output (bytes)."""
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
    """PostgreSQL with TLS (tests/lib/secureservers.py)."""
    from secureservers import TlsPostgres
    server = TlsPostgres()
    yield server
    server.close()


@pytest.fixture(scope="session")
def pg():
    """pg("host=… …", verb, number, DATABASE_CA_PEM=…) runs libpq over BearSSL and returns its output as text."""
    tool = build("tools/pg")

    def run(conninfo, verb="show", *numbers, data="", timeout=300, **env):
        r = subprocess.run([tool, conninfo, verb, *(str(n) for n in numbers)], input=data, capture_output=True, timeout=timeout, text=True,
                           env=clean_environment(WANZAMI_ENV="development", HOME="/nonexistent", **env))
        assert r.returncode in (0, 1) and not r.stderr, (r.returncode, r.stdout, r.stderr)
        return r.stdout.strip()
    run.tool = tool
    return run
