"""The idle process: time to the first response, memory, size of the binary."""
import contextlib
import os
import re
import socket
import subprocess
import time

import services
from report import in_turn, line
from services import Appliance, KeyValue, Postgres, children, free_port, run, wait_for

# nginx with a constant response; %d is its port.
NGINX = """daemon off; master_process on; worker_processes 2; pid PLACE/pid; error_log /dev/null; events {}
http { access_log off; server { listen 127.0.0.1:%d; location = /health { return 200 ok; } } }"""
PATIENCE = 20  # seconds
NODE = 'require("http").createServer((q, a) => a.end("ok")).listen(process.env.PORT, "127.0.0.1")'


def first_answer(command, env):
    """Returns the milliseconds from the start of the process to its first response with status 200. command(port) is its command."""
    port = free_port()
    words = command(port)
    began = time.monotonic()
    p = subprocess.Popen(words, env=services.clean_environment(**env, PORT=port), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    try:
        while time.monotonic() < began + PATIENCE:
            with contextlib.suppress(ConnectionError), socket.socket() as s:
                if s.connect_ex(("127.0.0.1", port)) == 0:
                    s.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
                    if s.recv(12).startswith(b"HTTP/1.1 200"):
                        return (time.monotonic() - began) * 1000
            if p.poll() is not None:
                raise SystemExit("%s ended with %d" % (words[0], p.returncode))
            time.sleep(0.0002)
        raise SystemExit("%s: /health has not returned 200 within %d s" % (words[0], PATIENCE))
    finally:
        p.terminate()
        p.wait()


def resting(pid):
    """Returns the PSS in MB of a process and its descendants."""
    with open("/proc/%d/smaps_rollup" % pid) as f:
        mine = int(re.search(r"^Pss:\s+(\d+) kB", f.read(), re.M).group(1)) / 1024
    return mine + sum(resting(child) for child in children(pid))


def settled(pid):
    """Returns the PSS when it is constant."""
    last = [resting(pid)]

    def still():
        time.sleep(0.5)
        last.append(resting(pid))
        return abs(last[-1] - last[-2]) < 0.05 and last[-1]

    return wait_for(still, "constant memory", 30)


def measure(folder):
    print("\nfootprint")
    line("size of the binary", os.path.getsize(services.BINARY) / 1e6, "MB", 18, True)
    node = ["node", "-e", NODE]
    p = subprocess.Popen(node, env=services.clean_environment(PORT=free_port()))
    empty = settled(p.pid)
    p.terminate()
    p.wait()
    postgres, keyvalue = Postgres(), KeyValue()
    url, db = postgres.create()
    if run("migrate", DATABASE_URL=url).returncode != 0:
        raise SystemExit("migrate failed")

    def nginx(port):
        with open(folder + "/nginx.conf", "w") as f:
            f.write(NGINX.replace("PLACE", folder) % port)
        return ["/usr/sbin/nginx", "-c", folder + "/nginx.conf"]
    try:
        env = {**services.SECRETS, "DATABASE_URL": url, "REDIS_URL": keyvalue.url, "MEDIA_DIR": folder, "WORKERS": 2}
        ours, theirs, slow = in_turn(15, lambda: first_answer(lambda _: [services.BINARY], env), lambda: first_answer(nginx, {}), lambda: first_answer(lambda _: node, {}))
        line("start to the first 200 of /health, all roles", ours, "ms", 50, True, "%.2f of Node with an empty server, %.0f ms" % (ours / slow, slow))
        line("the same, ratio to nginx", ours / theirs, "", 1.5, True, "%.1f ms" % theirs)
        for role in ("api", "transcode", "cron"):
            a = Appliance(folder, roles=role, DATABASE_URL=url, REDIS_URL=keyvalue.url, MEDIA_DIR=folder, WORKERS=1).wait_healthy()
            wait_for(lambda: a.get("/health/ready").status_code == 200, "/health/ready")
            ours = settled(a.process.pid)
            line("memory at rest (PSS of all processes), role " + role, ours, "MB", 15, True, "%.2f of Node with an empty server" % (ours / empty))
            a.close()
    finally:
        db.close()
        postgres.close()
        keyvalue.close()
