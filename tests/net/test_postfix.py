"""Delivery to a real Postfix, with its refusals: the recipient is unknown, relaying is denied, the sender is not owned, the password is wrong."""
import pytest

import postfix as servers
from conftest import wait_for

pytestmark = pytest.mark.skipif(not servers.available(), reason="needs root, Postfix and saslpasswd2")
OPEN = "permit_sasl_authenticated, reject"


@pytest.fixture(scope="module")
def server():
    p = servers.Postfix()
    yield p
    p.close()


@pytest.fixture
def postfix(server):
    server.set(smtpd_relay_restrictions=OPEN, smtpd_sender_restrictions="", smtpd_sender_login_maps="")
    return server


def enqueue(world, to):
    return world.rows("""INSERT INTO wanzami.mail_outbox (to_address, template, vars) VALUES (%s, 'welcome', '{"name": "A"}') RETURNING id""", (to,))[0][0]


def error(world, mail_id):
    return wait_for(lambda: world.rows("SELECT last_error FROM wanzami.mail_outbox WHERE id = %s AND last_error IS NOT NULL", (mail_id,)), "an error", 60)[0][0]


def test_mail_is_delivered_and_an_unknown_recipient_is_final(world, postfix):
    world.start("api", **postfix.env())
    gone = enqueue(world, "nobody@x.test")
    assert error(world, gone).startswith("RCPT: 550 5.1.1 <nobody@x.test>: Recipient address rejected: User unknown")
    assert world.rows("SELECT failed_at IS NOT NULL FROM wanzami.mail_outbox WHERE id = %s", (gone,)) == [(True,)]
    for to in ("ada@x.test", "ben@elsewhere.test"):
        enqueue(world, to)
        postfix.delivered(to)
    wait_for(lambda: world.rows("SELECT failures, sent, given_up FROM wanzami.mail_relay") == [(0, 2, 1)], "the results to be stored")


@pytest.mark.parametrize("settings, env, said", [
    ({"smtpd_relay_restrictions": "reject_unauth_destination"}, {}, "RCPT: 554 5.7.1 <%s>: Relay access denied"),
    ({"smtpd_sender_restrictions": "reject_sender_login_mismatch", "smtpd_sender_login_maps": "inline:{ no-reply@wanzami.example=else }"}, {},
     "RCPT: 553 5.7.1 <no-reply@wanzami.example>: Sender address rejected: not owned by user mailer@relay.test"),
    ({}, {"SMTP_PASS": "wrong"}, "AUTH: 535 5.7.8 Error: authentication failed")], ids=["relay", "sender", "password"])
@pytest.mark.errors("no mail can be sent")
def test_a_refusal_about_us_gives_no_mail_up(world, postfix, settings, env, said):
    """All mails wait, few attempts are made, and all arrive when the cause is gone."""
    if settings:
        postfix.set(**settings)
    places = ["p%d-%d@elsewhere.test" % (n, postfix.port) for n in range(10)]
    ids = [enqueue(world, to) for to in places]
    a = world.start("api", **{**postfix.env(), **env})
    wait_for(lambda: world.rows("SELECT failures >= 2 FROM wanzami.mail_relay")[0][0], "two failures", 60)
    errors = [e for e, in world.rows("SELECT last_error FROM wanzami.mail_outbox WHERE last_error IS NOT NULL")]
    assert errors and all(e.startswith(said.split("%s")[0]) and e.split("%s")[-1] for e in errors), errors
    assert world.rows("SELECT sum(attempts) <= 4, count(failed_at), count(sent_at) FROM wanzami.mail_outbox") == [(True, 0, 0)]
    a.stop()
    postfix.set(smtpd_relay_restrictions=OPEN, smtpd_sender_restrictions="", smtpd_sender_login_maps="")
    world.start("api", **postfix.env())
    wait_for(lambda: world.rows("SELECT count(sent_at) FROM wanzami.mail_outbox") == [(len(ids),)], "all mails", 60)
    for to in places:
        postfix.delivered(to)
