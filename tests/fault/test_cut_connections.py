"""A connection to the database, Valkey, object storage or the mail server is lost during a transcode job or a cron job: nothing is lost or
done twice, nothing hangs, and no worker crashes."""
import contextlib
import json
import re
import signal
import subprocess

import pytest

import services
from conftest import clean_environment, run, wait_for
from films import FAST, Studio, film, long_film
from gate import Gate
from wire import Wire

LOST = pytest.mark.parametrize("answer", [False, True], ids=["the question is lost", "the answer is lost"])
AT_MIDNIGHT = "0 0 * * *"


@pytest.fixture
def wire():
    """wire(url or port): a Wire to that server of 127.0.0.1."""
    wires = []

    def make(to):
        wires.append(Wire(int(str(to).rsplit(":", 1)[-1].split("/")[0])))
        return wires[-1]
    yield make
    for w in wires:
        w.close()


@pytest.fixture
def studio(world):
    return Studio(world)


def through(wire, url):
    """Returns the URL of the same server through the wire."""
    return url.replace(":%d" % wire.server, ":%d" % wire.port)


@pytest.fixture
def database(world, wire):
    """The wire to the database, and the variable with its URL."""
    w = wire(world.env["DATABASE_URL"])
    w.env = {"DATABASE_URL": through(w, world.env["DATABASE_URL"])}
    return w


@pytest.fixture
def bucket(world, wire):
    w = wire(world.env["S3_ENDPOINT"])
    w.env = {"S3_ENDPOINT": through(w, world.env["S3_ENDPOINT"])}
    return w


# Transcode jobs

STATEMENTS = {"claimed": rb"SET state = 'running', attempts", "planned": rb"INSERT INTO wanzami.object_trash \(key, delete_after",
              "renewed": rb"SET lease_until = now", "published": rb"wanzami.transcode_finish"}


@LOST
@pytest.mark.parametrize("statement", STATEMENTS)
def test_a_transcode_job_survives_a_lost_database_connection(studio, world, database, statement, answer):
    job = studio.upload(film(2, "640x360"), renditions=["R360"])
    with database.cut(STATEMENTS[statement], answer) as cut:
        a = world.start(roles="transcode", **FAST, **database.env)
        cut.wait()
        if answer:
            cut.wait_answered()
            if statement in ("claimed", "published"):
                wait_for(lambda: studio.state(job)["state"] == {"claimed": "running", "published": "done"}[statement], "the effect of the statement")
        cut.drop()
        s = studio.wait(job)
    assert (s["state"], s["attempts"], s["error"]) == ("done", 1, None)
    studio.ready(studio.title_of(job), "R360")
    wait_for(lambda: 'wanzami_transcode_jobs_ok_total 1\n' in a.get("/metrics").text, "the job to be counted")
    studio.no_orphans()
    assert a.deaths() == [] and a.stop() == 0


@LOST
def test_a_failure_is_recorded_and_counted_once(studio, world, database, answer):
    job = studio.upload(None)
    with database.cut(rb"wanzami.transcode_fail", answer) as cut:
        a = world.start(roles="transcode", **FAST, **database.env)
        cut.wait()
        if answer:
            cut.wait_answered()
            wait_for(lambda: studio.state(job)["state"] == "failed", "the effect of the statement")
        cut.drop()
        studio.wait(job, "FAILED")
        wait_for(lambda: 'wanzami_transcode_jobs_failed_total 1\n' in a.get("/metrics").text, "the failure to be counted")
    assert len([line for line in a.log_lines() if line["msg"] == "transcode job failed"]) == 1
    assert a.deaths() == []


@LOST
def test_a_job_is_released_though_the_connection_is_lost(studio, world, database, answer):
    a = world.start(roles="transcode", **FAST, **database.env)
    job = studio.upload(long_film(), renditions=["R360"])
    studio.wait_encoding(job)
    with database.cut(rb"attempts = attempts - 1", answer) as cut:
        a.process.send_signal(signal.SIGTERM)
        cut.wait()
        if answer:
            cut.wait_answered()
        cut.drop()
        assert a.process.wait(timeout=60) == 0
    s = studio.state(job)
    assert (s["state"], s["attempts"]) == ("queued", 0) and a.deaths() == []


def test_a_job_whose_claim_got_no_reply_is_released_at_shutdown(studio, world, database):
    job = studio.upload(film(2, "640x360"), renditions=["R360"])
    with database.cut(STATEMENTS["claimed"], answer=True) as cut:
        a = world.start(roles="transcode", TRANSCODE_LEASE_MS=3600000, **database.env)
        cut.wait_answered()
        wait_for(lambda: studio.state(job)["state"] == "running", "the claim")
        a.process.send_signal(signal.SIGTERM)
        wait_for(lambda: not a.healthy(), "/health to fail")
        cut.drop()
        assert a.process.wait(timeout=60) == 0
    s = studio.state(job)
    assert (s["state"], s["attempts"]) == ("queued", 0) and a.deaths() == []


REQUESTS = {"HEAD": rb"HEAD /", "GET": rb"GET /[^ ]*/uploads/", "CreateMultipartUpload": rb"POST /[^ ]*/vod/[^ ]*\?uploads",
            "UploadPart": rb"PUT /[^ ]*/vod/[^ ]*partNumber", "CompleteMultipartUpload": rb"POST /[^ ]*/vod/[^ ]*\?uploadId"}


@LOST
@pytest.mark.parametrize("request_", REQUESTS)
def test_a_transcode_job_survives_a_lost_store_connection(studio, world, bucket, request_, answer):
    with bucket.cut(REQUESTS[request_], answer) as cut:
        a = world.start(roles="transcode", **FAST, **bucket.env)
        job = studio.upload(film(2, "640x360"), renditions=["R360"])
        cut.wait()
        if answer:
            cut.wait_answered()
        cut.drop()
        s = studio.wait(job)
    assert (s["state"], s["attempts"], s["error"]) == ("done", 1, None)
    studio.ready(studio.title_of(job), "R360")
    studio.no_orphans()
    assert a.deaths() == [] and a.stop() == 0


@LOST
def test_a_waiting_worker_reconnects_to_valkey(studio, world, wire, answer):
    valkey = wire(world.keyvalue.port)
    with valkey.cut(rb"XREADGROUP", answer) as cut:
        a = world.start(roles="transcode", REDIS_URL="redis://127.0.0.1:%d" % valkey.port, **{**FAST, "QUEUE_SWEEP_MS": 3600000})
        cut.wait()
        cut.drop()
        wait_for(lambda: b"cmd=xreadgroup" in world.keyvalue.command("CLIENT", "LIST"), "a new connection that waits")
        job = studio.upload(film(2, "640x360"), renditions=["R360"])
        assert studio.wait(job)["attempts"] == 1
    assert a.deaths() == [] and a.stop() == 0


# Cron jobs

class Cron:
    def __init__(self, world):
        self.world, self.rows = world, world.rows
        listed = run("job", "list", **world.env).stdout.splitlines()[1:]
        self.off = {line.split()[0].upper().replace("-", "_") + "_CRON": "off" for line in listed}

    def start(self, **env):
        return self.world.start(roles="cron", **{**self.off, "JOB_LEASE_MS": 1500, **env})

    def runs(self, name="upload-reaper"):
        return [how for how, in self.rows("SELECT outcome FROM wanzami.job_run WHERE name = %s ORDER BY id", (name,))]

    def missed(self, name="upload-reaper"):
        """Makes the job due, as if its time had been missed."""
        self.rows("""INSERT INTO wanzami.lease (name, owner, fence, expires_at, slot) VALUES (%s, '', 0, now(), now() - interval '3 days')
            ON CONFLICT (name) DO UPDATE SET slot = excluded.slot""", (name,))

    def command(self, name, **env):
        """Starts `wanzami job run`."""
        return subprocess.Popen(services.command("job", "run", name), env=clean_environment(**{**self.world.env, "JOB_LEASE_MS": 1500, **env}),
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


@pytest.fixture
def cron(world):
    return Cron(world)


STEPS = {"claimed": rb"wanzami.job_claim", "begun": rb"BEGIN", "held": rb"FOR KEY SHARE", "done": rb"'made' FROM marked",
         "committed": rb"COMMIT", "recorded": rb"wanzami.job_finish"}


@LOST
@pytest.mark.parametrize("step", STEPS)
def test_a_cron_job_survives_a_lost_database_connection(cron, database, step, answer):
    cron.missed()
    with database.cut(STEPS[step], answer) as cut:
        a = cron.start(UPLOAD_REAPER_CRON=AT_MIDNIGHT, **database.env)
        cut.wait()
        if answer:
            cut.wait_answered()
        cut.drop()
        wait_for(lambda: "ok" in cron.runs() and None not in cron.runs(), "the job to complete", 60)
    assert [how for how in cron.runs() if how != "lost"] == ["ok"] and len(cron.runs()) <= 2
    assert a.deaths() == [] and a.stop() == 0


def test_a_cron_job_whose_lease_is_lost_abandons_a_database_that_does_not_respond(cron, database):
    """The network to the server is gone without a RST: no reply and no error arrives. Another process takes the job over; this one detects it,
    closes the connection and can run the job again."""
    cron.missed()
    with database.cut(STEPS["done"], answer=True) as cut:
        a = cron.start(UPLOAD_REAPER_CRON=AT_MIDNIGHT, **database.env)
        cut.wait_answered()
        cron.rows("UPDATE wanzami.lease SET fence = fence + 1, owner = 'another', expires_at = now() WHERE name = 'upload-reaper'")
        wait_for(lambda: any(line["msg"] == "cron job lost" for line in a.log_lines()), "the process to log the loss of the lease", 60)
        wait_for(lambda: "ok" in cron.runs(), "the job to complete", 60)
    assert cron.runs() == ["lost", "ok"] and a.deaths() == [] and a.stop() == 0


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT])
def test_a_process_with_a_job_that_waits_for_the_database_ends_in_time(cron, database, sent):
    cron.missed()
    with database.cut(STEPS["done"], answer=True) as cut:
        a = cron.start(UPLOAD_REAPER_CRON=AT_MIDNIGHT, SHUTDOWN_GRACE_SEC=4, **database.env)
        cut.wait_answered()
        a.process.send_signal(sent)
        assert a.process.wait(timeout=60) == 0
    assert a.deaths() == []


def test_a_job_survives_database_connections_closed_during_a_store_request(cron, world):
    world.store.client().put_object(Bucket=world.bucket, Key="poster/a", Body=b"x")
    cron.rows("INSERT INTO wanzami.object_trash (key, reason) VALUES ('poster/a', 'x')")
    cron.missed("store-cleanup")
    gate = Gate(world.store.ports["proxy"])
    with contextlib.closing(gate), gate.hold(r"^DELETE /"):
        a = cron.start(STORE_CLEANUP_CRON=AT_MIDNIGHT, S3_ENDPOINT=gate.url)
        gate.wait_held()
        assert cron.rows("""SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
            WHERE datname = current_database() AND application_name = 'wanzami'""")[0][0] >= 2
        gate.opened.set()
        wait_for(lambda: cron.runs("store-cleanup") == ["ok"], "the job to complete")
    assert cron.rows("SELECT count(*) FROM wanzami.object_trash") == [(0,)] and world.store.keys(world.bucket) == []
    assert a.deaths() == []


def events(world, count):
    world.rows("""INSERT INTO "EngagementEvent" ("eventType", "metadata")
        SELECT 'SKIP', jsonb_build_object('reason', repeat('x', 1000)) FROM generate_series(1, %s)""", (count,))


@LOST
def test_an_export_whose_completion_got_no_reply_succeeds(cron, world, bucket, answer):
    events(world, 100)
    with bucket.cut(rb"POST /[^ ]*\?uploadId", answer) as cut:
        p = cron.command("event-export", **bucket.env)
        cut.wait()
        if answer:
            cut.wait_answered()
        cut.drop()
        said, _ = p.communicate(timeout=60)
    assert p.returncode == 0, said
    assert cron.runs("event-export") == ["ok"] and world.store.uploads(world.bucket) == []
    (key,) = world.store.keys(world.bucket)
    assert json.loads(cron.rows("SELECT detail::text FROM wanzami.job_run")[0][0])["key"] == key


def test_an_export_that_the_store_refuses_fails(cron, world):
    """The database connection is not lost: the run counts as failed and is not repeated at once."""
    events(world, 30000)
    gate, store = Gate(world.store.ports["proxy"]), world.store.client()
    with contextlib.closing(gate), gate.hold(r"^PUT /[^ ]*partNumber=", after=1):
        p = cron.command("event-export", S3_ENDPOINT=gate.url)
        gate.wait_held()
        for u in store.list_multipart_uploads(Bucket=world.bucket)["Uploads"]:
            store.abort_multipart_upload(Bucket=world.bucket, Key=u["Key"], UploadId=u["UploadId"])
        gate.opened.set()
        said, _ = p.communicate(timeout=60)
    assert p.returncode == 1 and '"msg":"cron job failed"' in said and "object storage error: " in said, said
    assert cron.runs("event-export") == ["failed"] and world.store.keys(world.bucket) == []


# Mail

def queue_mail(cron):
    return cron.rows("""INSERT INTO wanzami.mail_outbox (to_address, template, vars)
        VALUES ('ada@example.com', 'welcome', '{"name": "Ada", "email": "ada@example.com"}') RETURNING id""")[0][0]


MAIL_SENT = "SELECT count(*) FILTER (WHERE sent_at IS NOT NULL) FROM wanzami.mail_outbox"


@LOST
@pytest.mark.parametrize("by", ["the worker", "hand"])
def test_a_sent_mail_is_not_sent_again(cron, world, database, by, answer):
    queue_mail(cron)
    with database.cut(rb"wanzami\.mail_settle", answer) as cut:
        if by == "hand":
            p = cron.command("mail", **database.env)
        else:
            a = cron.start(**database.env)
        cut.wait()
        if answer:
            cut.wait_answered()
        cut.drop()
        wait_for(lambda: cron.rows(MAIL_SENT) == [(1,)], "the mail to be recorded as sent", 30)
        if by == "hand":
            assert p.wait(timeout=60) == 0
        else:
            assert a.stop() == 0 and a.deaths() == []
    assert len(world.mail.to("ada@example.com")) == 1
    assert cron.rows("SELECT attempts FROM wanzami.mail_outbox") == [(1,)]


def test_a_sent_mail_is_recorded_though_its_run_is_told_to_end(cron, world):
    queue_mail(cron)
    world.mail.hold()
    p = cron.command("mail")
    wait_for(lambda: world.mail.attempts, "the delivery to begin")
    p.send_signal(signal.SIGINT)
    world.mail.release()
    p.communicate(timeout=60)
    assert cron.rows(MAIL_SENT) == [(1,)] and len(world.mail.to("ada@example.com")) == 1


def test_a_job_renews_its_claim_of_a_mail_and_ends_without_the_renewal(cron, world, database):
    """The claim is short, so that another process soon sends the mail if the job is killed. The database does not respond to the renewal; a run that
    is told to end stores the result of its mail and its own end meanwhile."""
    queue_mail(cron)
    world.mail.hold()
    p = cron.command("mail", **database.env)
    with database.cut(rb"renewed AS", answer=True) as renewal:
        wait_for(lambda: world.mail.attempts, "the delivery to begin")
        end, short = cron.rows("SELECT next_attempt_at, next_attempt_at < now() + interval '3 minutes' FROM wanzami.mail_outbox")[0]
        assert short
        wait_for(renewal.answered.is_set, "the renewal", 120)
        assert cron.rows("SELECT next_attempt_at > %s FROM wanzami.mail_outbox", (end,)) == [(True,)]
        with database.cut(STEPS["recorded"], answer=True) as recorded:
            p.send_signal(signal.SIGTERM)
            world.mail.release()
            recorded.wait_answered()
            assert cron.runs("mail") == ["ok"] and cron.rows(MAIL_SENT) == [(1,)]
            assert renewal.is_open()
        p.communicate(timeout=60)
    assert len(world.mail.to("ada@example.com")) == 1 and cron.rows("SELECT attempts FROM wanzami.mail_outbox") == [(1,)]


def test_a_mail_whose_connection_is_lost_is_sent_later(cron, world, wire):
    smtp = wire(world.mail.port)
    queue_mail(cron)
    with smtp.cut(rb"RCPT TO") as cut:
        a = cron.start(SMTP_PORT=smtp.port)
        cut.wait()
        world.mail.wait("ada@example.com")
    wait_for(lambda: cron.rows(MAIL_SENT) == [(1,)], "the mail to be recorded as sent")
    assert len(world.mail.to("ada@example.com")) == 1 and a.deaths() == [] and a.stop() == 0


def test_the_worker_and_the_job_send_mail_concurrently(cron, world):
    for _ in range(40):
        queue_mail(cron)
    a = cron.start(MAIL_CRON="* * * * * *")
    wait_for(lambda: cron.rows(MAIL_SENT) == [(40,)], "all mails to be recorded as sent", 60)
    wait_for(lambda: "ok" in cron.runs("mail"), "a run of the job")
    assert len(world.mail.to("ada@example.com")) == 40 and a.deaths() == [] and a.stop() == 0


@pytest.mark.errors("valkey refuses the user or password")
def test_refused_valkey_connections_are_not_counted_as_up(world):
    def refused():
        found = re.search(r"cmdstat_auth:calls=(\d+)", world.keyvalue.command("INFO", "commandstats").decode())
        return int(found[1]) if found else 0
    before = refused()
    a = world.start(roles="api", WORKERS=1, REDIS_URL=world.env["REDIS_URL"].replace("redis://", "redis://:wrong@"))
    wait_for(lambda: refused() >= before + 3, "three refusals")
    wait_for(lambda: "wanzami_valkey_connections 0\n" in a.get("/metrics").text, "no connection")
