"""Monitoring: /metrics for Prometheus, log lines for CloudWatch, traces and slow statements in the log."""
import json
import re
import socket
import threading

import pytest
import requests

from services import SECRETS, run, wait_for

TRACE = "1-67891233-abcdef012345678912345678"


@pytest.fixture
def base(postgres, appliance):
    """A migrated database without other servers; call it like World.start()."""
    url, db = postgres.create_migrated()
    env = {**SECRETS, "DATABASE_URL": url}

    def start(**more):
        return appliance(**{**env, **more}).wait_healthy()
    start.db = db
    yield start
    db.close()


def read(a, **headers):
    """Returns every series of /metrics; asserts that each line is in Prometheus's format."""
    r = a.get("/metrics", headers=headers)
    assert r.status_code == 200 and r.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    found, known = {}, set()
    for line in r.text.splitlines():
        if line.startswith("#"):
            known.add(line.split()[2])
            continue
        m = re.fullmatch(r'(wanzami_[a-z_]+)(\{(?:[a-z]+="[^"\\]*",?)*\})? (-?[0-9.e+]+)', line)
        assert m, line
        assert re.sub("_(bucket|sum|count)$", "", m[1]) in known or m[1] in known, line
        found[m[1] + (m[2] or "")] = float(m[3])
    return found


def test_metrics_are_summed_over_workers_and_labeled_by_route(base):
    a = base(roles="api", WORKERS=2)
    for i in range(20):
        with requests.Session() as s:
            assert s.get(a.url + "/api/titles/%d" % (1000 + i)).status_code == 404
    a.get("/nothing")
    a.post("/api/auth/login", {})
    for _ in range(3):
        assert requests.post(a.url + "/api/auth/signup", data=b"{", headers={"Content-Type": "application/json"}).status_code == 400
    m = read(a)
    assert m['wanzami_requests_total{method="GET",route="/api/titles/:id",status="4xx"}'] == 20
    assert m['wanzami_requests_total{method="other",route="none",status="4xx"}'] == 1
    assert m['wanzami_requests_total{method="POST",route="/api/auth/signup",status="4xx"}'] == 3, "refused bodies"
    assert m['wanzami_request_seconds_count{method="GET",route="/api/titles/:id"}'] == 20
    assert m['wanzami_request_seconds_bucket{method="GET",route="/api/titles/:id",le="+Inf"}'] == 20
    assert m["wanzami_database_up"] == 1 and m["wanzami_database_calls_total"] >= 20
    wait_for(lambda: read(a)["wanzami_database_connections"] == 4, "two connections of each worker")
    assert m["wanzami_resident_bytes"] > 1e6 and m["wanzami_open_descriptors"] > 5
    assert any(k.startswith("wanzami_build_info{") for k in m)


def test_queues_and_cron_jobs_are_reported(base):
    a = base(roles="api", WORKERS=1)
    m = read(a)
    assert (m["wanzami_queue_depth"], m["wanzami_queue_oldest_seconds"], m["wanzami_mail_waiting"]) == (0, 0, 0)
    with base.db.cursor() as c:
        c.execute("""INSERT INTO "UploadJob" ("status", "payload", "updatedAt") VALUES ('PROCESSING', '{"key": "k"}', now())""")
        c.execute("""INSERT INTO wanzami.transcode_job (upload_job_id, source_key, created_at, run_after)
            SELECT id, 'k', now() - interval '1 hour', now() - interval '1 hour' FROM "UploadJob" """)
        # Due, waiting for the next try, later batch of a campaign, held after a restore, sent.
        c.execute("""INSERT INTO wanzami.mail_outbox (to_address, template, vars, attempts, next_attempt_at, sent_at) VALUES
            ('a@example.com', 'welcome', '{}', 0, now(), NULL), ('b@example.com', 'welcome', '{}', 3, now() + interval '1 hour', NULL),
            ('c@example.com', 'campaign', '{}', 0, now() + interval '1 hour', NULL), ('d@example.com', 'welcome', '{}', 1, 'infinity', NULL),
            ('e@example.com', 'welcome', NULL, 1, now(), now())""")
        c.execute("""INSERT INTO wanzami.job_run (name, started_at, finished_at, outcome) VALUES
            ('popularity', now() - interval '2 hours', now() - interval '1 hour', 'ok'), ('popularity', now() - interval '90 seconds', now(), 'failed')
            RETURNING extract(epoch FROM finished_at)::bigint""")
        fine = c.fetchone()[0]
        c.execute("UPDATE wanzami.mail_outbox SET created_at = now() - interval '2 hours' WHERE to_address = 'b@example.com'")
        c.execute("UPDATE wanzami.mail_relay SET failures = 3, sent = 70, given_up = 4")
    m = read(a)
    assert (m["wanzami_queue_depth"], m["wanzami_mail_waiting"], m["wanzami_mail_planned"]) == (1, 2, 1) and 3600 <= m["wanzami_queue_oldest_seconds"] < 4000
    assert 7200 <= m["wanzami_mail_oldest_seconds"] < 7600
    assert (m["wanzami_mail_relay_failures"], m["wanzami_mail_sent_total"], m["wanzami_mail_given_up_total"]) == (3, 70, 4)
    assert m['wanzami_scheduled_jobs{job="popularity",outcome="failed"}'] == 1
    assert m['wanzami_scheduled_job_last_seconds{job="popularity"}'] == 90
    assert m['wanzami_scheduled_job_last_ok_timestamp_seconds{job="popularity"}'] == fine


def test_forwarded_requests_get_404_even_with_the_token(base):
    a = base(roles="api", METRICS_TOKEN="tell-me-all")
    assert a.get("/metrics", headers={"Authorization": "Bearer tell-me-al"}).status_code == 200, "no token needed on this host"
    for through in ({"X-Forwarded-For": "203.0.113.9"}, {"X-Forwarded-For": "127.0.0.1"}, {"Via": "1.1 proxy"}, {"Forwarded": "for=127.0.0.1"},
                    {"X-Forwarded-Proto": "https"}, {"X-Forwarded-Host": "x"}):
        for token in ("tell-me-all", "tell-me-al", ""):
            assert a.get("/metrics", headers={**through, "Authorization": "Bearer " + token}).status_code == 404, (through, token)


def test_other_hosts_need_the_token(base):
    """The test uses this host's own IP address in its network in place of another host."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        try:
            s.connect(("198.51.100.1", 9))
        except OSError:
            pytest.skip("this host has no network")
        host = s.getsockname()[0]
    def status(a, token):
        return requests.get(a.url.replace("127.0.0.1", host) + "/metrics", headers={"Authorization": "Bearer " + token}, timeout=30).status_code
    a = base(roles="api", METRICS_TOKEN="tell-me-all")
    assert [status(a, token) for token in ("tell-me-all", "tell-me-al", "")] == [200, 404, 404]
    assert status(base(roles="api"), "") == 404


def test_without_a_database_the_other_metrics_are_reported(appliance):
    a = appliance(roles="api", DATABASE_URL="postgresql://nobody@127.0.0.1:1/nothing")
    wait_for(a.answers, "a response")
    m = read(a)
    assert m["wanzami_database_up"] == 0 and "wanzami_queue_depth" not in m and m["wanzami_database_connections"] == 0


def test_cloudwatch_lines_are_written(base):
    a = base(roles="api", WORKERS=2, EMF_SECONDS=1)
    asked = 40
    for i in range(asked):
        requests.get(a.url + "/api/titles/%d" % (1000 + i), timeout=30)

    def cloudwatch_lines():
        return [line for line in map(json.loads, open(a.log_path)) if "_aws" in line]
    wait_for(lambda: sum(line["Requests"] for line in cloudwatch_lines()) >= asked, "all requests to be reported")
    for line in cloudwatch_lines():
        [how] = line["_aws"]["CloudWatchMetrics"]
        assert how["Namespace"] == "Wanzami" and how["Dimensions"] == [["Role"]] and line["Role"] == "api"
        names = {m["Name"] for m in how["Metrics"]}
        assert names >= {"Requests", "Errors5xx", "LatencyP99Ms", "TranscodeJobsFailed", "CronJobsFailed", "JobsFailed"} and all(isinstance(line[n], (int, float)) for n in names)
    assert sum(line["Requests"] for line in cloudwatch_lines()) == asked  # health checks are not counted
    last = [line for line in cloudwatch_lines() if "QueueDepth" in line][-1]
    assert [last[n] for n in ("QueueDepth", "QueueOldestSeconds", "MailWaiting", "MailOldestSeconds", "MailRelayFailures", "Errors5xx", "QueueRunning", "MailGivenUp")] == [0] * 8
    with base.db.cursor() as c:
        c.execute("""UPDATE wanzami.mail_relay SET given_up = given_up + 3, failures = 2;
            INSERT INTO "UploadJob" (id, status, payload, "updatedAt") VALUES (1, 'PROCESSING', '{}', now());
            INSERT INTO wanzami.transcode_job (upload_job_id, source_key, state, lease_until) VALUES (1, 'a', 'running', now() + interval '1 hour')""")
    told = wait_for(lambda: [line for line in cloudwatch_lines() if line.get("MailGivenUp")], "the mails that were given up")
    later = wait_for(lambda: [line for line in cloudwatch_lines() if line["_aws"]["Timestamp"] > told[0]["_aws"]["Timestamp"]], "the line after it")
    assert [line["MailGivenUp"] for line in told + later[:1]] == [3, 0] and (told[0]["QueueRunning"], told[0]["MailRelayFailures"]) == (1, 2)
    assert max(line["LatencyP99Ms"] for line in cloudwatch_lines()) > 0
    silent = base(roles="api", EMF_SECONDS=1, EMF=0)
    silent.get("/api/titles")
    assert silent.stop() == 0 and "_aws" not in open(silent.log_path).read()


@pytest.mark.parametrize("outcome", ["ok", "failed"])
@pytest.mark.errors("cron job failed")
def test_cron_jobs_and_transcode_jobs_have_separate_counters(base, outcome):
    if outcome == "failed":
        with base.db.cursor() as c:
            c.execute('ALTER TABLE "EngagementEvent" RENAME TO gone')
    a = base(roles="cron", EMF_SECONDS=1, POPULARITY_CRON="* * * * * *")
    wait_for(lambda: read(a)["wanzami_cron_jobs_%s_total" % outcome] > 0, "a run of the job")
    m = read(a)
    assert m["wanzami_jobs_%s_total" % outcome] > 0
    for series in ("transcode_jobs_ok", "transcode_jobs_failed", "cron_jobs_" + {"ok": "failed", "failed": "ok"}[outcome]):
        assert m["wanzami_%s_total" % series] == 0, series
    cloudwatch_lines = wait_for(lambda: [line for line in map(json.loads, open(a.log_path)) if line.get("CronJobsFailed", 0) > 0 or outcome == "ok" and "_aws" in line],
                    "a line for CloudWatch")
    for line in cloudwatch_lines:
        assert (line["CronJobsFailed"] > 0, line["TranscodeJobsFailed"]) == (outcome == "failed", 0) and line["JobsFailed"] == line["CronJobsFailed"]


def test_trace_ids_are_logged(base):
    a = base(roles="api", WORKERS=1)
    asked = (({"X-Amzn-Trace-Id": "Self=1-1-1;Root=" + TRACE + ";Sampled=1"}, TRACE),
             ({"traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}, "4bf92f3577b34da6a3ce929d0e0e4736"),
             ({"X-Amzn-Trace-Id": "Root=" + "a" * 4000}, None), ({"traceparent": "00-zz"}, None), ({}, None))
    for n, (headers, trace) in enumerate(asked, 1):
        a.get("/api/titles/77", headers=headers)
        lines = wait_for(lambda: (lambda all: all if len(all) == n else None)([x for x in a.log_lines() if x.get("path") == "/api/titles/77"]), "the log lines")
        assert lines[-1].get("trace") == trace


def test_slow_statements_are_logged(base):
    a = base(roles="api", WORKERS=1, SLOW_QUERY_MS=1)
    with base.db.cursor() as c:
        c.execute('BEGIN; LOCK TABLE "Title"')
        s = requests.Session()
        asking = threading.Thread(target=s.get, args=(a.url + "/api/titles/5",))
        asking.start()
        wait_for(lambda: c.execute("SELECT count(*) FROM pg_locks WHERE NOT granted") or c.fetchone()[0] > 0, "the statement to wait for the lock")
        c.execute("COMMIT")
        asking.join()
    [line] = [x for x in a.log_lines() if x["msg"] == "slow query" and x["statement"] == "titles/detail.sql"]
    assert line["ms"] >= 1 and read(a)["wanzami_database_slow_total"] >= 1


def test_notices_of_the_database_are_lines_of_the_log(base):
    """libpq prints them as they are, unless told otherwise: of requests and of cron jobs."""
    with base.db.cursor() as c:
        c.execute("""CREATE FUNCTION loud() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE WARNING E'"%" has\\nchanged', TG_TABLE_NAME; RETURN NEW; END $$;
            CREATE TRIGGER loud BEFORE INSERT ON "SupportTicket" FOR EACH ROW EXECUTE FUNCTION loud();
            CREATE TRIGGER loud BEFORE INSERT OR UPDATE ON wanzami.job_run FOR EACH ROW EXECUTE FUNCTION loud()""")
    a = base(roles="api,cron", WORKERS=1)
    assert a.post("/api/support/tickets", {"email": "a@x.test"}).status_code == 201
    expected = {"WARNING:  \"%s\" has" % table for table in ("SupportTicket", "job_run")}
    wait_for(lambda: {x["notice"] for x in a.log_lines() if x["msg"] == "database notice" and x["level"] == "warn"} == expected, "the notices")


def test_status_reports_the_state_of_the_service(base):
    a = base(roles="api", WORKERS=2)
    with base.db.cursor() as c:
        c.execute("""INSERT INTO "UploadJob" ("status", "payload", "updatedAt") VALUES ('PROCESSING', '{"key": "k"}', now())""")
        c.execute("""INSERT INTO wanzami.transcode_job (upload_job_id, source_key, state, lease_owner, lease_until, attempts, progress)
            SELECT id, 'k', 'running', 'somebody', now() + interval '1 minute', 1, '{"percent": 42}' FROM "UploadJob" """)
        c.execute("""INSERT INTO "UploadJob" ("status", "payload", "updatedAt") SELECT 'FAILED', '{"key": "k"}', now() FROM generate_series(1, 3)""")
        c.execute("""INSERT INTO wanzami.transcode_job (upload_job_id, source_key, state, updated_at)
            SELECT id, 'k', 'failed', now() - id % 2 * interval '2 days' FROM "UploadJob" WHERE status = 'FAILED'""")
        c.execute("INSERT INTO wanzami.lease (name, owner, expires_at) VALUES ('cron', 'somebody', now() + interval '1 minute')")
        c.execute("""INSERT INTO wanzami.job_run (name, finished_at, outcome, detail) VALUES ('popularity', now(), 'failed', '{"error": "no disk"}')""")
    said = run("status", **a.env)
    assert said.returncode == 0, said.stderr
    lines = {line[2:30].strip(): line[32:] for line in said.stdout.splitlines() if line.startswith("  ")}
    assert "ready" in [line.split()[-1] for line in said.stdout.splitlines() if "/health/ready" in line]
    [(who, how)] = [(k, v) for k, v in lines.items() if k.startswith("127.0.0.1 api ")]
    assert re.fullmatch(r"[1-9]\d* connections(, \d+ busy)?", how)
    assert (lines["queued"], lines["running"], lines["failed in the last day"]) == ("0", "1", "2")
    assert [v for k, v in lines.items() if k.startswith("upload ")][0].startswith("42 %, attempt 1 of 3, by somebody, lease until ")
    assert lines["cron"].startswith("somebody, until ") and lines["popularity"].startswith("failed, ") and lines["popularity"].endswith(": no disk")
    a.kill()
    ended = run("status", **a.env)
    assert ended.returncode == 1 and "unhealthy" in ended.stderr and "upload" in ended.stdout
    lost = run("status", **{**a.env, "DATABASE_URL": "postgresql://u@127.0.0.1:1/x"})
    assert lost.returncode == 1 and "database error: " in lost.stderr
