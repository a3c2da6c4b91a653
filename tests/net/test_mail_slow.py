"""Mail while the server takes long to accept some of it."""
import pytest

from conftest import wait_for
from smtp_script import SmtpScript
from test_mail import enqueue


@pytest.fixture
def script(mail):
    with SmtpScript(mail.folder) as s:
        yield s


def campaign(world, count=10):
    """Queues a campaign to c0@x.test and so on."""
    number, = world.rows("INSERT INTO wanzami.campaign (subject, html) VALUES ('News', 'x') RETURNING id")[0]
    world.rows("""INSERT INTO wanzami.mail_outbox (to_address, template, vars, campaign_id)
        SELECT 'c' || n || '@x.test', 'campaign', '{}', %s FROM generate_series(0, %s - 1) n""", (number, count))


def start(world, script, mail, roles="api", **env):
    return world.start(roles, SMTP_PORT=script.port, TLS_CA_FILE=mail.ca, **env)


def held(script, count):
    wait_for(lambda: len(script.held) == count, "%d mails to be held" % count, 60)


def taken(script, to):
    wait_for(lambda: to in script.taken, "the mail to " + to, 30)


@pytest.mark.parametrize("api, cron", [(1, 0), (2, 1)])
def test_a_reset_leaves_while_every_worker_waits_with_a_campaign(world, script, mail, api, cron):
    """A worker has two connections at most, and one mail of a campaign at a time."""
    script.slow_to = "c"
    campaign(world)
    start(world, script, mail, WORKERS=api)
    if cron:
        start(world, script, mail, "cron", WORKERS=cron)
    workers = api + cron
    held(script, workers)
    for kind in ("verify", "reset", "welcome"):
        enqueue(world, kind + "@x.test", kind)
        taken(script, kind + "@x.test")
    assert len(script.held) == workers and script.most <= 2 * workers
    script.release()
    for n in range(10):
        taken(script, "c%d@x.test" % n)
    wait_for(lambda: world.rows("SELECT sum(attempts), count(sent_at) FROM wanzami.mail_outbox") == [(13, 13)], "the results")
    assert sorted(script.taken) == sorted(set(script.taken))


def test_a_reset_does_not_wait_for_another_mail_that_is_slow(world, script, mail):
    """A campaign does."""
    script.slow_to = "slow"
    enqueue(world, "slow@x.test", "welcome")
    start(world, script, mail, WORKERS=1)
    held(script, 1)
    campaign(world, 3)
    enqueue(world, "a@x.test", "reset")
    taken(script, "a@x.test")
    enqueue(world, "b@x.test", "reset")
    taken(script, "b@x.test")
    assert script.taken == ["a@x.test", "b@x.test"]
    script.release()
    taken(script, "c2@x.test")


def test_a_reset_does_not_wait_for_the_probe_of_a_campaign(world, script, mail):
    """After a failure only the probe goes out. Another mail takes its place; a further campaign does not."""
    script.slow_to = "c"
    world.rows("UPDATE wanzami.mail_relay SET failures = 3, since = now(), error = 'no answer'")
    campaign(world)
    start(world, script, mail, WORKERS=2)
    held(script, 1)
    assert world.rows("SELECT failures, paused_until > now() FROM wanzami.mail_relay") == [(3, True)]
    enqueue(world, "a@x.test", "reset")
    taken(script, "a@x.test")
    wait_for(lambda: world.rows("SELECT failures, probe FROM wanzami.mail_relay") == [(0, None)], "the end of the pause")
    held(script, 2)
    script.release()
    taken(script, "c9@x.test")


def test_sigterm_lets_both_deliveries_finish(world, script, mail):
    script.slow_to = ("c", "a")
    campaign(world, 1)
    a = start(world, script, mail, WORKERS=1)
    held(script, 1)
    enqueue(world, "a@x.test", "reset")
    held(script, 2)
    a.process.terminate()
    wait_for(lambda: not a.healthy(), "/health to fail")
    script.release()
    assert a.process.wait(30) == 0
    assert world.rows("SELECT sum(attempts), count(sent_at) FROM wanzami.mail_outbox") == [(2, 2)]
