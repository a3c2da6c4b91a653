"""The API: stored events with a durable commit for every response; the CPU time of a read beside the same statement in pgbench; logins beside
bcrypt alone, and their effect on other requests."""
import functools
import json
import os
import re
import resource
import subprocess
import time
from concurrent import futures

from crowd import FILL, PASSWORD, SALT, TITLES, VIEWERS, bcrypt
from overload import Flood, request
from report import in_turn, line
from services import ROOT, SECRETS, Appliance, KeyValue, Postgres, children, run, wait_for
from tls import tool

CONNECTIONS, SECONDS, ROUNDS, READ_SECONDS, OTHERS = 64, 5, 3, 2, 100

POST_EVENTS = """
local tokens, n = { %s }, 0
request = function()
    n = n + 1
    local v = n %% #tokens + 1
    return wrk.format("POST", "/api/events", { ["content-type"] = "application/json", authorization = "Bearer " .. tokens[v] },
        '{"events":[{"eventType":"PLAY_END","profileId":"' .. v .. '","titleId":"' .. n %% %d + 1 ..
        '","metadata":{"positionSec":' .. n %% 5400 .. ',"durationSec":5400,"completionPercent":0.25,"reason":"progress"}}]}')
end
"""

# The same row, in a transaction of its own.
INSERT_EVENT = """
\\set title random(1, %d)
\\set profile random(1, %d)
INSERT INTO "EngagementEvent" ("profileId", "titleId", "eventType", "occurredAt", "country", "deviceId", "metadata", "createdAt")
VALUES (:profile, :title, 'PLAY_END', timezone('UTC', now()), 'NG', 'd',
	'{"positionSec":1234,"durationSec":5400,"completionPercent":0.25,"reason":"progress"}', timezone('UTC', now()));
""" % (TITLES, VIEWERS)

# Reads: path, statement, required role, path segments and query as the statement gets them.
READS = [
    ("/api/titles/7", "titles/detail", None, {"id": "7", "enforcement": "grant"}, {}),
    ("/api/titles/8/episodes", "titles/episodes", None, {"id": "8", "enforcement": "grant"}, {}),
    ("/api/popularity?country=NG", "recs/popularity", None, {"cacheSec": "300"}, {"country": "NG", "type": "MOVIE", "window": "DAILY"}),
    ("/api/recs/continue-watching", "recs/continue-watching", "user", {"hideFinished": "0"}, {}),
    ("/api/recs/because-you-watched", "recs/because-you-watched", "user", {"cacheSec": "120"}, {}),
    ("/api/auth/me", "auth/me", "user", {}, {}),
    ("/api/user/billing", "billing/get", "user", {}, {}),
    ("/api/ppv/my-titles", "ppv/my-titles", "user", {}, {}),
    ("/api/user/profiles", "profiles/list", "user", {}, {}),
    ("/api/user/devices", "devices/list", "user", {}, {}),
    ("/api/admin/titles/8", "catalogue/detail", "admin", {"id": "8"}, {}),
    ("/api/admin/titles/8/episodes", "catalogue/episodes", "admin", {"id": "8"}, {}),
    ("/api/admin/titles/8/seasons", "catalogue/seasons", "admin", {"id": "8"}, {}),
    ("/api/admin/events/summary?hours=3", "events/summary", "admin", {}, {"hours": "3"}),
    ("/api/admin/dashboard/summary", "dashboard/summary", "admin", {}, {"days": "7", "engagementHours": "24", "activeMinutes": "1"}),
    ("/api/admin/titles", "catalogue/list", "admin", {}, {}),
    ("/api/admin/uploads", "uploads/list", "admin", {}, {}),
    ("/api/admin/users", "team/admins", "admin:users:manage", {}, {}),
    ("/api/admin/users/all", "team/viewers", "admin:users:manage", {}, {}),
    ("/api/admin/invitations", "team/invitations", "admin:invites:manage", {}, {}),
    ("/api/admin/support/tickets", "support/list", "admin", {}, {"limit": "50"}),
    ("/api/admin/ppv/purchases", "ppv/purchases", "admin", {}, {"limit": "200", "offset": "0"}),
    ("/api/admin/logs", "errors/list", "admin", {}, {}),
    ("/api/admin/email/audience/users", "campaigns/audience", "admin", {}, {}),
]


class DurablePostgres(Postgres):
    """PostgreSQL with synchronous writes; the tests' PostgreSQL has fsync off."""

    def commands(self):
        return [[word.replace("fsync=off", "fsync=on") for word in command] for command in super().commands()]


def token(user):
    import base64
    import hashlib
    import hmac

    def part(data):
        return base64.urlsafe_b64encode(data).rstrip(b"=")
    role = "SUPER_ADMIN" if user == 1 else "USER"
    text = part(b'{"alg":"HS256","typ":"JWT"}') + b"." + part(json.dumps({
        "userId": str(user), "email": "viewer%d@example.com" % user, "role": role, "permissions": [], "deviceId": "d", "exp": int(time.time()) + 86400}).encode())
    return (text + b"." + part(hmac.new(SECRETS["JWT_ACCESS_SECRET"].encode(), text, hashlib.sha256).digest())).decode()


def cpu(*roots):
    """Returns the CPU seconds of the processes and their descendants, including ended ones."""
    total, todo = 0, list(roots)
    while todo:
        pid = todo.pop()
        try:
            with open("/proc/%d/stat" % pid) as f:
                fields = f.read().rsplit(")", 1)[1].split()
        except OSError:
            continue
        total += sum(int(fields[i]) for i in (11, 12, 13, 14))
        todo += children(pid)
    return total / os.sysconf("SC_CLK_TCK")


def ended():
    """Returns the CPU seconds of all ended child processes."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def wrk(url, *options, connections=CONNECTIONS, seconds=SECONDS):
    """Returns requests per second, the number of requests, and the 99th percentile in ms. Every request must succeed."""
    out = subprocess.run(["wrk", "-t", "1", "-c", str(connections), "-d", "%ds" % seconds, "--timeout", "30s", "--latency", *options, url], check=True, capture_output=True, text=True).stdout
    if "Non-2xx" in out or "Socket errors" in out:
        raise SystemExit(out)
    value, unit = re.search(r"99%\s+([\d.]+)(us|ms|s)", out).groups()
    return (float(re.search(r"Requests/sec:\s*([\d.]+)", out).group(1)), int(re.search(r"(\d+) requests in", out).group(1)),
            float(value) * {"us": .001, "ms": 1, "s": 1000}[unit])


def pgbench(postgres, url, script, *options, clients=8):
    """Returns statements per second, and their number."""
    out = subprocess.run([postgres.bin + "/pgbench", "-n", "-M", "prepared", "-f", script, "-c", str(clients), "-j", "1", *options, url],
                         capture_output=True, text=True)
    if out.returncode != 0:
        raise SystemExit(out.stderr)
    out = out.stdout
    return float(re.search(r"tps = ([\d.]+)", out).group(1)), int(re.search(r"actually processed: (\d+)", out).group(1))


def events(folder, a, postgres, url, db):
    lua, script = os.path.join(folder, "events.lua"), os.path.join(folder, "insert.sql")
    with open(lua, "w") as f:
        f.write(POST_EVENTS % (", ".join('"%s"' % token(v) for v in range(1, VIEWERS + 1)), TITLES))
    with open(script, "w") as f:
        f.write(INSERT_EVENT)
    late = []

    def count():
        db.execute("SELECT count(*) FROM \"EngagementEvent\" WHERE \"metadata\" ->> 'reason' = 'progress'")
        return db.fetchone()[0]

    def ours():
        before = count()
        rate, answered, p99 = wrk(a.url, "-s", lua)
        late.append(p99)
        if count() - before < answered:
            raise SystemExit("%d events were acknowledged and %d are stored" % (answered, count() - before))
        return rate

    rate, single = in_turn(ROUNDS, ours, lambda: pgbench(postgres, url, script, "-T", str(SECONDS), clients=32)[0])
    print("\nevents: wrk with %d connections and one event per request, median of %d rounds of %d s; all on one machine" % (CONNECTIONS, ROUNDS, SECONDS))
    line("POST /api/events", rate, "/s", 5000, False, "%.0f/s with one transaction per event, pgbench -c 32" % single)
    line("p99 of these requests", sorted(late)[len(late) // 2], "ms", 50, True)


def statement(folder, file, need, about, query):
    """Returns guard and statement for pgbench: with variables in place of members of one JSON object, which is cheaper."""
    context = {"userId": "1", "deviceId": "d", "need": need, "country": "UNKNOWN", "audience": "all", "urlPlaceholder": "m", "agent": "wrk", "address": "127.0.0.1",
               "kidRatings": "G,PG", **about}
    values = {**context, **{"query_" + k: v for k, v in query.items()}, "context": json.dumps({**context, "query": query}), "body": "{}"}
    text = []
    for name in (["guard"] if need else []) + [file]:
        with open(os.path.join(ROOT, "sql/query", name + ".sql")) as f:
            sql = "".join(row for row in f if not row.lstrip().startswith("--")).strip().rstrip(";")
        sql = re.sub(r"\$1(?:::jsonb)? ->> '(\w+)'", lambda m: "(:%s::text)" % m.group(1) if m.group(1) in values else "NULL::text", sql)
        sql = re.sub(r"\$1 #>> '\{query,(\w+)\}'", lambda m: "(:query_%s::text)" % m.group(1) if "query_" + m.group(1) in values else "NULL::text", sql)
        sql = re.sub(r'":(?!:)', '": ', sql)  # in JSON; pgbench would take it for a variable
        text += [s.strip() for s in re.split(r";\n", sql.replace("$1", "(:context::jsonb)").replace("$2", "(:body::jsonb)"))]
    path = os.path.join(folder, file.replace("/", "-") + ".sql")
    with open(path, "w") as f:
        f.write("\\startpipeline\n" + "".join(t + ";\n" for t in text) + "\\endpipeline\n")
    used = set(re.findall(r"(?<!:):(\w+)", "".join(text)))
    return path, [x for k, v in values.items() if k in used for x in ("-D", "%s=%s" % (k, v))]


def reads(folder, a, postgres, url):
    print("\nreads: CPU time of a request in the API and PostgreSQL, relative to the same statements in pgbench and PostgreSQL")
    for path, file, need, about, query in READS:
        script, defines = statement(folder, file, need, about, query)
        options = ["-H", "Authorization: Bearer " + token(1)] if need else []

        def ours():
            before = cpu(a.process.pid, postgres.process.pid)
            answered = wrk(a.url + path, *options, connections=16, seconds=READ_SECONDS)[1]
            return (cpu(a.process.pid, postgres.process.pid) - before) / answered * 1e6

        def theirs():
            others, before = children(postgres.process.pid), cpu(postgres.process.pid) + ended()
            answered = pgbench(postgres, url, script, "-T", str(READ_SECONDS), *defines)[1]
            # The CPU time of an ended server process is added to its parent, after a moment.
            wait_for(lambda: set(children(postgres.process.pid)) <= set(others), "the end of pgbench's connections")
            return (cpu(postgres.process.pid) + ended() - before) / answered * 1e6

        one, other = in_turn(ROUNDS, ours, theirs)
        line("GET " + path, one / other, "", 1.5, True, "%.0f us and %.0f us" % (one, other))


def two_cores():
    """Returns the passwords per second that the service's bcrypt hashes on two processors."""
    hashes = tool("hashes")
    crews = [subprocess.Popen([hashes, str(SECONDS)], stdout=subprocess.PIPE) for _ in range(2)]
    return sum(int(c.communicate()[0]) for c in crews) / SECONDS


def logins(a):
    def ours():
        body = 'wrk.method = "POST"\nwrk.headers["content-type"] = "application/json"\nlocal n = 0\nrequest = function() n = n + 1\n' \
               'return wrk.format(nil, nil, nil, \'{"deviceId":"d","email":"viewer\' .. n %% %d + 1 .. \'@example.com","password":"%s"}\') end' % (VIEWERS, PASSWORD)
        script = os.path.join(a.log_path + ".lua")
        with open(script, "w") as f:
            f.write(body)
        return wrk(a.url + "/api/auth/login", "-s", script, connections=16)[0]

    other = Flood(a, [request("GET", "/api/titles/7")], [])

    def beside(what):
        with futures.ThreadPoolExecutor(1) as pool:
            told = pool.submit(other.run, "open", OTHERS, SECONDS)
            what()
        told = told.result()[1]
        if set(told["statuses"]) != {"200"}:
            raise SystemExit("a request failed during logins: %s" % told["statuses"])
        return told["p99"]

    rate, most = in_turn(ROUNDS, ours, two_cores)
    # The same bcrypt load in other processes: the difference is the service's.
    p99 = in_turn(ROUNDS, *(functools.partial(beside, what) for what in (ours, two_cores, lambda: time.sleep(SECONDS))))
    print("\nlogins: 16 concurrent; then with %d other requests per second" % OTHERS)
    line("POST /api/auth/login, ratio to bcrypt on two cores", rate / most, "", .9, False, "%.1f/s and %.1f/s" % (rate, most))
    line("increase of p99 of other requests", p99[0] - p99[2], "ms", 5, True,
         "%.1f ms, %.1f without logins, %.1f beside bcrypt outside" % (p99[0], p99[2], p99[1]))


def measure(folder):
    postgres, keyvalue = DurablePostgres(), KeyValue()
    url, connection = postgres.create()
    if run("migrate", DATABASE_URL=url).returncode != 0:
        raise SystemExit("migrate failed")
    db = connection.cursor()
    db.execute(FILL % {"viewers": VIEWERS, "titles": TITLES, "hash": bcrypt()(PASSWORD.encode(), SALT).decode()})
    connection.autocommit = True
    db.execute("ANALYZE")
    a = Appliance(folder, roles="api", DATABASE_URL=url, REDIS_URL=keyvalue.url, **SECRETS).wait_healthy()
    try:
        reads(folder, a, postgres, url)
        events(folder, a, postgres, url, db)
        logins(a)
    finally:
        a.close()
        connection.close()
        for server in (postgres, keyvalue):
            server.close()
