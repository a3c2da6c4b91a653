"""Requests per second: /health, the list of titles and HTTPS against nginx with few and many connections, the list of titles with compression, one title against
pgbench with the same statement."""
import os
import re
import shutil
import subprocess

import requests

import pki
from report import in_turn, line
from services import ROOT, Appliance, KeyValue, Postgres, Server, free_port, listening, run

CONNECTIONS, SECONDS, ROUNDS = 32, 4, 3
TITLES = 200
COUNTS, WORKERS = (8, 32, 128), 2  # connections and worker processes of the comparison with nginx

NGINX = """
worker_processes {workers};
daemon off;
pid {folder}/pid;
error_log stderr;
events {{ worker_connections 1024; }}
http {{
    log_format request escape=json '{{"time":"$time_iso8601","level":"info","msg":"request","id":"$request_id","method":"$request_method","path":"$uri",'
        '"status":$status,"ms":$request_time,"bytes":$body_bytes_sent,"client":"$remote_addr","agent":"$http_user_agent"}}';
    access_log {folder}/log request buffer=32k flush=1s;
    ssl_protocols TLSv1.2;
    ssl_certificate {leaf.chain};
    ssl_certificate_key {leaf.key};
    client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder}; uwsgi_temp_path {folder}; scgi_temp_path {folder};
    keepalive_requests 100000000;
    gzip on;
    gzip_types application/json;
    default_type application/json;
    server {{
        listen 127.0.0.1:{port} backlog=4096;
        listen 127.0.0.1:{secure} ssl backlog=4096;
        location / {{ default_type application/json; return 200 '{{"status":"ok"}}'; }}
        location /title {{ root {folder}; open_file_cache max=10; }}
        location /playlists {{ root {folder}; gzip_static on; }}
    }}
}}
"""

FILMS = """
INSERT INTO "Title" ("type", "name", "description", "genres", "cast", "releaseDate", "updatedAt", "posterUrl", "thumbnailUrl", "archived", "pendingReview")
SELECT 'MOVIE', 'Film ' || i, repeat('A family returns to Lagos. ', 9), '{Drama,Comedy}', '{}', date '2000-01-01' + i, now(),
    'https://images.example/' || i, 'https://images.example/' || i, false, false
FROM generate_series(1, %d) i;
INSERT INTO "AssetVersion" ("titleId", "rendition", "url", "sizeBytes", "durationSec", "status", "updatedAt")
SELECT t."id", r::"Rendition", 'https://films.example/movies/' || t."id" || '/' || r || '.mp4', 1000000, 5400, 'READY', now()
FROM "Title" t, unnest('{R360,R720,R1080}'::text[]) r;
ANALYZE;
""" % TITLES

# Requests one title after the other.
EACH_TITLE = """
local id = 0
request = function()
    id = id %% %d + 1
    return wrk.format("GET", "/api/titles/" .. id)
end
""" % TITLES


class Nginx(Server):
    name = "nginx"

    def __init__(self, leaf):
        super().__init__()
        os.chmod(self.folder, 0o755)
        self.port, secure = free_port(), free_port()
        self.url, self.secure = "http://127.0.0.1:%d" % self.port, "https://127.0.0.1:%d" % secure
        with open(self.folder + "/conf", "w") as f:
            f.write(NGINX.format(folder=self.folder, port=self.port, secure=secure, leaf=leaf, workers=WORKERS))
        self.start()

    def commands(self):
        return [[shutil.which("nginx", path="/usr/sbin:" + os.environ["PATH"]), "-c", self.folder + "/conf"]]

    def answers(self):
        return listening(self.port)


def wrk(url, *options, connections=CONNECTIONS):
    """Returns requests per second; every response must have status 200."""
    out = subprocess.run(["wrk", "-t", "1", "-c", str(connections), "-d", "%ds" % SECONDS, *options, url], check=True, capture_output=True, text=True).stdout
    if "Non-2xx" in out or "Socket errors" in out:
        raise SystemExit(out)
    return float(re.search(r"Requests/sec:\s*([\d.]+)", out).group(1))


def connections(a, nginx):
    """Compares both servers with few and many persistent connections. nginx has as many workers, and writes a log line of the same form for each request."""
    for name, path in (("titles", "/api/titles"), ("title", "/api/titles/1")):
        with open(nginx.folder + "/" + name, "wb") as f:
            f.write(requests.get(a.url + path, headers={"Accept-Encoding": "identity"}).content)
    secure = "https://127.0.0.1:%s" % a.env["TLS_PORT"]
    for what, ours, theirs, aim in (("/health", a.url + "/health", nginx.url + "/health", 0.8), ("/api/titles", a.url + "/api/titles", nginx.url + "/titles", 0.7),
                                    ("/api/titles/1", a.url + "/api/titles/1", nginx.url + "/title", 0.5),
                                    ("/health over HTTPS", secure + "/health", nginx.secure + "/health", 0.8)):
        for n in COUNTS:
            rates = in_turn(ROUNDS, lambda: wrk(ours, connections=n), lambda: wrk(theirs, connections=n))
            line("%s, %d connections, ratio to nginx" % (what, n), rates[0] / rates[1], "", aim, False, "%.0f/s and %.0f/s" % tuple(rates))


def compression(a, nginx):
    """Compares the list of titles, with and without gzip, with a file of the same bytes that nginx compresses for each request."""
    accept = ("-H", "Accept-Encoding: gzip")
    plain = requests.get(a.url + "/api/titles", headers={"Accept-Encoding": "identity"}).content
    small = requests.get(a.url + "/api/titles", headers={"Accept-Encoding": "gzip"}, stream=True).raw.read(decode_content=False)
    with open(nginx.folder + "/titles", "wb") as f:
        f.write(plain)
    line("/api/titles, bytes with gzip, ratio to those without", len(small) / len(plain), "", 0.2, True, "%d and %d" % (len(small), len(plain)))
    ours, without, theirs = in_turn(ROUNDS, lambda: wrk(a.url + "/api/titles", *accept), lambda: wrk(a.url + "/api/titles"),
                                    lambda: wrk(nginx.url + "/titles", *accept))
    line("/api/titles with gzip, ratio to nginx's gzip on", ours / theirs, "", 1, False, "%.0f/s and %.0f/s" % (ours, theirs))
    line("/api/titles with gzip, ratio to those without", ours / without, "", 0.8, False, "%.0f/s and %.0f/s" % (ours, without))


def statement(folder):
    """Returns our statement for pgbench: with variables in place of members of one JSON object, which is cheaper."""
    with open(os.path.join(ROOT, "sql/query/titles/detail.sql")) as f:
        text = "".join(row for row in f if not row.lstrip().startswith("--"))
    text = re.sub(r"\(\$1 ->> '(\w+)'\)", r":\1", text)
    path = os.path.join(folder, "detail.sql")
    with open(path, "w") as f:
        f.write("\\set id random(1, %d)\n%s;\n" % (TITLES, text.strip()))
    return path


def pgbench(postgres, url, script, clients):
    """Returns statements per second."""
    out = subprocess.run([postgres.bin + "/pgbench", "-n", "-M", "prepared", "-f", script, "-c", str(clients), "-j", "1", "-T", str(SECONDS),
                          "-D", "country=NG", "-D", "audience=ADULT", "-D", "urlPlaceholder=m", url], check=True, capture_output=True, text=True).stdout
    return float(re.search(r"tps = ([\d.]+)", out).group(1))


def measure(folder):
    leaf = pki.Authority(folder).issue("localhost")
    nginx, postgres, keyvalue = Nginx(leaf), Postgres(), KeyValue()
    url, db = postgres.create()
    if run("migrate", DATABASE_URL=url).returncode != 0:
        raise SystemExit("migrate failed")
    db.cursor().execute(FILMS)
    script, each = statement(folder), os.path.join(folder, "each.lua")
    with open(each, "w") as f:
        f.write(EACH_TITLE)
    a = Appliance(folder, roles="api", WORKERS=WORKERS, DATABASE_URL=url, REDIS_URL=keyvalue.url, TLS_PORT=free_port(), TLS_CERT_FILE=leaf.chain,
                  TLS_KEY_FILE=leaf.key).wait_healthy()
    try:
        print("\nserving: wrk with %d connections, median of %d rounds of %d s; the load generator is on the same machine" % (CONNECTIONS, ROUNDS, SECONDS))
        connections(a, nginx)
        ours, = in_turn(ROUNDS, lambda: wrk(a.url + "/api/titles"))
        line("/api/titles, %d titles, %.0f kB" % (TITLES, len(a.get("/api/titles").content) / 1000), ours, "/s", 3000, False)
        compression(a, nginx)
        # pgbench is fastest with few clients; both numbers are measured.
        ours, few, many = in_turn(ROUNDS, lambda: wrk(a.url + "/", "-s", each), lambda: pgbench(postgres, url, script, 4),
                                  lambda: pgbench(postgres, url, script, CONNECTIONS))
        line("/api/titles/:id, ratio to pgbench -M prepared", ours / max(few, many), "", 0.6, False, "%.0f/s and %.0f/s" % (ours, max(few, many)))
    finally:
        a.close()
        db.close()
        for server in (nginx, postgres, keyvalue):
            server.close()
