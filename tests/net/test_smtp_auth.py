"""Sign-in to an SMTP server: the choice of the mechanism, and the next one after a refusal."""
import pytest

import postfix as servers
from conftest import wait_for
from smtp_script import SmtpScript, attempt
from test_postfix import OPEN, enqueue

WEAK = "DIGEST-MD5 NTLM GSSAPI"


@pytest.fixture
def script(mail):
    with SmtpScript(mail.folder) as s:
        yield s


@pytest.mark.parametrize("offered, refused, setting, tried", [
    ("DIGEST-MD5 CRAM-MD5 NTLM LOGIN PLAIN", [], "auto", ["PLAIN"]),
    ("CRAM-MD5 LOGIN", [], "auto", ["LOGIN"]),
    ("CRAM-MD5 DIGEST-MD5 NTLM", [], "auto", ["CRAM-MD5"]),
    ("PLAIN LOGIN CRAM-MD5", ["PLAIN"], "auto", ["PLAIN", "LOGIN"]),
    ("PLAIN LOGIN CRAM-MD5", ["PLAIN", "LOGIN"], "auto", ["PLAIN", "LOGIN", "CRAM-MD5"]),
    ("PLAIN LOGIN CRAM-MD5", [], "login", ["LOGIN"]),
    ("PLAIN LOGIN CRAM-MD5", [], "cram-md5", ["CRAM-MD5"]),
    ("PLAIN LOGIN XOAUTH2", [], "xoauth2", ["XOAUTH2"]),
    ("PLAIN LOGIN CRAM-MD5", [], "none", []),
    ("", [], "auto", [])])
def test_the_best_mechanism_is_used_and_the_next_after_a_refusal(world, script, mail, offered, refused, setting, tried):
    script.mechanisms = offered
    script.reply = {"AUTH " + m: "504 5.5.4 not this one" for m in refused}
    assert attempt(world, script, mail, SMTP_AUTH=setting) == ("is sent", None)
    assert script.tried == tried and script.mails == 1


@pytest.mark.parametrize("offered, refused, setting, tried, said", [
    ("PLAIN LOGIN CRAM-MD5", ["PLAIN", "LOGIN", "CRAM-MD5"], "auto", ["PLAIN", "LOGIN", "CRAM-MD5"], "AUTH: 535 5.7.8 wrong"),
    ("PLAIN LOGIN", ["LOGIN"], "login", ["LOGIN"], "AUTH: 535 5.7.8 wrong"),
    ("PLAIN XOAUTH2", ["XOAUTH2"], "xoauth2", ["XOAUTH2"], "AUTH: 535 5.7.8 wrong"),
    (WEAK, [], "auto", [], "AUTH: the server offers %s, of which SMTP_AUTH=auto allows none" % WEAK),
    ("LOGIN", [], "plain", [], "AUTH: the server offers LOGIN, of which SMTP_AUTH=plain allows none")])
@pytest.mark.errors("no mail can be sent")
def test_without_a_mechanism_no_mail_is_sent(world, script, mail, offered, refused, setting, tried, said):
    script.mechanisms = offered
    script.reply = {"AUTH " + m: "535 5.7.8 wrong" for m in refused}
    assert attempt(world, script, mail, SMTP_AUTH=setting) == ("waits, and the relay is paused", said)
    assert script.tried == tried and script.mails == 0


def test_a_temporary_refusal_is_not_followed_by_another_mechanism(world, script, mail):
    script.mechanisms, script.reply = "PLAIN LOGIN", {"AUTH": "454 4.7.0 later"}
    assert attempt(world, script, mail) == ("waits, and the relay is paused", "AUTH: 454 4.7.0 later")
    assert script.tried == ["PLAIN"]


def test_a_relay_without_auth_needs_no_user(world, script, mail):
    script.mechanisms = ""
    assert attempt(world, script, mail, SMTP_AUTH="none", SMTP_USER="", SMTP_PASS="") == ("is sent", None)


@pytest.mark.errors("no mail can be sent")
def test_a_wrong_password_is_not_tried_with_every_mechanism_again_and_again(world, script, mail):
    """The first attempt tries all, each further one the next of them, until one works."""
    script.mechanisms, script.reply = "PLAIN LOGIN CRAM-MD5", {"AUTH": "535 5.7.8 wrong"}
    world.start("api", WORKERS=1, SMTP_PORT=script.port, SMTP_TLS="required", TLS_CA_FILE=mail.ca)
    enqueue(world, "a@x.test")

    def again():
        """Ends the pause and the mail's delay; a claim is longer."""
        world.rows("UPDATE wanzami.mail_relay SET paused_until = '-infinity'")
        world.rows("UPDATE wanzami.mail_outbox SET next_attempt_at = now() WHERE next_attempt_at < now() + interval '2 minutes'")
        return len(script.tried) >= 5
    wait_for(again, "three attempts", 60)
    assert script.tried[:5] == ["PLAIN", "LOGIN", "CRAM-MD5", "PLAIN", "LOGIN"]
    script.reply = {"AUTH PLAIN": "535 5.7.8 wrong", "AUTH LOGIN": "535 5.7.8 wrong"}
    wait_for(lambda: (again(), script.mails)[1], "the mail", 60)


@pytest.mark.skipif(not servers.available(), reason="needs root, Postfix and saslpasswd2")
@pytest.mark.parametrize("offered, method", [("PLAIN LOGIN CRAM-MD5 DIGEST-MD5 NTLM", "PLAIN"), ("LOGIN CRAM-MD5 DIGEST-MD5", "LOGIN"),
                                             ("CRAM-MD5 DIGEST-MD5 NTLM", "CRAM-MD5")])
def test_postfix_with_cyrus_sasl_accepts_each_mechanism(world, offered, method):
    server = servers.Postfix(offered)
    try:
        server.set(smtpd_relay_restrictions=OPEN)
        world.start("api", **server.env())
        enqueue(world, "ben@elsewhere.test")
        server.delivered("ben@elsewhere.test")
        assert "sasl_method=%s, sasl_username=%s@relay.test" % (method, server.user) in server.log()
    finally:
        server.close()
