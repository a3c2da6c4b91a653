"""How a process lives: health, probe, roles, sandbox, drain, restart."""
import contextlib
import json
import os
import re
import resource
import shutil
import signal
import socket
import subprocess
import threading
import time

import pytest
import requests

import pki
import services
from conftest import ROOT, run, wait_for
from services import BINARY, EMULATOR, SECRETS, VALGRIND, alive, clean_environment, command, free_port

STALL_SEC = 2


def test_health_answers_in_every_role(appliance):
    for role in ("api", "transcode", "cron", "api,transcode,cron"):
        a = appliance(ROLE=role).wait_healthy()
        r = requests.get(a.url + "/health")
        assert r.text == '{"status":"ok"}'
        assert r.headers["content-type"] == "application/json; charset=utf-8"
        assert a.stop() == 0


@pytest.mark.parametrize("roles", ["api", "transcode", "cron", "api,transcode,cron"])
def test_a_start_and_an_end_with_everything_well_log_no_warning(world, roles):
    a = world.start(roles)
    wait_for(lambda: a.get("/health/ready").status_code == 200, "the process to be ready")
    assert a.stop() == 0
    assert [line for line in a.log_lines() if line["level"] not in ("debug", "info")] == []


def test_an_env_file_that_cannot_be_read_stops_the_start(tmp_path):
    """A directory cannot be read by root either."""
    (tmp_path / ".env").mkdir()
    r = subprocess.run(services.command("migrate"), cwd=tmp_path, env=services.clean_environment(), capture_output=True, text=True, timeout=60)
    assert r.returncode == 1 and r.stderr == "wanzami: .env in the working directory cannot be read: Is a directory\n"


@pytest.mark.errors("state of the cron jobs cannot be read", "transcode job of a dead worker cannot be requeued", "transcode queue sweep failed")
@pytest.mark.parametrize("role", ["api", "transcode", "cron"])
def test_health_fails_until_the_database_is_reached_and_migrated(postgres, appliance, role):
    """A deployment with a wrong DATABASE_URL or without migrations must not replace tasks that work. Later outages end no task."""
    def told():
        r = a.get("/health", timeout=20)
        return r.status_code, r.json().get("reason", "")

    a = appliance(ROLE=role, DATABASE_URL="postgresql://nobody@127.0.0.1:1/nothing")
    wait_for(a.answers, "a response")
    assert told() == (503, "the database cannot be reached")
    assert a.stop() == 0
    url, db = postgres.create()
    a = appliance(ROLE=role, DATABASE_URL=url, MIGRATE_ON_START=0)
    wait_for(a.answers, "a response")
    assert told() == (503, "schema behind: no migration is applied; run wanzami migrate")
    assert run("migrate", DATABASE_URL=url).returncode == 0
    with db.cursor() as c:
        c.execute("DELETE FROM wanzami.migration WHERE name = '0004_transcode_notes.sql' RETURNING sha256")
        hash, = c.fetchone()
    assert told() == (503, "schema behind: 0004_transcode_notes.sql is missing; run wanzami migrate")
    with db.cursor() as c:
        c.execute("INSERT INTO wanzami.migration (name, sha256) VALUES ('0004_transcode_notes.sql', %s)", (hash,))
    assert told() == (200, "")
    db.close()
    postgres.pause()
    try:
        assert told() == (200, "")
    finally:
        postgres.resume()


@pytest.mark.errors("worker died")
def test_a_new_worker_is_healthy_during_an_outage(postgres, appliance):
    a = appliance(roles="api", WORKERS=1).wait_healthy()
    postgres.pause()
    try:
        worker = a.workers()[0]
        os.kill(worker, signal.SIGKILL)
        wait_for(lambda: a.workers() and worker not in a.workers(), "another worker")
        assert a.get("/health", timeout=20).json() == {"status": "ok"}
    finally:
        postgres.resume()


def test_responses_and_the_log_carry_the_request_id(appliance):
    a = appliance(roles="api", WORKERS=1).wait_healthy()
    long = "Mozilla/5.0 " + "x" * 400
    r = a.get("/api/titles", headers={"X-Request-ID": "abc-1", "User-Agent": long, "X-Forwarded-For": "203.0.113.7", "Accept-Encoding": "identity"})
    assert r.headers["x-request-id"] == "abc-1"
    assert re.fullmatch("[0-9a-f]{16}", a.get("/nothing", headers={"X-Request-ID": "not valid"}).headers["x-request-id"])
    line = wait_for(lambda: [x for x in a.log_lines() if x.get("id") == "abc-1"], "the log line")[0]
    assert (line["client"], line["agent"], line["bytes"]) == ("::ffff:203.0.113.7", long[:199], len(r.content))


def test_workers_without_api_listen_on_loopback_only(appliance):
    def listening(port):
        """Addresses in the kernel's own table, so that no other interface is needed."""
        found = []
        for table in ("/proc/net/tcp", "/proc/net/tcp6"):
            with open(table) as f:
                for line in f.readlines()[1:]:
                    address, number = line.split()[1].split(":")
                    if line.split()[3] == "0A" and int(number, 16) == port:
                        found.append(address)
        return found

    cron = appliance(ROLE="cron").wait_healthy()
    assert listening(cron.port) == ["0100007F"]
    api = appliance(ROLE="api").wait_healthy()
    assert listening(api.port) == ["0" * 32]


def test_relative_paths_begin_in_the_working_directory_of_the_start(tmp_path):
    """Workers have another working directory. A folder that cannot be made is named with its whole path."""
    (tmp_path / "file").write_text("")
    env = clean_environment(**SECRETS, DATABASE_URL="postgresql://nobody@127.0.0.1:1/nothing", MEDIA_DIR="./file/media")
    r = subprocess.run(command(), cwd=tmp_path, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
    assert r.returncode != 0 and "cannot create or access %s/file/media: " % tmp_path in r.stdout + r.stderr, r.stdout + r.stderr


def test_probe(appliance):
    a = appliance().wait_healthy()
    assert run("--probe", PORT=a.port).returncode == 0
    assert run("--probe", a.url + "/health").returncode == 0

    r = run("--probe", a.url + "/nothing")
    assert (r.returncode, r.stderr) == (1, "unhealthy: %s/nothing: HTTP status 404\n" % a.url)
    assert a.stop() == 0
    r = run("--probe", PORT=a.port)
    assert r.returncode == 1 and "Connection refused" in r.stderr
    assert run("--probe", "ftp://x").returncode == 1


def test_probe_gives_up_in_time_on_a_server_that_says_nothing():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        s.listen()
        r = run("--probe", "http://127.0.0.1:%d/" % s.getsockname()[1], "--timeout", "0.2")
        assert r.returncode == 1
        assert "no response within 200 ms" in r.stderr


def test_probe_refuses_what_is_not_http():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        s.listen()

        def answer():
            c, _ = s.accept()
            c.recv(1000)
            c.sendall(b"220 mail.example ESMTP\r\n")
            c.close()

        t = threading.Thread(target=answer)
        t.start()
        r = run("--probe", "http://127.0.0.1:%d/" % s.getsockname()[1])
        t.join()
        assert r.returncode == 1
        assert "without an HTTP response" in r.stderr


def test_unknown_paths_and_methods_are_404_with_cors(appliance):
    a = appliance().wait_healthy()
    for method, path in (("GET", "/"), ("POST", "/health"), ("GET", "/api/nothing"), ("DELETE", "/healthy")):
        r = requests.request(method, a.url + path, headers={"Origin": "http://app.example"})
        assert (r.status_code, r.text) == (404, '{"message":"Not found"}')
        assert r.headers["access-control-allow-origin"] == "http://app.example"
        assert r.headers["access-control-allow-headers"] == "Content-Type, Authorization"
    assert requests.get(a.url + "/nothing").headers["access-control-allow-origin"] == "*"


def test_preflight_is_answered_everywhere(appliance):
    a = appliance().wait_healthy()
    r = requests.options(a.url + "/whatever", headers={"Origin": "http://app.example"})
    assert (r.status_code, r.text, r.headers["content-length"]) == (204, "", "0")
    assert r.headers["access-control-allow-origin"] == "http://app.example"
    assert r.headers["access-control-allow-headers"] == "Content-Type,Authorization"
    assert r.headers["access-control-allow-methods"] == "GET,POST,PUT,PATCH,DELETE,OPTIONS"
    assert "access-control-allow-origin" not in requests.options(a.url + "/x").headers


def test_paths_ignore_case_and_one_slash_at_the_end(appliance):
    a = appliance().wait_healthy()
    assert requests.get(a.url + "/API/Health/").status_code == 200
    assert requests.get(a.url + "/health//").status_code == 404
    assert requests.head(a.url + "/health").headers["content-length"] == "15"


def test_every_log_line_is_json_and_says_no_query(appliance):
    a = appliance().wait_healthy()
    requests.get(a.url + '/x"y\\?token=secret')
    assert a.stop() == 0
    lines = a.log_lines()
    assert all({"time", "level", "role", "msg"} <= set(line) for line in lines)
    assert [line["status"] for line in lines if line["msg"] == "request"][-1] == 404
    with open(a.log_path) as f:
        assert "secret" not in f.read()


def test_workers_run_in_the_seccomp_sandbox(appliance):
    a = appliance(WORKERS=2).wait_healthy()
    workers = wait_for(lambda: a.workers() if len(a.workers()) == 2 else None, "two workers")
    def status(pid):
        with open("/proc/%d/status" % pid) as f:
            return dict(line.rstrip("\n").split(":\t") for line in f if ":\t" in line)

    for pid in workers:
        wait_for(lambda: status(pid)["Seccomp"] == "2", "the filter of worker %d" % pid)
        assert status(pid)["NoNewPrivs"] == "1"


@pytest.mark.parametrize("limit", [256, 1024, 4096, 8192, 8199, 16384])
def test_workers_take_as_many_descriptors_as_the_system_allows(appliance, limit):
    limit = min(limit, resource.getrlimit(resource.RLIMIT_NOFILE)[1])
    a = appliance(["prlimit", "--nofile=%d:%d" % (limit, limit), *VALGRIND, *EMULATOR, BINARY], ROLE="api,transcode").wait_healthy()
    for pid in a.workers():
        with open("/proc/%d/limits" % pid) as f:
            soft, hard = next(line.split()[3:5] for line in f if line.startswith("Max open files"))
        assert min(limit, 8192) - 64 <= int(soft) <= limit
        assert soft == hard


# AddressSanitizer catches SIGSEGV, reports it and exits with 1.
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGABRT, signal.SIGSYS, signal.SIGHUP + 40])
@pytest.mark.errors("worker died")
def test_a_worker_that_dies_is_replaced_counted_and_logged_once(appliance, number):
    a = appliance(roles="api", WORKERS=1, EMF_SECONDS=1).wait_healthy()
    for path in range(20):
        requests.get(a.url + "/nothing/%d" % path)
    wait_for(lambda: told(a, "Requests") == 20, "a line for CloudWatch")
    (victim,) = a.workers()
    os.kill(victim, number)
    wait_for(lambda: a.workers() and victim not in a.workers() and a.healthy(), "a new worker")
    assert "wanzami_worker_restarts_total 1\n" in requests.get(a.url + "/metrics").text
    wait_for(lambda: told(a, "WorkerRestarts") == 1, "the restart in a line for CloudWatch")
    requests.get(a.url + "/nothing")
    # The new worker writes the lines now, and goes on where the old one was.
    wait_for(lambda: told(a, "Requests") >= 21, "another line for CloudWatch")
    assert (told(a, "Requests"), told(a, "WorkerRestarts")) == (21, 1)
    assert a.stop() == 0
    [line] = a.deaths()
    name = signal.Signals(number).name if number in set(signal.Signals) else "signal %d" % number
    assert (line["level"], line["worker"], line["kind"], line["pid"], line["signal"]) == ("error", 1, "http", victim, name)
    assert not {"route", "job", "status"} & set(line)
    assert not [line for line in a.log_lines() if line.get("from") == "kore"]


def told(a, metric):
    """The sum of a metric over all lines for CloudWatch."""
    with open(a.log_path) as f:
        return sum(line[metric] for line in map(json.loads, f) if "_aws" in line)


def test_a_start_logs_no_warning_about_the_number_of_workers(appliance):
    a = appliance(WORKERS=os.cpu_count() + 1).wait_healthy()
    assert [line["msg"] for line in a.log_lines() if line.get("from") == "kore"] == []


@pytest.mark.parametrize("name", ["PORT", "TLS_PORT"])
def test_a_port_in_use_is_named(tmp_path, name):
    leaf = pki.Authority(str(tmp_path)).issue("localhost")
    with socket.create_server(("127.0.0.1", 0)) as other:
        ports = {"PORT": free_port(), "TLS_PORT": free_port(), name: other.getsockname()[1]}
        r = run(DATABASE_URL="postgresql://x@127.0.0.1:1/x", ROLE="api", MEDIA_DIR=str(tmp_path), TLS_CERT_FILE=leaf.chain, TLS_KEY_FILE=leaf.key, **SECRETS, **ports)
    assert r.returncode == 1
    assert r.stderr.splitlines()[-1] == "wanzami: %s %d cannot be listened on: Address in use; end the other process, or set another port" % (name, ports[name])
    assert "configuration error" not in r.stdout + r.stderr


def test_workers_that_end_because_they_are_told_to_are_no_deaths(appliance):
    for order in (lambda a: a.process.send_signal(signal.SIGTERM), lambda a: [os.kill(pid, signal.SIGTERM) for pid in [a.process.pid] + a.workers()]):
        a = appliance(WORKERS=3).wait_healthy()
        order(a)
        assert a.process.wait(timeout=60) == 0
        assert a.deaths() == []


@pytest.mark.errors("worker died")
def test_a_worker_that_dies_during_shutdown_is_logged_and_not_replaced(appliance):
    a = appliance(roles="api", WORKERS=1).wait_healthy()
    with socket.create_connection(("127.0.0.1", a.port)) as s:
        s.sendall(b"POST /slow HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n12345")
        assert a.healthy()
        (victim,) = a.workers()
        a.process.send_signal(signal.SIGTERM)
        wait_for(lambda: not a.healthy(), "the end of accepting")
        os.kill(victim, signal.SIGABRT)
    assert a.process.wait(timeout=20) == 0
    [line] = a.deaths()
    assert (line["msg"], line["pid"], line["signal"]) == ("worker died during shutdown", victim, "SIGABRT")


@pytest.mark.errors("worker died")
def test_the_route_in_whose_code_a_worker_dies_is_logged(appliance):
    """A worker that is killed while its event loop is elsewhere names no route, so workers are killed until one names it."""
    a = appliance(roles="api", WORKERS=1).wait_healthy()
    over = threading.Event()

    def ask():
        with requests.Session() as s:
            while not over.is_set():
                with contextlib.suppress(requests.RequestException):
                    s.get(a.url + "/api/openapi.json", timeout=10)
    clients = [threading.Thread(target=ask) for _ in range(4)]
    for c in clients:
        c.start()

    def killed_there():
        for pid in a.workers():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGABRT)
        wait_for(a.healthy, "a new worker")
        return [line for line in a.deaths() if "route" in line]
    try:
        lines = wait_for(killed_there, "a worker that dies in a request's code", 60)
    finally:
        over.set()
        for c in clients:
            c.join()
    assert {line["route"] for line in lines} <= {"GET /api/openapi.json", "GET /health"}


def turns(pid):
    """How often a process has waited."""
    with open("/proc/%d/status" % pid) as f:
        return next(int(line.split()[1]) for line in f if line.startswith("voluntary_ctxt_switches"))


def watched(a, seconds):
    """Waits until the parent, whose loop turns at least twice a second, has turned often enough to look at its workers for so many seconds."""
    before, count = turns(a.process.pid), 2 * seconds + 4
    wait_for(lambda: turns(a.process.pid) >= before + count, "%d turns of the parent" % count)


def functions(addresses):
    """The functions of the program at these addresses."""
    symbols = [line.split() for line in subprocess.run(["readelf", "-sW", BINARY + ".debug"], capture_output=True, text=True, check=True).stdout.splitlines()]
    known = [(int(s[1], 16), int(s[2], 0), s[7]) for s in symbols if len(s) == 8 and s[3] == "FUNC"]
    return [next((name for start, size, name in known if start <= address < start + size), "?") for address in addresses]


@pytest.mark.errors("worker died")
def test_a_worker_whose_loop_stops_is_killed_counted_and_replaced(appliance):
    a = appliance(roles="api", WORKERS=2, LOOP_STALL_SEC=STALL_SEC).wait_healthy()
    victim, other = wait_for(lambda: len(a.workers()) == 2 and a.workers(), "two workers")
    os.kill(victim, signal.SIGSTOP)
    wait_for(lambda: len(a.workers()) == 2 and victim not in a.workers(), "a new worker")
    wait_for(a.healthy, "/health")
    assert (a.metric("worker_stalled_total"), a.metric("worker_restarts_total")) == (1, 1)
    assert a.metric("loop_longest_stop_seconds") >= STALL_SEC
    [line] = a.deaths()
    assert (line["level"], line["pid"], line["signal"]) == ("error", victim, "SIGABRT") and line["stopped_sec"] >= STALL_SEC
    assert other in a.workers()


@pytest.fixture
def statements(tmp_path):
    """A SQL_DIR. A named pipe in place of a statement stops a loop for real: the worker opens the file in the code of the request."""
    path = tmp_path / "sql"
    shutil.copytree(os.path.join(ROOT, "sql"), path)
    return path


@contextlib.contextmanager
def asked(a, statements):
    """A client asks for /metrics, whose statement is a pipe. Gives the pipe and the statuses of the responses."""
    pipe, answers = statements / "query/ops/load.pipe", []
    os.mkfifo(pipe)
    os.replace(pipe, statements / "query/ops/load.sql")

    def ask():
        with contextlib.suppress(requests.RequestException):
            answers.append(requests.get(a.url + "/metrics", timeout=120).status_code)
    client = threading.Thread(target=ask)
    client.start()
    try:
        yield statements / "query/ops/load.sql", answers
    finally:
        client.join()


@pytest.mark.errors("worker died")
def test_route_and_stack_of_a_loop_that_stops_are_logged(appliance, statements):
    a = appliance(roles="api", WORKERS=1, EMF=0, LOOP_STALL_SEC=STALL_SEC, SQL_DIR=statements).wait_healthy()
    (victim,) = a.workers()
    with asked(a, statements) as (_, answers):
        wait_for(lambda: a.deaths() and a.healthy(), "a new worker")
    [line] = a.deaths()
    assert answers == [] and (line["pid"], line["signal"], line["route"]) == (victim, "SIGABRT", "GET /metrics")
    if os.path.exists(BINARY + ".debug"):  # the product; the builds for sanitizers and valgrind contain functions without rules for a stack walk
        names = functions(int(address, 16) for address in line["stack"].split())
        called = [name for name in ("embed_reload", "dispatch_request", "kore_worker_entry") if name in names]
        assert len(called) == 3 and sorted(called, key=names.index) == called, names


def test_a_worker_that_is_slow_lives(appliance, statements):
    a = appliance(roles="api", WORKERS=1, EMF=0, LOOP_STALL_SEC=600, SQL_DIR=statements).wait_healthy()
    workers = a.workers()

    def opened():
        """Only if the worker is waiting at the other end."""
        with contextlib.suppress(OSError):
            os.close(os.open(pipe, os.O_WRONLY | os.O_NONBLOCK))
            return True
    with asked(a, statements) as (pipe, answers):
        watched(a, STALL_SEC)
        wait_for(opened, "a worker that waits for its statement")
    assert answers == [200] and a.workers() == workers and a.deaths() == []
    pipe.unlink()
    assert a.metric("loop_longest_stop_seconds") >= 1 and a.metric("worker_stalled_total") == 0


def test_when_all_processes_are_stopped_none_is_killed(appliance):
    """As by a suspended machine. The time that they are stopped is what matters here."""
    a = appliance(WORKERS=1, LOOP_STALL_SEC=STALL_SEC).wait_healthy()
    workers = wait_for(lambda: len(a.workers()) == 2 and a.workers(), "the worker of each kind")
    watched(a, 1)
    for pid in [*workers, a.process.pid]:
        os.kill(pid, signal.SIGSTOP)
    until = time.monotonic() + 3 * STALL_SEC
    wait_for(lambda: time.monotonic() > until, "the end of the pause")
    for pid in [a.process.pid, *workers]:
        os.kill(pid, signal.SIGCONT)
    watched(a, STALL_SEC)
    assert a.workers() == workers and a.deaths() == [] and a.metric("worker_stalled_total") == 0


def test_sigterm_finishes_what_has_begun(appliance):
    a = appliance(WORKERS=1).wait_healthy()
    with socket.create_connection(("127.0.0.1", a.port)) as s:
        s.sendall(b"POST /slow HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n12345")
        # Another request on the same worker is served only after these bytes have been read.
        assert a.healthy()
        a.process.send_signal(signal.SIGTERM)
        wait_for(lambda: not a.healthy(), "the end of accepting")
        assert a.process.poll() is None
        s.sendall(b"67890")
        answer = s.recv(4096)
    assert answer.startswith(b"HTTP/1.1 404")
    assert a.process.wait(timeout=20) == 0
    assert a.log_lines()[-1] == {**a.log_lines()[-1], "msg": "drained", "unfinished": 0}


def test_sigterm_does_not_wait_longer_than_the_grace_period(appliance):
    a = appliance(WORKERS=1, SHUTDOWN_GRACE_SEC=1).wait_healthy()
    with socket.create_connection(("127.0.0.1", a.port)) as s:
        s.sendall(b"POST /slow HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n12345")
        assert a.healthy()
        assert a.stop() == 0
    assert a.log_lines()[-1]["unfinished"] == 1


def test_garbage_costs_only_its_own_connection(appliance):
    a = appliance(ROLE="api", WORKERS=1).wait_healthy()
    for garbage in (b"\x16\x03\x01\x02\x00\x01\x00", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\nHost: x\r\n\r\n", b"\x00" * 20000,
                    b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n",
                    b"GET /" + b"a" * 30000, b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 3000):
        with socket.create_connection(("127.0.0.1", a.port)) as s:
            s.sendall(garbage)
    (pid,) = a.workers()
    assert a.healthy()
    assert a.workers() == [pid]


def test_workers_end_with_their_parent(appliance):
    a = appliance(WORKERS=3).wait_healthy()
    workers = wait_for(lambda: len(a.workers()) >= 3 and a.workers(), "all workers")
    os.kill(a.process.pid, signal.SIGKILL)
    a.process.wait()
    wait_for(lambda: not any(alive(w) for w in workers), "the end of the workers")


def test_a_signal_to_all_of_its_processes_ends_it(appliance):
    """As from a terminal, or from timeout(1): workers end at the moment at which the parent is asked to."""
    for _ in range(5):
        a = appliance(roles="cron").wait_healthy()
        for pid in [a.process.pid] + a.workers():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
        assert a.process.wait(timeout=60) == 0


def test_a_worker_that_ends_just_before_the_signal(appliance):
    a = appliance(roles="cron").wait_healthy()
    os.kill(a.process.pid, signal.SIGSTOP)
    (worker,) = a.workers()
    os.kill(a.process.pid, signal.SIGTERM)
    os.kill(worker, signal.SIGTERM)
    wait_for(lambda: not alive(worker), "the end of the worker")
    os.kill(a.process.pid, signal.SIGCONT)
    assert a.process.wait(timeout=60) == 0


def test_what_is_killed_leaves_no_shared_memory(appliance):
    a = appliance(roles="api").wait_healthy()
    pid = a.process.pid
    a.kill()
    with open("/proc/sysvipc/shm") as f:
        assert [line for line in f.readlines()[1:] if line.split()[4] == str(pid)] == []
