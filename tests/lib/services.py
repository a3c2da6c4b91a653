"""The servers that the tests use, all real and on loopback. Each can be started, killed and restarted on its port. The appliance itself is
here, too. conftest.py has the fixtures."""
import asyncio
import contextlib
import email
import email.policy
import fcntl
import glob
import hashlib
import json
import os
import pwd
import random
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import threading
import time

import psycopg2
import requests

import openapi

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BINARY = os.path.join(ROOT, "out", "wanzami")  # pytest --binary changes it
EMULATOR = []  # command in front of the binary if it is for another architecture
VALGRIND = []  # command in front of the binary under valgrind: pytest --valgrind


# Helpers

_given = set()


def ports():
    """Returns the port numbers of this process: each worker of pytest-xdist has its share of those below the kernel's ephemeral range."""
    worker, workers = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:]), int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    share = 12000 // max(workers, worker + 1)
    return range(20000 + share * worker, 20000 + share * (worker + 1))


def free_port():
    """Returns an unused port outside the kernel's ephemeral range, so that it stays free while a server is down. A port is returned again only
    when all have been."""
    if len(_given) == len(ports()):
        _given.clear()
    while True:
        port = random.choice(ports())
        if port in _given:
            continue
        _given.add(port)
        with socket.socket() as s:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if s.connect_ex(("127.0.0.1", port)) != 0:
                return port
        if len(_given) == len(ports()):
            _given.clear()


def npm_install(folder):
    """Installs the packages of folder/package-lock.json, in one worker of pytest-xdist; again if that file has changed."""
    os.makedirs(os.path.join(ROOT, "out"), exist_ok=True)
    with open(os.path.join(ROOT, "out", "npm.lock"), "w") as lock, open(folder + "/package-lock.json", "rb") as f:
        fcntl.flock(lock, fcntl.LOCK_EX)
        wanted, mark = hashlib.sha256(f.read()).hexdigest(), folder + "/node_modules/.installed"
        if os.path.exists(mark):
            with open(mark) as f:
                if f.read() == wanted:
                    return
        subprocess.run(["npm", "ci", "--no-audit", "--no-fund", "--loglevel=error"], cwd=folder, check=True, timeout=600)
        with open(mark, "w") as f:
            f.write(wanted)


def wait_for(condition, what, seconds=60):
    """Polls until condition() is true and returns its result; fails after `seconds` with the name of what it waited for. It polls every 10 ms in
    the first second, then every 30 ms: the poll of a long wait, often a request or a statement, uses the processor that others wait for."""
    start = time.monotonic()
    while (waited := time.monotonic() - start) < seconds:
        answer = condition()
        if answer:
            return answer
        time.sleep(0.01 if waited < 1 else 0.03)
    raise AssertionError("waited %d s for %s" % (seconds, what))


def listening(port):
    with socket.socket() as s:
        return s.connect_ex(("127.0.0.1", port)) == 0


def started(pid):
    """Returns when a process was started, for comparisons: ids begin anew after the highest one."""
    with contextlib.suppress(OSError), open("/proc/%d/stat" % pid) as f:
        return int(f.read().rsplit(")", 1)[1].split()[19]), pid
    return 0, pid


def children(pid):
    """Returns the direct children of a process, oldest first. The kernel has a list of those that each thread has started."""
    found = []
    for path in glob.glob("/proc/%d/task/*/children" % pid):
        with contextlib.suppress(OSError), open(path) as f:
            found += map(int, f.read().split())
    return sorted(found, key=started)


def alive(pid):
    try:
        with open("/proc/%d/stat" % pid) as f:
            return f.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def memory_folder():
    """Returns a folder in memory if the machine has one with room, else None for the folder of temporary files. Servers start faster there
    and sync in no time, and the files of a hundred databases are removed in a second, not in a minute and a half."""
    with contextlib.suppress(OSError):
        room = os.statvfs("/dev/shm")
        if room.f_bavail * room.f_frsize >= 8 << 30:
            return "/dev/shm"
    return None


MEMORY = memory_folder()


class Server:
    """A program that runs in its own folder. A subclass defines `name`, `commands()` and `answers()`."""

    name = "server"
    account = None  # run as this user when the tests run as root

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="wanzami-%s-" % self.name, dir=MEMORY)
        self.as_user, self.processes = {}, []
        if self.account and os.getuid() == 0:
            who = pwd.getpwnam(self.account)
            os.chown(self.folder, who.pw_uid, who.pw_gid)
            self.as_user = {"user": who.pw_uid, "group": who.pw_gid, "extra_groups": []}

    def start(self):
        self.processes = []
        with open(os.path.join(self.folder, "log"), "ab") as log:
            for command in self.commands():
                self.processes.append(subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/", **self.as_user))
        wait_for(self._started, self.name, 60)
        return self

    def _started(self):
        for p in self.processes:
            if p.poll() is not None:
                raise AssertionError("%s ended with %d:\n%s" % (self.name, p.returncode, self.log()))
        return self.answers()

    def log(self):
        with open(os.path.join(self.folder, "log"), errors="replace") as f:
            return f.read()[-4000:]

    def kill(self):
        """Sends SIGKILL to all processes, the last started first, so that none reports the death of a process behind it."""
        pids = [p.pid for p in reversed(self.processes)]
        for pid in pids:  # a stopped process cannot fork after its children have been listed
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGSTOP)
        pids += [c for pid in pids for c in children(pid)]
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        for p in self.processes:
            p.wait()
        wait_for(lambda: not any(alive(p) for p in pids), "the end of " + self.name)
        self.processes = []

    def pause(self):
        """Stops the processes until resume(): connections stay open, and the server does not respond."""
        self._signal(signal.SIGSTOP)

    def resume(self):
        self._signal(signal.SIGCONT)

    def _signal(self, number):
        for p in self.processes:
            for pid in [p.pid] + children(p.pid):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, number)

    def restart(self, wipe=False):
        """Kills the server and starts it again on the same port, with its data or without."""
        self.kill()
        if wipe:
            self.wipe()
        return self.start()

    def ensure(self):
        """Resumes or restarts a server that an earlier test has paused or killed."""
        self.resume()
        if not self.processes or any(p.poll() is not None for p in self.processes):
            self.restart()
        return self

    def close(self):
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


# PostgreSQL

class Postgres(Server):
    """A private PostgreSQL cluster with one database per test. Committed data survives kill(), not wipe(). After a change of `address`
    (loopback), the next start() listens there."""

    name, account, address = "postgres", "postgres", "127.0.0.1"

    def __init__(self):
        super().__init__()
        self.bin = sorted(glob.glob("/usr/lib/postgresql/*/bin"), key=lambda p: int(p.split("/")[4]))[-1]
        self.port = free_port()
        self.count, self.template, self.databases = 0, None, []
        self.data = os.path.join(self.folder, "data")
        self._make()
        self.start()

    def _make(self):
        subprocess.run([self.bin + "/initdb", "-D", self.data, "-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8",
                        "--no-sync"], check=True, stdout=subprocess.DEVNULL, cwd="/", **self.as_user)

    def wipe(self):
        shutil.rmtree(self.data)
        self._make()
        self.template, self.databases = None, []

    def commands(self):
        return [[self.bin + "/postgres", "-D", self.data, "-p", str(self.port), "-c", "listen_addresses=" + self.address,
                 "-c", "unix_socket_directories=" + self.folder, "-c", "fsync=off", "-c", "max_connections=200"]]

    @property
    def process(self):
        return self.processes[0]

    def answers(self):
        try:
            self.connect("postgres").close()
            return True
        except psycopg2.OperationalError:
            return False

    def connect(self, database):
        db = psycopg2.connect(host=self.address, port=self.port, user="postgres", dbname=database)
        db.autocommit = True
        return db

    def create(self, template="template1"):
        """Creates a database, empty or as a copy of `template`. Returns its URL and a connection. FILE_COPY, which writes no copy of each page
        to the log, uses less than half of the processor time of the default."""
        self.count += 1
        name = "t%d" % self.count
        db = self.connect("postgres")
        db.cursor().execute("CREATE DATABASE %s TEMPLATE %s STRATEGY FILE_COPY" % (name, template))
        db.close()
        self.databases.append(name)
        return "postgresql://postgres@%s:%d/%s" % (self.address, self.port, name), self.connect(name)

    def drop(self, databases):
        """Drops databases, unless the server was killed: then they stay until close()."""
        with contextlib.suppress(psycopg2.OperationalError), contextlib.closing(self.connect("postgres")) as db:
            for name in databases:
                db.cursor().execute("DROP DATABASE IF EXISTS %s WITH (FORCE)" % name)
                self.databases.remove(name)

    def create_migrated(self):
        """Creates a database as a copy of one that the binary under test has migrated. Returns its URL and a connection."""
        if not self.template:
            url, db = self.create()
            db.close()
            r = run("migrate", DATABASE_URL=url, **SECRETS)
            assert r.returncode == 0, r.stdout + r.stderr
            self.template = url.rsplit("/", 1)[1]
            self.databases.remove(self.template)
        return self.create(self.template)


# The key-value server

class KeyValue(Server):
    """Valkey ($VALKEY or on PATH), else Redis. Each write is synced to its file before the reply, so kill() loses none."""

    name = "keyvalue"

    def __init__(self):
        super().__init__()
        self.program = os.environ.get("VALKEY") or shutil.which("valkey-server") or shutil.which("redis-server")
        if not self.program:
            raise AssertionError("neither valkey-server nor redis-server is installed")
        self.port = free_port()
        self.url = "redis://127.0.0.1:%d" % self.port
        self.start()

    def commands(self):
        return [[self.program, "--bind", "127.0.0.1", "--port", str(self.port), "--dir", self.folder, "--save", "",
                 "--appendonly", "yes", "--appendfsync", "always", "--daemonize", "no"]]

    def command(self, *words):
        """Sends one command over a new connection and returns the reply; an array is a list."""
        with socket.create_connection(("127.0.0.1", self.port), 10) as s:
            parts = [w if isinstance(w, bytes) else str(w).encode() for w in words]
            s.sendall(b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%s\r\n" % (len(p), p) for p in parts))
            return self._answer(s.makefile("rb"))

    def _answer(self, f):
        line = f.readline()
        kind, rest = line[:1], line[1:].rstrip(b"\r\n")
        if kind == b"*":
            return [self._answer(f) for _ in range(int(rest))]
        if kind == b"$":
            return None if rest == b"-1" else f.read(int(rest) + 2)[:-2]
        if kind == b"-":
            raise AssertionError(rest.decode())
        return int(rest) if kind == b":" else rest

    def answers(self):
        try:
            return self.command("PING") == b"PONG"
        except (OSError, AssertionError):
            return False

    def wipe(self):
        for path in glob.glob(self.folder + "/*"):
            if os.path.basename(path) != "log":
                shutil.rmtree(path) if os.path.isdir(path) else os.unlink(path)


# The object store

STORAGE = """
[DEFAULT]
bind_ip = 127.0.0.1
bind_port = {port}
user = {user}
workers = 0
devices = {folder}/devices
swift_dir = {folder}
mount_check = false
fallocate_reserve = 0
disable_fallocate = true
[pipeline:main]
pipeline = {kind}-server
[app:{kind}-server]
use = egg:swift#{kind}
"""

PROXY = """
[DEFAULT]
bind_ip = 127.0.0.1
bind_port = {port}
user = {user}
workers = 0
swift_dir = {folder}
cors_allow_origin = *
cors_expose_headers = ETag, Content-Range, Accept-Ranges
[pipeline:main]
pipeline = catch_errors gatekeeper healthcheck cache listing_formats s3api tempauth bulk copy slo dlo versioned_writes proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
allow_account_management = true
[filter:catch_errors]
use = egg:swift#catch_errors
[filter:gatekeeper]
use = egg:swift#gatekeeper
[filter:healthcheck]
use = egg:swift#healthcheck
[filter:cache]
use = egg:swift#memcache
memcache_servers = 127.0.0.1:{cache}
[filter:listing_formats]
use = egg:swift#listing_formats
[filter:s3api]
use = egg:swift#s3api
location = us-east-1
s3_acl = false
allow_multipart_uploads = true
cors_preflight_allow_origin = *
[filter:tempauth]
use = egg:swift#tempauth
user_{account}_{name} = {secret} .admin
[filter:bulk]
use = egg:swift#bulk
[filter:copy]
use = egg:swift#copy
[filter:slo]
use = egg:swift#slo
[filter:dlo]
use = egg:swift#dlo
[filter:versioned_writes]
use = egg:swift#versioned_writes
"""


class ObjectStore(Server):
    """OpenStack Swift with its S3 API: four processes on one disk, and memcached. It verifies signatures (version 4, in headers and presigned
    URLs), requires parts of at least 5 MiB except the last, and supports ranges. bucket() creates buckets."""

    name = "swift"
    access_key, secret_key, region = "films:worker", "a-secret-of-the-store", "us-east-1"

    def __init__(self):
        super().__init__()
        self.kinds = ("account", "container", "object", "proxy")
        self.ports = {kind: free_port() for kind in self.kinds + ("cache",)}
        self.me = pwd.getpwuid(os.getuid()).pw_name
        self.url = "http://127.0.0.1:%d" % self.ports["proxy"]
        self.count, self.clients = 0, {}
        os.mkdir(self.folder + "/devices")
        os.mkdir(self.folder + "/devices/disk")
        account, name = self.access_key.split(":")
        for kind in self.kinds:
            text = (PROXY if kind == "proxy" else STORAGE).format(
                kind=kind, port=self.ports[kind], folder=self.folder, user=self.me,
                cache=self.ports["cache"], account=account, name=name, secret=self.secret_key)
            with open("%s/%s.conf" % (self.folder, kind), "w") as f:
                f.write(text)
        self.start()

    def commands(self):
        return [["/usr/bin/memcached", "-u", self.me, "-l", "127.0.0.1", "-p", str(self.ports["cache"]), "-U", "0"]] + [
            ["/usr/bin/python3", os.path.join(ROOT, "tests/lib/swift_servers.py"), self.folder, *(str(self.ports[k]) for k in self.kinds[:3])]]

    def answers(self):
        if not all(listening(port) for port in self.ports.values()):
            return False
        try:
            return requests.get(self.url + "/healthcheck", timeout=5).status_code == 200
        except requests.RequestException:
            return False

    def wipe(self):
        shutil.rmtree(self.folder + "/devices/disk")
        os.mkdir(self.folder + "/devices/disk")

    def client(self, **keys):
        """Returns a boto3 client; `keys` overrides access_key, secret_key or region. It is made once, because boto3 then reads its models."""
        import boto3
        from botocore.config import Config
        which = tuple(keys.get(name, getattr(self, name)) for name in ("access_key", "secret_key", "region"))
        if which not in self.clients:
            access, secret, region = which
            self.clients[which] = boto3.client("s3", endpoint_url=self.url, region_name=region, aws_access_key_id=access, aws_secret_access_key=secret,
                                               config=Config(signature_version="s3v4", s3={"addressing_style": "path"}, retries={"max_attempts": 0}))
        return self.clients[which]

    def bucket(self):
        """Creates an empty bucket and returns its name."""
        self.count += 1
        name = "films-%d" % self.count
        self.client().create_bucket(Bucket=name)
        return name

    def keys(self, bucket):
        """Returns all object keys of a bucket."""
        pages = self.client().get_paginator("list_objects_v2").paginate(Bucket=bucket)
        return sorted(o["Key"] for page in pages for o in page.get("Contents", []))

    def uploads(self, bucket):
        """Returns the object keys of multipart uploads that are neither completed nor aborted."""
        return sorted(u["Key"] for u in self.client().list_multipart_uploads(Bucket=bucket).get("Uploads", []))

    def env(self, bucket):
        return {"S3_ENDPOINT": self.url, "S3_REGION": self.region, "S3_BUCKET": bucket,
                "S3_ACCESS_KEY": self.access_key, "S3_SECRET_KEY": self.secret_key}


# Mail

def over_tls(connection):
    return connection.transport.get_extra_info("sslcontext") is not None


class MailServer:
    """An SMTP server on three ports: `port` (plain, AUTH allowed without TLS), `starttls_port` (STARTTLS required before any other
    command) and `tls_port` (implicit TLS), with a certificate for localhost and 127.0.0.1 that a private CA
    (`ca`) has issued. Accepted messages are in `messages`.

    refuse("RCPT", "550 no such user") sets the reply to that command until accept() (#ATTEMPT# in that to RCPT becomes the number of the
    mail), refuse_to["ada"] that to RCPT for addresses which begin so; hold() delays the reply to DATA until release(); kill() closes every connection and stops listening until start()."""

    user, password = "mailer", "a-password-of-the-mail-server"

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="wanzami-mail-")
        self.ca = self._certificate()
        self.port, self.starttls_port, self.tls_port = free_port(), free_port(), free_port()
        self.messages, self.refusals, self.refuse_to, self.signed_in, self.attempts = [], {}, {}, [], 0
        self._held, self._lock, self._transports, self._servers = False, threading.Lock(), set(), []
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()
        self.start()

    def _certificate(self):
        """Creates a private CA and a server certificate with openssl."""
        def openssl(*args):
            subprocess.run(["openssl", *args], cwd=self.folder, check=True, stderr=subprocess.DEVNULL)
        ec = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
        openssl("req", "-x509", *ec, "-keyout", "ca.key", "-out", "ca.pem", "-days", "2", "-subj", "/CN=Test authority")
        openssl("req", *ec, "-keyout", "key.pem", "-out", "csr.pem", "-subj", "/CN=localhost")
        with open(self.folder + "/ext", "w") as f:
            f.write("subjectAltName=DNS:localhost,IP:127.0.0.1\nbasicConstraints=CA:FALSE\n")
        openssl("x509", "-req", "-in", "csr.pem", "-CA", "ca.pem", "-CAkey", "ca.key", "-set_serial", "2", "-days", "2",
                "-extfile", "ext", "-out", "cert.pem")
        return self.folder + "/ca.pem"

    def _tls(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.folder + "/cert.pem", self.folder + "/key.pem")
        return context

    def _protocol(self, **options):
        import aiosmtpd.smtp
        outer = self

        class Protocol(aiosmtpd.smtp.SMTP):
            def connection_made(self, transport):
                outer._transports.add(transport)
                super().connection_made(transport)

            def connection_lost(self, error):
                outer._transports.discard(self.transport)
                super().connection_lost(error)

        return Protocol(self, enable_SMTPUTF8=True, loop=self.loop, authenticator=self._authenticate, timeout=60, **options)

    def _authenticate(self, server, session, envelope, mechanism, data):
        import aiosmtpd.smtp
        ok = (data.login, data.password) == (self.user.encode(), self.password.encode())
        if ok:
            self.signed_in.append("tls" if over_tls(server) else "plain")
        return aiosmtpd.smtp.AuthResult(success=ok, handled=False)

    async def handle_MAIL(self, server, session, envelope, address, options):
        self.attempts += 1
        if "MAIL" in self.refusals:
            return self.refusals["MAIL"]
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(self, server, session, envelope, address, options):
        if "RCPT" in self.refusals:
            return self.refusals["RCPT"].replace("#ATTEMPT#", str(self.attempts))
        for start, answer in self.refuse_to.items():
            if address.startswith(start):
                return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        while self._held:
            await asyncio.sleep(0.01)
        if "DATA" in self.refusals:
            return self.refusals["DATA"]
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        message.envelope_from, message.envelope_to, message.raw = envelope.mail_from, list(envelope.rcpt_tos), envelope.content
        message.over_tls, message.user = over_tls(server), session.authenticated
        with self._lock:
            self.messages.append(message)
        return "250 OK"

    def _call(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(20)

    def start(self):
        async def listen():
            at = lambda port, tls=None, **options: self.loop.create_server(
                lambda: self._protocol(**options), "127.0.0.1", port, ssl=tls)
            self._servers = [await at(self.port, auth_require_tls=False),
                             await at(self.starttls_port, tls_context=self._tls(), require_starttls=True),
                             await at(self.tls_port, self._tls(), auth_require_tls=False)]
        self._call(listen())
        return self

    def kill(self):
        async def cut():
            for server in self._servers:
                server.close()
            for transport in list(self._transports):
                transport.abort()
            self._servers = []
        self._call(cut())

    def ensure(self):
        self.accept()
        self.release()
        return self if self._servers else self.start()

    def refuse(self, command, answer):
        self.refusals[command] = answer

    def accept(self):
        self.refusals.clear()
        self.refuse_to.clear()

    def hold(self):
        self._held = True

    def release(self):
        self._held = False

    def clear(self):
        with self._lock:
            self.messages.clear()
        self.attempts = 0
        self.signed_in.clear()

    def to(self, address):
        """Returns the messages received so far for this e-mail address."""
        with self._lock:
            return [m for m in self.messages if address in m.envelope_to]

    def wait(self, address, count=1, seconds=20):
        return wait_for(lambda: self.to(address)[count - 1:] and self.to(address), "mail %d to %s" % (count, address), seconds)

    def env(self, port=None):
        """Returns the appliance's variables for one of the three ports (default: the plain one)."""
        return {"SMTP_HOST": "localhost", "SMTP_PORT": port or self.port, "SMTP_USER": self.user, "SMTP_PASS": self.password,
                "SMTP_FROM": "Wanzami <no-reply@wanzami.example>"}

    def close(self):
        self.kill()
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(20)
        self.loop.close()
        shutil.rmtree(self.folder)


# The appliance

SECRETS = {"JWT_ACCESS_SECRET": "access-secret-of-the-tests-0123456789abcdef",
           "JWT_REFRESH_SECRET": "refresh-secret-of-the-tests-0123456789abcdef", "WANZAMI_ENV": "test"}


def clean_environment(**env):
    kept = {k: os.environ[k] for k in ("PATH", "ASAN_OPTIONS", "UBSAN_OPTIONS") if k in os.environ}
    return {**kept, **{k: str(v) for k, v in env.items()}}


def emulator(program):
    """Returns the emulator command for a binary for 64-bit ARM on another architecture, else an empty list."""
    with open(program, "rb") as f:
        foreign = f.read(20)[18:20] == b"\xb7\0" and os.uname().machine != "aarch64"  # EM_AARCH64
    return ["qemu-aarch64-static", "-cpu", "neoverse-n1"] if foreign else []


def command(*args):
    return [*EMULATOR, BINARY, *args]


def run(*args, stdin=None, **env):
    """Runs the binary with these arguments and an otherwise empty environment."""
    return subprocess.run(command(*args), env=clean_environment(**env), input=stdin,
                          capture_output=True, text=True, timeout=60)


class Client:
    """An HTTP client of the API at `url`; checks every response against openapi.yaml. `verify` as in requests."""

    def __init__(self, url, verify=True):
        self.url, self.verify = url, verify

    def request(self, method, path, token=None, **options):
        """Sends one request; `token` is sent as a bearer token."""
        headers = {**({"Authorization": "Bearer " + token} if token else {}), **options.pop("headers", {})}
        answer = requests.request(method, self.url + path, headers=headers, timeout=options.pop("timeout", 30), verify=self.verify, **options)
        openapi.check(method, path.partition("?")[0], answer)
        return answer

    def get(self, path, **options):
        return self.request("GET", path, **options)

    def post(self, path, body=None, **options):
        return self.request("POST", path, json=body, **options)

    def patch(self, path, body=None, **options):
        return self.request("PATCH", path, json=body, **options)

    def put(self, path, body=None, **options):
        return self.request("PUT", path, json=body, **options)

    def delete(self, path, **options):
        return self.request("DELETE", path, **options)

    def metric(self, name):
        """Returns the value of a series without labels from GET /metrics."""
        return [float(line.split()[1]) for line in self.get("/metrics").text.splitlines() if line.startswith("wanzami_%s " % name)][0]


class Appliance(Client):
    """A running wanzami with its log in a file. `roles` is "api", "api,transcode", …; default: all roles."""

    def __init__(self, folder, command=None, roles=None, **env):
        self.port = int(env.setdefault("PORT", free_port()))
        env.setdefault("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/nothing")
        if "WANZAMI_ENV" not in env:
            env = {**SECRETS, **env}
        if roles:
            env["ROLE"] = roles
        self.command, self.env = command or [*VALGRIND, *EMULATOR, BINARY], env
        super().__init__("http://127.0.0.1:%d" % self.port)
        self.log_path = os.path.join(folder, "wanzami-%d.log" % self.port)
        self.log = open(self.log_path, "ab")  # two processes may write to it
        self.start()

    def start(self):
        self.process = subprocess.Popen(self.command, env=clean_environment(**self.env), stdin=subprocess.DEVNULL,
                                        stdout=self.log, stderr=subprocess.STDOUT)
        return self

    def complaints(self):
        """Returns the reports of sanitizers and valgrind in the log."""
        with open(self.log_path, errors="replace") as f:
            return [line for line in f if "Sanitizer" in line or "runtime error:" in line or line.startswith("==")]

    def healthy(self):
        try:
            return requests.get(self.url + "/health", timeout=2).status_code == 200
        except requests.RequestException:
            return False

    def answers(self):
        """Returns True if the process accepts requests, healthy or not."""
        with contextlib.suppress(requests.RequestException):
            return requests.get(self.url + "/health", timeout=20).status_code > 0
        return False

    def _up(self):
        if self.process.poll() is not None:
            with open(self.log_path, errors="replace") as f:
                raise AssertionError("it ended with %d:\n%s" % (self.process.returncode, f.read()[-4000:]))
        return self.healthy()

    def wait_healthy(self):
        wait_for(self._up, "/health")
        return self

    def log_lines(self):
        """Returns the log lines as objects, without the lines for CloudWatch."""
        with open(self.log_path) as f:
            return [line for line in map(json.loads, f) if "_aws" not in line]

    def errors(self):
        """Returns the messages of level error, and the messages about worker crashes."""
        with open(self.log_path, errors="replace") as f:
            lines = [json.loads(line) for line in f if line.startswith("{") and line.endswith("}\n")]
        return ["%s %s" % (line["msg"], line.get("error", "")) for line in lines
                if line.get("level") == "error" or line.get("msg", "").startswith("worker died")]

    def deaths(self):
        """Returns the log lines about worker crashes."""
        return [line for line in self.log_lines() if line["msg"].startswith("worker died")]

    def workers(self):
        return children(self.process.pid)

    def stop(self):
        """Sends SIGTERM, waits for the end and returns the exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=60)

    def kill(self):
        """Sends SIGKILL to the parent and every worker."""
        if self.process.poll() is None:
            pids = [self.process.pid] + self.workers()
            for pid in pids:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            self.process.wait()
            wait_for(lambda: not any(alive(pid) for pid in pids), "the end of the workers")
            # A thread of a killed process may still be ending and hold the port.
            wait_for(lambda: not listening(self.port), "the port to be closed")

    def restart(self):
        """Kills the processes and starts them again with the same port and environment."""
        self.kill()
        return self.start().wait_healthy()

    def close(self):
        self.kill()
        self.log.close()
