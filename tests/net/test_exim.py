"""Delivery to a real Exim, whose refusals have no enhanced status codes, over STARTTLS with its self-signed certificate."""
import pytest

import exim as servers
from conftest import wait_for
from test_postfix import enqueue, error

pytestmark = pytest.mark.skipif(not servers.available(), reason="needs root and the Exim of build/setup.sh")
QUOTA = "550-Domain wanzami.example has exceeded the max emails per hour (100/100 550 (100%)) allowed. Message discarded."  # two lines


@pytest.fixture(scope="module")
def server():
    e = servers.Exim()
    yield e
    e.close()


@pytest.fixture
def exim(server):
    server.accept()
    return server


@pytest.mark.parametrize("setting, method", [("auto", "A=plain:"), ("login", "A=login:"), ("cram-md5", "A=cram:")])
def test_mail_is_delivered_with_each_mechanism(world, exim, setting, method):
    world.start("api", SMTP_AUTH=setting, SMTP_BOUNCE="back@wanzami.example", **exim.env())
    to = "ben-%s@elsewhere.test" % setting
    enqueue(world, to)
    received = exim.delivered(to)
    assert method + exim.user in received and "P=esmtpsa" in received and "<= back@wanzami.example " in received


def test_an_unknown_recipient_is_final(world, exim):
    world.start("api", SMTP_AUTH="none", **exim.env())
    gone = enqueue(world, "nobody@x.test")
    assert error(world, gone) == "RCPT: 550 Unknown user"
    assert world.rows("SELECT failed_at IS NOT NULL FROM wanzami.mail_outbox WHERE id = %s", (gone,)) == [(True,)]
    enqueue(world, "ada@x.test")
    exim.delivered("ada@x.test")


@pytest.mark.parametrize("name, env, said", [
    ("limit", {}, "RCPT: " + QUOTA), ("relay", {"SMTP_AUTH": "none"}, "RCPT: 550 relay not permitted"),
    ("password", {"SMTP_PASS": "wrong"}, "AUTH: 535 Incorrect authentication data")], ids=["quota", "relay", "password"])
@pytest.mark.errors("no mail can be sent")
def test_a_refusal_about_us_gives_no_mail_up(world, exim, name, env, said):
    """Without a status code the third refusal in a row shows that it is about us; the mails that were given up before wait again."""
    if name == "limit":
        exim.say(name)
    places = ["%s-%d@elsewhere.test" % (name, n) for n in range(10)]
    for to in places:
        enqueue(world, to)
    a = world.start("api", **{**exim.env(), **env})
    wait_for(lambda: world.rows("SELECT failures > 0 FROM wanzami.mail_relay")[0][0], "the pause", 60)
    assert world.rows("SELECT DISTINCT last_error FROM wanzami.mail_outbox WHERE last_error IS NOT NULL") == [(said,)]
    assert world.rows("SELECT sum(attempts) <= 6, count(failed_at), count(sent_at) FROM wanzami.mail_outbox") == [(True, 0, 0)]
    a.stop()
    exim.accept()
    world.start("api", **exim.env())
    wait_for(lambda: world.rows("SELECT count(sent_at) FROM wanzami.mail_outbox") == [(len(places),)], "all mails", 60)
    for to in places:
        exim.delivered(to)


def test_a_mail_that_is_too_large_waits_and_pauses_no_other(world, exim):
    exim.say("small")
    world.start("api", **exim.env())
    large = enqueue(world, "ben@elsewhere.test")
    assert error(world, large) == "MAIL: 552 Message size exceeds maximum permitted"
    assert world.rows("SELECT failed_at FROM wanzami.mail_outbox WHERE id = %s", (large,)) == [(None,)]
    assert world.rows("SELECT failures FROM wanzami.mail_relay") == [(0,)]
