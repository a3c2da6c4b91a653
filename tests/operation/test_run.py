"""./build.sh run: it starts everything, prints the console's URL and password, and leaves no process behind."""
import os
import re
import signal
import subprocess

import pytest
import requests

import services
from services import ROOT, alive, free_port, wait_for


def descendants(pid):
    found = []
    for child in services.children(pid):
        found += [child] + descendants(child)
    return found


class Run:
    def __init__(self, folder, ports, log, root=ROOT):
        self.url = "http://127.0.0.1:%s" % ports.get("PORT")
        env = {"PATH": os.environ["PATH"], "HOME": os.environ["HOME"], "RUN_DIR": str(folder), **{k: str(v) for k, v in ports.items()}}
        with open(log, "wb") as out:
            # If the tests run in the background, SIGINT may be ignored, and bash cannot trap a signal that was ignored at its start.
            self.process = subprocess.Popen([os.path.join(root, "build.sh"), "run"], env=env, cwd="/", stdin=subprocess.DEVNULL,
                                            stdout=out, stderr=subprocess.STDOUT, start_new_session=True,
                                            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
        self.log = log

    def text(self):
        with open(self.log, errors="replace") as f:
            return f.read()

    def _shown(self):
        assert self.process.poll() is None, self.text()[-4000:]
        return re.search(r"console +(\S+)\n +e-mail +(\S+)\n +password +(\S+)\n", self.text())

    def shown(self):
        return wait_for(self._shown, "the URL and the password", 300).groups()

    def end(self, number, pid=None):
        """Sends the signal, waits until all processes have ended, and returns the exit status."""
        all_of_it = [self.process.pid] + descendants(self.process.pid)
        assert len(all_of_it) > 4
        if pid:
            os.kill(pid, number)
        else:
            os.killpg(self.process.pid, number)  # like Ctrl-C in a terminal
        status = self.process.wait(timeout=60)
        wait_for(lambda: not any(alive(p) for p in all_of_it), "the end of all processes", 60)
        return status


@pytest.fixture
def start(tmp_path):
    ports = {"PORT": free_port(), "PGPORT": free_port(), "KVPORT": free_port()}
    runs = []

    def begin():
        runs.append(Run(tmp_path / "run", ports, tmp_path / ("log%d" % len(runs))))
        return runs[-1]

    yield begin
    for r in runs:
        if r.process.poll() is None:
            r.end(signal.SIGTERM)


def sign_in(r, email, password):
    return requests.post(r.url + "/api/admin/login", json={"email": email, "password": password})


def test_run_prints_the_console_and_keeps_its_data(start):
    r = start()
    console, email, password = r.shown()
    assert console == r.url + "/console/"
    assert requests.get(console).status_code == 200
    assert sign_in(r, email, password).status_code == 200
    assert sign_in(r, email, password + "x").status_code == 401
    ready = requests.get(r.url + "/health/ready")
    assert ready.status_code == 200, ready.text
    assert "reading SQL from SQL_DIR" in r.text()
    assert r.end(signal.SIGINT) == 130

    again = start()
    assert again.shown() == (console, email, password)
    assert sign_in(again, email, password).status_code == 200
    assert again.end(signal.SIGTERM, again.process.pid) == 143


def test_no_process_survives_a_killed_run(start):
    r = start()
    r.shown()
    r.end(signal.SIGKILL, r.process.pid)
    again = start()
    console, email, password = again.shown()
    assert sign_in(again, email, password).status_code == 200
    assert again.end(signal.SIGINT) == 130


def test_a_second_run_is_refused(start):
    r = start()
    r.shown()
    other = start()
    assert other.process.wait(timeout=60) == 1
    assert "already uses" in other.text()
    assert requests.get(r.url + "/health").status_code == 200


def test_run_reads_the_env_file_as_the_binary_does(tmp_path):
    """With a byte order mark, line ends of Windows, and values that a shell would take apart."""
    root = tmp_path / "root"
    root.mkdir()
    for name in os.listdir(ROOT):
        if name not in (".env", ".run"):
            (root / name).symlink_to(os.path.join(ROOT, name))
    port, media = free_port(), tmp_path / "$HOME `id` & 'more'; #"
    lines = ["# local", "export PORT = %d  # of the API" % port, "PGPORT=%d" % free_port(), "KVPORT=%d" % free_port(),
             "ADMIN_EMAIL=bob@wanzami.example", 'MEDIA_DIR="%s"' % media, "LOG_FORMAT=json"]
    (root / ".env").write_bytes(b"\xef\xbb\xbf" + "\r\n".join(lines).encode() + b"\r\n")
    r = Run(tmp_path / "run", {"LOG_FORMAT": "text"}, tmp_path / "log", str(root))
    try:
        console, email, password = r.shown()
        r.url = "http://127.0.0.1:%d" % port
        assert (console, email) == ("http://127.0.0.1:%d/console/" % port, "bob@wanzami.example")
        assert sign_in(r, email, password).status_code == 200
        assert media.is_dir() and re.search("info starting .*port=%d" % port, r.text())
    finally:
        if r.process.poll() is None:
            r.end(signal.SIGTERM)
