"""TLS against OpenSSL, in CPU time, because client and server share the machine: bulk transfers of each client; bulk transfers and handshakes
of the listener, full and resumed, against nginx."""
import os
import re
import resource
import shutil
import subprocess
import time

import pki
from report import in_turn, line
from secureservers import TlsPostgres
from services import ROOT, Appliance, Postgres, Server, children, clean_environment, free_port, listening


MEGABYTES, ROUNDS, SECONDS = 200, 3, 3
FILE = 4000000  # one response, repeated
CIPHER = {"p-256": "ECDHE-ECDSA-AES128-GCM-SHA256", "rsa-2048": "ECDHE-RSA-AES128-GCM-SHA256"}
AIM = {"p-256": 0.3, "rsa-2048": 0.15}  # for handshakes; OpenSSL has assembly for RSA's big numbers
CIPHERS = ":".join(CIPHER.values())

NGINX = """
worker_processes 1;
daemon off;
pid {folder}/pid;
error_log stderr;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder}; uwsgi_temp_path {folder}; scgi_temp_path {folder};
    ssl_protocols TLSv1.2;
    ssl_ciphers {ciphers};
    ssl_session_cache off;
    ssl_session_tickets off;
    server {{
        listen 127.0.0.1:{port} ssl backlog=4096;
        ssl_certificate {leaf.chain};
        ssl_certificate_key {leaf.key};
        root {folder};
        location /health {{ default_type application/json; return 200 '{{"status":"ok"}}'; }}
    }}
    server {{
        listen 127.0.0.1:{resuming} ssl backlog=4096;
        ssl_certificate {leaf.chain};
        ssl_certificate_key {leaf.key};
        ssl_session_cache shared:resumed:1m;
    }}
}}
"""


class Nginx(Server):
    name = "nginx-tls"

    def __init__(self, leaf):
        super().__init__()
        os.chmod(self.folder, 0o755)
        self.port, self.resuming = free_port(), free_port()
        with open(self.folder + "/conf", "w") as f:
            f.write(NGINX.format(folder=self.folder, port=self.port, resuming=self.resuming, leaf=leaf, ciphers=CIPHERS))
        self.start()

    def commands(self):
        return [[shutil.which("nginx", path="/usr/sbin:" + os.environ["PATH"]), "-c", self.folder + "/conf"]]

    def answers(self):
        return listening(self.port)


class Redis(Server):
    name = "redis-tls"

    def __init__(self, leaf):
        super().__init__()
        self.port, self.leaf = free_port(), leaf
        self.start()

    def commands(self):
        return [[shutil.which("valkey-server") or shutil.which("redis-server"), "--port", "0", "--bind", "127.0.0.1", "--tls-port", str(self.port),
                 "--tls-cert-file", self.leaf.chain, "--tls-key-file", self.leaf.key, "--tls-auth-clients", "no",
                 "--tls-protocols", "TLSv1.2", "--tls-ciphers", CIPHERS, "--dir", self.folder, "--save", ""]]

    def answers(self):
        return listening(self.port)


def tool(name):
    path = "out/test/musl/tools/" + name
    subprocess.run(["make", "--no-print-directory", "-s", "-f", "build/Makefile", path], cwd=ROOT, check=True)
    return os.path.join(ROOT, path)


def spent(command, stdin=b"", **env):
    """Returns the CPU seconds of a client, which must succeed."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    r = subprocess.run([str(w) for w in command], input=stdin, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                       env=clean_environment(WANZAMI_ENV="development", HOME="/nonexistent", **env))
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if r.returncode != 0:
        raise SystemExit("%s failed: %s" % (command[0], r.stderr.decode()[-500:]))
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def speed(*args, **env):
    return lambda: MEGABYTES / spent(*args, **env)


def processor(process):
    """Returns the CPU seconds of a server and its workers."""
    ticks = 0
    for pid in [process.pid] + children(process.pid):
        with open("/proc/%d/stat" % pid) as f:
            ticks += sum(int(x) for x in f.read().rsplit(")", 1)[1].split()[11:13])
    return ticks / os.sysconf("SC_CLK_TCK")


def compare(what, aim, ours, theirs, unit="MB/s"):
    a, b = in_turn(ROUNDS, ours, theirs)
    line(what, a / b, "", aim, False, "%.0f and %.0f %s" % (a, b, unit))


def measure_libpq(root):
    server = TlsPostgres()
    try:
        server.wear(root.issue("localhost").owned_by(server.as_user.get("user", -1), server.as_user.get("group", -1)))
        server.set("ssl_max_protocol_version", "TLSv1.2")
        server.set("ssl_ciphers", CIPHERS)
        info = "host=localhost hostaddr=127.0.0.1 port=%d user=postgres dbname=postgres sslmode=verify-full sslrootcert=%s" % (server.port, root.alone)
        copy = "COPY (SELECT repeat('0123456789', 1000) FROM generate_series(1, %d)) TO STDOUT" % (MEGABYTES * 100)
        compare("libpq, COPY, ratio to psql", 0.5, speed([tool("pg"), info, "down", MEGABYTES]), speed([server.bin + "/psql", "-qXc", copy, info]))
    finally:
        server.close()


def measure_hiredis(root):
    server = Redis(root.issue("localhost"))
    cli = ["redis-cli", "--tls", "--cacert", root.alone, "--sni", "localhost", "-h", "127.0.0.1", "-p", server.port]
    try:
        subprocess.run([str(w) for w in cli + ["-x", "SET", "big"]], input=b"x" * 10000000, check=True, stdout=subprocess.DEVNULL)
        asked = b"GET big\n" * (MEGABYTES // 10)
        compare("hiredis, GET of 10 MB, ratio to redis-cli", 0.5, speed([tool("redis"), "localhost", server.port, "roots=" + root.alone], asked), speed(cli, asked))
    finally:
        server.close()


def measure_curl(root, nginx):
    url, count = "https://localhost:%d/file" % nginx.port, MEGABYTES * 1000000 // FILE
    with open(root.alone) as f:
        pem = f.read()
    compare("libcurl, GET of 4 MB, ratio to curl", 0.5, speed([tool("fetch")] + [url] * count, EXTRA_CA_PEM=pem),
            speed(["curl", "-sS", "--cacert", root.alone, "-o", "/dev/null", "%s?[1-%d]" % (url, count)]))


def served(process, url, root):
    """Returns the megabytes per CPU second of the server."""
    def once():
        before = processor(process)
        subprocess.run(["curl", "-sS", "--fail", "--cacert", root.alone, "--tls-max", "1.2", "--ciphers", CIPHERS, "-o", "/dev/null",
                        "%s?[1-%d]" % (url, MEGABYTES * 1000000 // FILE)], check=True)
        return MEGABYTES / max(processor(process) - before, 0.01)
    return once


def handshakes(process, port, kind, resumed=False):
    """Returns the full or resumed handshakes per CPU second of the server. openssl prints an r for each that was resumed."""
    def once():
        before = processor(process)
        said = subprocess.run(["openssl", "s_time", "-connect", "127.0.0.1:%d" % port, "-reuse" if resumed else "-new", "-time", str(SECONDS), "-tls1_2",
                               "-cipher", CIPHER[kind]], check=True, capture_output=True, text=True).stdout
        time.sleep(0.1)  # waits for the end of the last handshakes
        count = int(re.search(r"(\d+) connections in \d+ real", said)[1])
        if sum(map(len, re.findall(r"^r+$", said, re.M))) < (count if resumed else 0):
            raise SystemExit("port %d does not resume sessions" % port)
        return count / (processor(process) - before)
    return once


def measure_listener(folder, root, kind, url):
    leaf, port, media = root.issue("localhost", key=kind), free_port(), os.path.join(folder, "media-" + kind)
    nginx = Nginx(leaf)
    for path in (media + "/objects/poster/file", nginx.folder + "/file"):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as f:
            f.write(os.urandom(FILE))
    a = Appliance(folder, roles="api", WORKERS=1, DATABASE_URL=url, MEDIA_DIR=media, TLS_PORT=port, TLS_CERT_FILE=leaf.chain, TLS_KEY_FILE=leaf.key).wait_healthy()
    try:
        if kind == "p-256":
            measure_curl(root, nginx)
            compare("listener, GET of 4 MB, ratio to nginx", 0.5, served(a.process, "https://localhost:%d/media-local/poster/file" % port, root),
                    served(nginx.processes[0], "https://localhost:%d/file" % nginx.port, root))
            compare("listener, resumed handshakes, ratio to nginx", 1.0, handshakes(a.process, port, kind, True),
                    handshakes(nginx.processes[0], nginx.resuming, kind, True), "/s")
        compare("listener, full handshakes with %s, ratio to nginx" % kind, AIM[kind], handshakes(a.process, port, kind), handshakes(nginx.processes[0], nginx.port, kind), "/s")
    finally:
        a.close()
        nginx.close()


def measure(folder):
    root = pki.Authority(folder)
    print("\ntls: TLS 1.2 and AES-128-GCM on both sides; per CPU second of the measured side, median of %d rounds" % ROUNDS)
    measure_libpq(root)
    measure_hiredis(root)
    postgres = Postgres()
    try:
        url, _ = postgres.create_migrated()
        measure_listener(folder, root, "p-256", url)
        measure_listener(folder, root, "rsa-2048", url)
    finally:
        postgres.close()
