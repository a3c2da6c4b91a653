"""Cron jobs: scheduled, run by one process at a time, taken over from killed processes, run once after missed times, run by hand."""
import os
import signal
import subprocess

import pytest

import services
from conftest import clean_environment, run, wait_for

EVERY_SECOND = "* * * * * *"


@pytest.fixture
def cron(world):
    return Cron(world)


class Cron:
    def __init__(self, world):
        self.world, self.rows = world, world.rows
        listed = run("job", "list", **world.env).stdout.splitlines()[1:]
        self.names = [line.split()[0] for line in listed]
        self.off = {variable(name): "off" for name in self.names}

    def command(self, *args, **env):
        return run("job", *args, **{**self.world.env, "JOB_LEASE_MS": 1500, **env})

    def start(self, **env):
        return self.world.start(roles="cron", **{**self.off, "JOB_LEASE_MS": 1500, **env})

    def runs(self, name="upload-reaper"):
        """Returns the recorded runs: outcome, and whether the run was scheduled."""
        return self.rows("SELECT outcome, slot IS NOT NULL FROM wanzami.job_run WHERE name = %s ORDER BY id", (name,))

    def missed(self, name="upload-reaper", ago="3 days"):
        """Sets the time of the last run to `ago`."""
        self.rows("INSERT INTO wanzami.lease (name, owner, fence, expires_at, slot) VALUES (%s, '', 0, now(), now() - %s::interval) "
                  "ON CONFLICT (name) DO UPDATE SET slot = excluded.slot", (name, ago))


def variable(name):
    return name.upper().replace("-", "_") + "_CRON"


def test_job_list_shows_every_job_with_its_next_time(cron):
    r = cron.command("list", UPLOAD_REAPER_CRON="0 12 29 2 *")
    line, = [x for x in r.stdout.splitlines() if x.startswith("upload-reaper ")]
    assert r.returncode == 0 and "-02-29 12:00:00" in line and " never " in line
    assert cron.command("run", "upload-reaper").returncode == 0
    line, = [x for x in cron.command("list").stdout.splitlines() if x.startswith("upload-reaper ")]
    assert " ok " in line


def test_every_job_can_be_disabled_by_its_variable(cron):
    for name in cron.names:
        line, = [x for x in cron.command("list", **{variable(name): "off"}).stdout.splitlines() if x.startswith(name + " ")]
        assert line.split()[1:3] == ["off", "never"]


def test_due_jobs_are_run_and_recorded(cron):
    a = cron.start(UPLOAD_REAPER_CRON=EVERY_SECOND)
    wait_for(lambda: len([r for r in cron.runs() if r == ("ok", True)]) >= 3, "three runs")
    line = next(x for x in a.log_lines() if x["msg"] == "cron job done")
    assert line["job"] == "upload-reaper" and line["ms"] >= 0 and line["detail"] == '{"uploads":0}'
    slots = [s for s, in cron.rows("SELECT slot FROM wanzami.job_run ORDER BY id")]
    assert sorted(set(slots)) == slots, "each time once, in order"
    assert a.stop() == 0


# Leases, takeover, missed times

class BlockedReaper:
    """Locks the table that the reaper needs, so that its run waits."""

    def __init__(self, cron):
        self.cron = cron
        self.db = cron.world.postgres.connect(cron.world.env["DATABASE_URL"].rsplit("/", 1)[1])

    def __enter__(self):
        self.db.autocommit = False
        self.db.cursor().execute('LOCK TABLE "UploadJob"')
        return self

    def wait(self):
        """Waits until the job waits for the lock."""
        wait_for(lambda: self.cron.rows("SELECT 1 FROM pg_locks WHERE NOT granted AND relation = '\"UploadJob\"'::regclass"), "the job to wait for the lock")

    def __exit__(self, *_):
        self.db.close()


def wait_for_schedule_checks(cron):
    """Waits until every process has checked several times what is due."""
    before = len(cron.runs("mail-cleanup"))
    wait_for(lambda: len(cron.runs("mail-cleanup")) >= before + 3, "three more runs of another job")


def test_missed_times_are_run_once_by_one_process(cron):
    cron.missed(ago="3 days")
    for _ in range(3):
        cron.start(UPLOAD_REAPER_CRON="0 0 * * *", MAIL_CLEANUP_CRON=EVERY_SECOND)
    wait_for(lambda: cron.runs(), "the run")
    wait_for_schedule_checks(cron)
    assert cron.runs() == [("ok", True)]
    assert cron.rows("SELECT slot = date_trunc('day', now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' FROM wanzami.job_run WHERE name = 'upload-reaper'") == [(True,)]


def test_a_new_job_has_no_missed_times(cron):
    cron.start(UPLOAD_REAPER_CRON="0 0 1 1 *", MAIL_CLEANUP_CRON=EVERY_SECOND)
    wait_for_schedule_checks(cron)
    assert cron.runs() == []


def test_three_processes_run_each_time_once(cron):
    for _ in range(3):
        cron.start(UPLOAD_REAPER_CRON=EVERY_SECOND)
    wait_for(lambda: len(cron.runs()) >= 6, "runs")
    assert cron.rows("SELECT count(*), slot FROM wanzami.job_run GROUP BY slot HAVING count(*) > 1") == []
    assert cron.rows("SELECT count(*) FROM wanzami.job_run WHERE outcome IS NULL")[0][0] <= 1


def test_a_running_job_is_not_started_again(cron):
    with BlockedReaper(cron) as held:
        for _ in range(2):
            cron.start(UPLOAD_REAPER_CRON=EVERY_SECOND, MAIL_CLEANUP_CRON=EVERY_SECOND)
        held.wait()
        wait_for_schedule_checks(cron)
        assert cron.runs() == [(None, True)]
        r = cron.command("run", "upload-reaper")
        assert r.returncode == 3 and "upload-reaper is already running" in r.stderr
    wait_for(lambda: len(cron.runs()) >= 2, "the next run")
    assert cron.runs()[0] == ("ok", True)


def test_the_run_of_a_killed_process_is_taken_over(cron):
    cron.missed()
    with BlockedReaper(cron) as held:
        a = cron.start(UPLOAD_REAPER_CRON="0 0 * * *")
        held.wait()
        a.kill()
        cron.start(UPLOAD_REAPER_CRON="0 0 * * *")
        wait_for(lambda: cron.runs() == [("lost", True), (None, True)], "another process to start the job", 60)
    wait_for(lambda: cron.runs() == [("lost", True), ("ok", True)], "the job to complete")
    assert cron.rows("SELECT count(DISTINCT slot), count(DISTINCT fence) FROM wanzami.job_run") == [(1, 2)]


@pytest.mark.errors("worker died")
def test_the_run_of_a_killed_worker_is_taken_over_by_its_successor(cron):
    cron.missed()
    with BlockedReaper(cron) as held:
        a = cron.start(UPLOAD_REAPER_CRON="0 0 * * *")
        held.wait()
        os.kill(a.workers()[0], signal.SIGKILL)
        wait_for(lambda: cron.runs() == [("lost", True), (None, True)], "the new worker to start the job", 60)
    wait_for(lambda: cron.runs()[-1] == ("ok", True), "the job to complete")


@pytest.mark.parametrize("lost, runs", [(2, ["lost", "lost", "ok"]), (3, ["lost", "lost", "lost"])])
def test_a_run_lost_three_times_waits_for_the_next_time(cron, lost, runs):
    cron.missed(ago="1 second")
    for _ in range(lost):
        cron.rows("INSERT INTO wanzami.job_run (name, slot, outcome) SELECT name, slot, 'lost' FROM wanzami.lease WHERE name = 'upload-reaper'")
    cron.start(UPLOAD_REAPER_CRON="0 0 1 1 *", MAIL_CLEANUP_CRON=EVERY_SECOND)
    wait_for(lambda: len(cron.runs()) == len(runs), "the expected runs")
    wait_for_schedule_checks(cron)
    assert [r[0] for r in cron.runs()] == runs


def test_sigterm_lets_a_run_finish(cron):
    cron.missed()
    with BlockedReaper(cron) as held:
        a = cron.start(UPLOAD_REAPER_CRON="0 0 * * *")
        held.wait()
        a.process.send_signal(signal.SIGTERM)
        wait_for(lambda: not a.healthy(), "/health to fail")
    assert a.process.wait(timeout=60) == 0
    assert cron.runs() == [("ok", True)]


def test_a_run_beyond_the_grace_period_is_returned_and_taken_over(cron):
    cron.missed()
    with BlockedReaper(cron) as held:
        a = cron.start(UPLOAD_REAPER_CRON="0 0 * * *", SHUTDOWN_GRACE_SEC=4, JOB_LEASE_MS=3600000)
        held.wait()
        b = cron.start(UPLOAD_REAPER_CRON="0 0 * * *")
        assert a.stop() == 0
        assert cron.runs()[0] == ("returned", True)
        wait_for(lambda: cron.runs() == [("returned", True), (None, True)], "the other process to start the job")
    wait_for(lambda: cron.runs() == [("returned", True), ("ok", True)], "the job to complete")
    assert b.stop() == 0


def test_a_run_with_a_lost_lease_changes_nothing(cron):
    upload = cron.rows("""INSERT INTO "UploadJob" ("status", "updatedAt") VALUES ('UPLOADING', now() - interval '8 days') RETURNING "id" """)
    cron.missed()
    with BlockedReaper(cron) as held:
        a = cron.start(UPLOAD_REAPER_CRON="0 0 * * *")
        held.wait()
        cron.rows("UPDATE wanzami.lease SET fence = fence + 1, owner = 'another', expires_at = now() + interval '1 hour'")
        wait_for(lambda: any(line["msg"] == "cron job lost" for line in a.log_lines()), "the process to log the loss of the lease")
    assert cron.rows('SELECT "status"::text FROM "UploadJob" WHERE "id" = %s', upload[0]) == [("UPLOADING",)]


def test_a_run_is_repeated_after_a_kill_of_the_database(cron):
    cron.missed()
    with BlockedReaper(cron) as held:
        a = cron.start(UPLOAD_REAPER_CRON="0 0 * * *")
        held.wait()
        cron.world.postgres.kill()
    cron.world.postgres.start()
    wait_for(lambda: cron.runs() == [("lost", True), ("ok", True)], "the job to complete", 60)
    assert a.healthy()


def test_every_time_is_run_while_processes_are_killed(cron):
    """Three tasks run every job each second, and one task at a time is killed: no run hangs, and no two runs of a job overlap."""
    fast = {variable(name): EVERY_SECOND for name in cron.names}
    tasks = [cron.start(**fast) for _ in range(3)]
    for n in range(9):
        done = len([r for r in cron.runs() if r[0] == "ok"])
        tasks[n % 3].kill()
        wait_for(lambda: len([r for r in cron.runs() if r[0] == "ok"]) > done, "runs of the other tasks", 60)
        tasks[n % 3].start()
    for name in cron.names:
        done = len([r for r in cron.runs(name) if r[0] == "ok"])
        wait_for(lambda: len([r for r in cron.runs(name) if r[0] == "ok"]) > done + 1, name, 60)
    assert cron.rows("""SELECT a.name FROM wanzami.job_run a JOIN wanzami.job_run b ON a.name = b.name AND a.id < b.id
        AND b.started_at < a.finished_at AND a.outcome IN ('ok', 'failed')""") == []
    assert cron.rows("SELECT name, slot FROM wanzami.job_run WHERE outcome = 'ok' GROUP BY 1, 2 HAVING count(*) > 1") == []
    assert [t.stop() for t in tasks] == [0, 0, 0]


# Runs by hand, history

def test_a_failed_job_logs_the_reason_and_exits_with_1(cron):
    cron.rows('ALTER TABLE "UploadJob" RENAME COLUMN "updatedAt" TO "x"')
    r = cron.command("run", "upload-reaper")
    assert r.returncode == 1 and '"msg":"cron job failed"' in r.stdout and "does not exist" in r.stdout
    assert cron.runs() == [("failed", False)]
    assert "does not exist" in cron.rows("SELECT detail ->> 'error' FROM wanzami.job_run")[0][0]
    cron.rows('ALTER TABLE "UploadJob" RENAME COLUMN "x" TO "updatedAt"')
    assert cron.command("run", "upload-reaper").returncode == 0


@pytest.mark.errors("cron job failed")
def test_a_failed_run_waits_for_the_next_time(cron):
    cron.missed()
    cron.rows('ALTER TABLE "UploadJob" RENAME COLUMN "updatedAt" TO "x"')
    a = cron.start(UPLOAD_REAPER_CRON="0 0 * * *", MAIL_CLEANUP_CRON=EVERY_SECOND)
    wait_for(lambda: cron.runs() == [("failed", True)], "the failed run")
    wait_for_schedule_checks(cron)
    assert cron.runs() == [("failed", True)] and a.healthy()


@pytest.mark.parametrize("args, says", [([], "usage: wanzami job list | wanzami job run NAME"), (["run"], "usage: wanzami job list | wanzami job run NAME"), (["walk"], "usage: wanzami job list | wanzami job run NAME"),
                                        (["run", "nothing"], 'unknown cron job "nothing"'),
                                        (["run", "upload-reaper", "7"], "upload-reaper takes no argument")])
def test_invalid_arguments_exit_with_2(cron, args, says):
    r = cron.command(*args)
    assert r.returncode == 2 and says in r.stderr and r.stderr.count("\n") == 1
    assert cron.runs() == []


def test_without_a_database_commands_fail_with_one_line(cron):
    away = {"DATABASE_URL": "postgresql://u@127.0.0.1:1/x"}
    r = cron.command("list", **away)
    assert r.returncode == 1 and r.stderr.startswith("wanzami: cannot list the cron jobs: connection to server")
    r = cron.command("run", "upload-reaper", **away)
    assert r.returncode == 1 and "cron job cannot be claimed" in r.stdout


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"])
def test_a_signal_returns_a_run_by_hand(cron, number):
    """The lease, which lasts an hour here, is given back, and the next run does the work."""
    upload = cron.rows("""INSERT INTO "UploadJob" ("status", "updatedAt") VALUES ('UPLOADING', now() - interval '8 days') RETURNING "id" """)[0]
    state = lambda: cron.rows('SELECT "status"::text FROM "UploadJob" WHERE "id" = %s', upload)[0][0]  # noqa: E731
    env = clean_environment(**{**cron.world.env, "JOB_LEASE_MS": 3600000})
    with BlockedReaper(cron) as held:
        p = subprocess.Popen(services.command("job", "run", "upload-reaper"), env=env, stdout=subprocess.PIPE)
        held.wait()
        assert cron.command("run", "upload-reaper").returncode == 3, "it is running"
        p.send_signal(number)
        assert p.wait(timeout=60) == 1
    assert b"cron job returned" in p.stdout.read() and cron.runs() == [("returned", False)] and state() == "UPLOADING"
    assert cron.command("run", "upload-reaper").returncode == 0 and state() != "UPLOADING"
    assert cron.runs() == [("returned", False), ("ok", False)]


def test_the_history_keeps_100_runs(cron):
    cron.rows("INSERT INTO wanzami.job_run (name, outcome) SELECT 'upload-reaper', 'ok' FROM generate_series(1, 300)")
    cron.command("run", "upload-reaper")
    assert len(cron.runs()) == 100 and cron.runs()[-1] == ("ok", False)


@pytest.mark.parametrize("name, value, says", [
    ("UPLOAD_REAPER_CRON", "61 * * * *", "allowed: five crontab fields"), ("UPLOAD_REAPER_CRON", "0 0 30 2 *", "allowed: five crontab fields"),
    ("CRON_TZ", "Europe/Atlantis", "allowed: a name such as")])
def test_an_invalid_schedule_prevents_the_start_with_one_line(cron, name, value, says):
    r = run(**{**cron.world.env, name: value})
    assert r.returncode == 1 and r.stderr.startswith('wanzami: %s is "%s"; ' % (name, value)) and says in r.stderr and r.stderr.count("\n") == 1


def test_store_cleanup_without_object_storage_does_nothing(cron):
    env = {k: v for k, v in cron.world.env.items() if not k.startswith("S3_")}
    r = run("job", "run", "store-cleanup", **env)
    assert r.returncode == 0 and '{\\"removed\\":0}' in r.stdout


def test_store_cleanup_with_an_unreachable_store_fails_and_keeps_the_trash(cron):
    cron.rows("INSERT INTO wanzami.object_trash (key, reason) SELECT 'a' || n, 'x' FROM generate_series(1, 3) n")
    r = cron.command("run", "store-cleanup", S3_ENDPOINT="http://127.0.0.1:1")
    assert r.returncode == 1 and "object storage cannot be reached" in r.stdout
    assert cron.rows("SELECT sum(attempts) FROM wanzami.object_trash") == [(1,)]
    cron.rows("UPDATE wanzami.object_trash SET delete_after = now()")
    assert cron.command("run", "store-cleanup").returncode == 0
    assert cron.rows("SELECT count(*) FROM wanzami.object_trash") == [(0,)]


@pytest.mark.parametrize("roles", ["api", "transcode"])
def test_without_a_cron_task_other_roles_run_only_store_cleanup(cron, roles):
    cron.world.store.client().put_object(Bucket=cron.world.bucket, Key="poster/a", Body=b"x")
    cron.rows("INSERT INTO wanzami.object_trash (key, reason) VALUES ('poster/a', 'x')")
    cron.missed("store-cleanup", "5 minutes")
    cron.missed("upload-reaper")
    cron.world.start(roles=roles)
    wait_for(lambda: cron.rows("SELECT count(*) FROM wanzami.object_trash") == [(0,)], "the trash to be emptied")
    assert cron.world.store.keys(cron.world.bucket) == [] and cron.rows("SELECT DISTINCT name FROM wanzami.job_run") == [("store-cleanup",)]


def test_other_roles_leave_store_cleanup_to_the_cron_task(cron):
    """They run it only if nothing has run it for two minutes."""
    cron.rows("INSERT INTO wanzami.object_trash (key, reason) VALUES ('poster/a', 'x')")
    cron.missed("store-cleanup", "90 seconds")
    cron.world.start(roles="api")
    cron.world.start(roles="cron", **{**cron.off, "STORE_CLEANUP_CRON": "@every 1m"})
    wait_for(lambda: cron.rows("SELECT count(*) FROM wanzami.object_trash") == [(0,)], "the trash to be emptied")
    assert len(cron.rows("SELECT owner FROM wanzami.job_run")) == 1


def test_store_cleanup_keeps_objects_in_use(cron):
    for key in ("poster/a", "poster/b"):
        cron.world.store.client().put_object(Bucket=cron.world.bucket, Key=key, Body=b"x")
    cron.rows("INSERT INTO wanzami.object_trash (key, reason) VALUES ('poster/a', 'x'), ('poster/b', 'x')")
    cron.rows("""INSERT INTO "Title" (type, name, "posterUrl", "updatedAt") VALUES ('MOVIE', 'T', 'https://cdn/poster/b', now())""")
    r = cron.command("run", "store-cleanup")
    assert r.returncode == 0 and '{\\"removed\\":1}' in r.stdout, r.stdout
    assert list(cron.world.store.keys(cron.world.bucket)) == ["poster/b"]
    assert cron.rows("SELECT count(*) FROM wanzami.object_trash") == [(0,)]


def test_the_cron_role_runs_beside_an_api_with_the_same_port(cron):
    api = cron.world.start(roles="api", WORKERS=1)
    a = cron.start(PORT=api.port, UPLOAD_REAPER_CRON=EVERY_SECOND)
    wait_for(lambda: ("ok", True) in cron.runs(), "a run")
    assert any(line["msg"].startswith("the port is taken") for line in a.log_lines())
    assert a.stop() == 0 and api.healthy()


def test_mail_can_be_sent_by_hand(cron):
    cron.rows("""INSERT INTO wanzami.mail_outbox (to_address, template, vars)
        SELECT 'ada' || n || '@example.com', 'welcome', '{"name": "Ada", "email": "ada@example.com"}' FROM generate_series(1, 3) n""")
    cron.rows("INSERT INTO wanzami.mail_outbox (to_address, template, vars) VALUES ('bea@example.com', 'no such template', '{}')")
    r = cron.command("run", "mail")
    assert r.returncode == 0 and '{\\"sent\\":3,\\"unsent\\":1}' in r.stdout, r.stdout
    for n in (1, 2, 3):
        cron.world.mail.wait("ada%d@example.com" % n)
    assert cron.rows("SELECT count(*) FILTER (WHERE sent_at IS NOT NULL), count(*) FILTER (WHERE failed_at IS NOT NULL) FROM wanzami.mail_outbox") == [(3, 1)]
    r = cron.command("run", "mail", SMTP_HOST="")
    assert r.returncode == 1 and "mail is off" in r.stdout
