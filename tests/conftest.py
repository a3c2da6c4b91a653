"""The servers that the tests talk to, all real, all on loopback, all gone at the end."""
import glob
import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time

import psycopg2
import pytest
import requests

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BINARY = os.path.join(ROOT, "out", "wanzami")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for(condition, what, seconds=20):
    """The first true answer of condition; fails with what was waited for."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        answer = condition()
        if answer:
            return answer
        time.sleep(0.01)
    raise AssertionError("waited %d s for %s" % (seconds, what))


def clean_environment(**env):
    return {"PATH": os.environ["PATH"], **{k: str(v) for k, v in env.items()}}


def run(*args, stdin=None, **env):
    """The binary with these arguments and nothing else in its environment."""
    return subprocess.run([BINARY, *args], env=clean_environment(**env), input=stdin,
                          capture_output=True, text=True, timeout=60)


class Appliance:
    """A running wanzami with its log on disk."""

    def __init__(self, folder, command=None, **env):
        self.port = int(env.setdefault("PORT", free_port()))
        env.setdefault("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/nothing")
        self.log_path = os.path.join(folder, "wanzami-%d.log" % self.port)
        self.log = open(self.log_path, "wb")
        self.process = subprocess.Popen(command or [BINARY], env=clean_environment(**env),
                                        stdout=self.log, stderr=subprocess.STDOUT)
        self.url = "http://127.0.0.1:%d" % self.port

    def healthy(self):
        try:
            return requests.get(self.url + "/health", timeout=2).status_code == 200
        except requests.RequestException:
            return False

    def wait_healthy(self):
        wait_for(self.healthy, "/health")
        return self

    def log_lines(self):
        with open(self.log_path) as f:
            return [json.loads(line) for line in f]

    def workers(self):
        out = subprocess.run(["ps", "-o", "pid=", "--ppid", str(self.process.pid)], capture_output=True, text=True)
        return [int(pid) for pid in out.stdout.split()]

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=60)

    def close(self):
        if self.process.poll() is None:
            for pid in self.workers() + [self.process.pid]:
                os.kill(pid, signal.SIGKILL)
            self.process.wait()
        self.log.close()


@pytest.fixture
def appliance(tmp_path):
    started = []

    def start(command=None, **env):
        started.append(Appliance(str(tmp_path), command, **env))
        return started[-1]

    yield start
    for a in started:
        a.close()


class Postgres:
    """A private PostgreSQL cluster; one database a test."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="wanzami-pg-")
        self.bin = sorted(glob.glob("/usr/lib/postgresql/*/bin"))[-1]
        self.port = free_port()
        self.count = 0
        self.user = {}
        if os.getuid() == 0:
            account = pwd.getpwnam("postgres")
            os.chown(self.folder, account.pw_uid, account.pw_gid)
            self.user = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
        self.data = os.path.join(self.folder, "data")
        subprocess.run([self.bin + "/initdb", "-D", self.data, "-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8"],
                       check=True, stdout=subprocess.DEVNULL, cwd="/", **self.user)
        self.start()

    def start(self):
        self.process = subprocess.Popen(
            [self.bin + "/postgres", "-D", self.data, "-p", str(self.port), "-c", "listen_addresses=127.0.0.1",
             "-c", "unix_socket_directories=" + self.folder, "-c", "fsync=off"],
            stderr=open(os.path.join(self.folder, "log"), "wb"), cwd="/", **self.user)
        wait_for(self.answers, "PostgreSQL")

    def answers(self):
        try:
            self.connect("postgres").close()
            return True
        except psycopg2.OperationalError:
            return False

    def connect(self, database):
        db = psycopg2.connect(host="127.0.0.1", port=self.port, user="postgres", dbname=database)
        db.autocommit = True
        return db

    def create(self):
        """The URL and a connection of a new, empty database."""
        self.count += 1
        name = "t%d" % self.count
        db = self.connect("postgres")
        db.cursor().execute("CREATE DATABASE " + name)
        db.close()
        return "postgresql://postgres@127.0.0.1:%d/%s" % (self.port, name), self.connect(name)

    def close(self):
        self.process.send_signal(signal.SIGQUIT)
        self.process.wait()
        shutil.rmtree(self.folder)


@pytest.fixture(scope="session")
def postgres():
    server = Postgres()
    yield server
    server.close()
