"""Mail delivered to a real SMTP server: content, kinds of connection, and recovery from a crash of the server or the sender."""
import contextlib
import email.header
import json
import os
import re
import socket
import subprocess

import pytest

from listening import Listening
from services import clean_environment, command, free_port, run, wait_for

VERIFY = {"name": "Ada", "email": "Ada+films@Example.com", "token": "3f0c8a52-7d1e-4c0b-9a55-0d6b1c8d2e11"}
EVERY_SECOND = "* * * * * *"
FAR = "now() + interval '1 hour'"


def enqueue(world, to, template="verify", variables=None, when="now()"):
    """Queues a mail and returns its id."""
    return world.rows("INSERT INTO wanzami.mail_outbox (to_address, template, vars, next_attempt_at) VALUES (%s, %s, %s, " + when +
                      ") RETURNING id", (to, template, json.dumps(VERIFY if variables is None else variables)))[0][0]


def row(world, mail_id):
    keys = ("sent", "failed", "vars", "attempts", "error", "waiting")
    return dict(zip(keys, world.rows("SELECT sent_at IS NOT NULL, failed_at IS NOT NULL, vars, attempts, last_error, "
                                     "next_attempt_at > now() FROM wanzami.mail_outbox WHERE id = %s", (mail_id,))[0]))


def settled(world, mail_id, key):
    return wait_for(lambda: (lambda r: r if r[key] else None)(row(world, mail_id)), "mail %d to be %s" % (mail_id, key), 60)


def due(world, mail_id):
    """Makes a mail due at once, as if its delay or the lease of a killed sender were over."""
    world.rows("UPDATE wanzami.mail_outbox SET next_attempt_at = now() WHERE id = %s", (mail_id,))


def hurry(world, seconds=0):
    """Makes all mails due, and ends the pause in `seconds` or earlier, unless a probe is being sent."""
    world.rows("UPDATE wanzami.mail_outbox SET next_attempt_at = now() WHERE lease_token IS NULL")
    world.rows("UPDATE wanzami.mail_relay SET paused_until = least(paused_until, now() + %s * interval '1 second') WHERE probe IS NULL", (seconds,))


def parts(message):
    kinds = {p.get_content_type(): p.get_content() for p in message.walk() if not p.is_multipart()}
    return kinds["text/plain"], kinds["text/html"]


@pytest.mark.parametrize("template, subject, link", [
    ("verify", "Verify your Wanzami account", "https://films.example/verify-email?token=%s&email=Ada%%2Bfilms%%40Example.com" % VERIFY["token"]),
    ("reset", "Reset your Wanzami password", "https://films.example/reset-password?token=%s&email=Ada%%2Bfilms%%40Example.com" % VERIFY["token"]),
    ("invitation", "You're invited to Wanzami Admin",
     "https://staff.example/admin/accept-invite?token=%s&email=Ada%%2Bfilms%%40Example.com" % VERIFY["token"]),
    ("welcome", "Welcome to Wanzami", "https://films.example")])
def test_each_template_has_its_subject_and_link(world, mail, template, subject, link):
    world.start("api", APP_ORIGIN="https://films.example/", ADMIN_APP_ORIGIN="https://staff.example")
    mail_id = enqueue(world, "ada@example.com", template)
    [message] = mail.wait("ada@example.com")
    text, html = parts(message)
    assert message["Subject"] == subject
    assert (message["From"], message["To"]) == ("Wanzami <no-reply@wanzami.example>", "ada@example.com")
    assert (message.envelope_from, message.envelope_to) == ("no-reply@wanzami.example", ["ada@example.com"])
    assert message.get_content_type() == "multipart/alternative" and message["MIME-Version"] == "1.0"
    assert re.fullmatch(r"<%d\.\d+@wanzami\.example>" % mail_id, message["Message-ID"])
    assert message["Date"].datetime.utcoffset().total_seconds() == 0
    assert {h.replace("&amp;", "&") for h in re.findall('href="([^"]+)"', html)} == {link}
    assert link in text.split()
    assert "{{" not in text + html and ("Hi Ada," in html) == (template != "invitation")
    assert settled(world, mail_id, "sent")["vars"] is None


def test_links_use_the_default_origins(world, mail):
    world.start("api")
    for template, origin in (("verify", "http://localhost:3000/v"), ("invitation", "http://localhost:3001/admin"),
                             ("welcome", "https://wanzami.vercel.app")):
        enqueue(world, template + "@example.com", template)
        assert 'href="' + origin in parts(mail.wait(template + "@example.com")[0])[1]


def test_user_input_is_escaped_in_mails(world, mail):
    """Markup in a name is escaped; Unicode and long lines arrive unchanged."""
    name = "<b>Zoë</b> & \"Ọmọ\" 'ẹ́' \U0001f3ac"
    typed = name + "long " * 300 + "\r\n.\r\nBcc: x@example.com\n.end"
    world.start("api")
    enqueue(world, "zoe@example.com", "verify", {**VERIFY, "name": name})
    enqueue(world, "desk@example.com", "ticket", {"email": "a@example.com", "subject": "Help", "message": typed})
    [message] = mail.wait("desk@example.com")
    text, html = parts(message)
    assert re.sub("\r", "", typed) in text.replace("\r", "") and "&lt;b&gt;Zoë&lt;/b&gt;" in html
    assert message["Bcc"] is None and message.envelope_to == ["desk@example.com"]
    [message] = mail.wait("zoe@example.com")
    text, html = parts(message)
    assert "Hi %s," % name in text
    assert "&lt;b&gt;Zoë&lt;/b&gt; &amp; \"Ọmọ\" 'ẹ́'" in html and "<b>Zo" not in html
    assert message["Bcc"] is None and message.envelope_to == ["zoe@example.com"]


def test_a_name_in_a_mail_carries_no_message_and_no_link(world, mail):
    """Everybody can sign up with the address of somebody else."""
    world.start("api")
    enqueue(world, "a@example.com", "verify", {**VERIFY, "name": "You won!\r\n\r\nGo to https://evil.example/win or evil.example " + "now " * 100})
    for part in parts(mail.wait("a@example.com")[0]):
        [greeting] = re.findall("Hi (.*?),", part)
        assert greeting.startswith("You won! Go to https: evil. example/win or evil. example now") and len(greeting) == 100 and greeting.endswith("…")


@pytest.mark.parametrize("customer, answers_to", [("Ada@example.com", "Ada@example.com"), ("a@x.example, b@y.example", None),
                                                  ("a@x.example\r\nBcc: b@y.example", None)])
def test_answers_to_a_ticket_go_to_the_customer(world, mail, customer, answers_to):
    world.start("api")
    enqueue(world, "desk@example.com", "ticket", {"email": customer, "subject": "Help", "message": "Hello"})
    [message] = mail.wait("desk@example.com")
    assert message["Reply-To"] == answers_to and message["Bcc"] is None


def test_a_mail_to_a_user_without_a_name_says_hi_there(world, mail):
    world.start("api")
    enqueue(world, "who@example.com", "verify", {"email": "who@example.com", "token": "t"})
    assert "Hi there," in parts(mail.wait("who@example.com")[0])[0]


@pytest.mark.parametrize("sender, shown, name", [
    ("plain@films.example", "plain@films.example", ""),
    ("Wanzámi Nollywood <a@films.example>", "Wanzámi Nollywood <a@films.example>", "Wanzámi Nollywood"),
    ('Films, "the" best <a@films.example>', '"Films, \\"the\\" best" <a@films.example>', 'Films, "the" best'),
    ('"Wanzami, Inc." <a@films.example>', '"Wanzami, Inc." <a@films.example>', "Wanzami, Inc."),
    ('"The \\"Best\\"" <a@films.example>', '"The \\"Best\\"" <a@films.example>', 'The "Best"')])
def test_sender_names_are_encoded(world, mail, sender, shown, name):
    world.start("api", SMTP_FROM=sender)
    enqueue(world, "x@example.com")
    [message] = mail.wait("x@example.com")
    [address] = message["From"].addresses
    assert (address.display_name, address.addr_spec) == (name, shown.split("<")[-1].rstrip(">"))


HEADS = ["News", "Ọjọ́ " * 60, "plain words " * 30, "x" * 300, "a" + "é" * 200, "=?UTF-8?B?eA==?= as text", "two  blanks  " * 20, " blanks around ", "\U0001f3ac" * 50]


def test_header_lines_are_folded_and_encoded_words_are_short(world, mail):
    """Lines of at most 76 characters and encoded words of at most 75 (RFC 2047 §2), at each place of a subject; the text arrives unchanged."""
    sender = "Ẹgbẹ́ Wanzámi Nollywood " * 4 + "<no-reply@wanzami.example>"
    world.start("api", SMTP_FROM=sender)
    long_name = "a" * 60 + "+" + "b" * 180 + "@x.example"
    for n, subject in enumerate(HEADS):
        enqueue(world, "h%d@example.com" % n, "reply", {"subject": subject, "message": "Hello"})
    enqueue(world, long_name)
    for n, subject in enumerate(HEADS):
        [message] = mail.wait("h%d@example.com" % n)
        assert message["Subject"] == "Re: " + subject
        head = message.raw.split(b"\r\n\r\n")[0]
        assert max(map(len, head.split(b"\r\n"))) <= 76
        words = re.findall(rb"=\?UTF-8\?B\?[^?]*\?=", head)
        assert words and max(map(len, words)) <= 75
    [message] = mail.wait(long_name)
    assert str(email.header.make_header(email.header.decode_header(email.message_from_bytes(message.raw)["From"]))) == sender
    assert message["To"] == long_name and message.envelope_to == [long_name] and long_name.encode() in message.raw


def test_the_date_is_the_time_of_sending(world, mail):
    mail_id = enqueue(world, "a@example.com", when=FAR)
    world.rows("UPDATE wanzami.mail_outbox SET created_at = now() - interval '2 hours' WHERE id = %s", (mail_id,))
    world.start("api")
    due(world, mail_id)
    sent = mail.wait("a@example.com")[0]["Date"].datetime
    assert abs((sent - world.rows("SELECT now()")[0][0]).total_seconds()) < 3600


@pytest.mark.parametrize("address", ["a@x.example, b@y.example", "a@x.example\r\nRCPT TO:<b@y.example>", "<a@x.example>", "a", "a@", "@b",
                                     "a@b@c", "é@x.example", "a" * 250 + "@x.example"])
def test_an_invalid_email_address_gets_no_mail(world, mail, address):
    world.start("api")
    assert "address" in settled(world, enqueue(world, address), "failed")["error"]
    assert mail.messages == [] and mail.attempts == 0


def test_an_unknown_template_fails(world, mail):
    world.start("api")
    gone = settled(world, enqueue(world, "a@example.com", "../../kore.conf"), "failed")
    assert "no template" in gone["error"] and gone["vars"] is None


# Connections

def test_mail_is_sent_plain_with_starttls_and_with_implicit_tls(world, mail):
    """STARTTLS is used because the server offers it; AUTH on each kind."""
    for name, port, env in (("plain", mail.port, {}), ("starttls", mail.starttls_port, {}),
                            ("required", mail.starttls_port, {"SMTP_TLS": "required"}), ("implicit", mail.tls_port, {"SMTP_TLS": "implicit"})):
        a = world.start("api", SMTP_PORT=port, TLS_CA_FILE=mail.ca, **env)
        enqueue(world, name + "@example.com")
        [message] = mail.wait(name + "@example.com")
        assert message.over_tls == (name != "plain")
        assert a.stop() == 0
    assert mail.signed_in == ["plain", "tls", "tls", "tls"]


@pytest.mark.parametrize("tls", ["required", "implicit"])
def test_a_certificate_of_an_unknown_ca_is_refused(world, mail, tmp_path, tls):
    """The mail is kept until the CA is configured; neither mail nor password is sent."""
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "key", "-out",
                    "other.pem", "-days", "2", "-subj", "/CN=Test authority"], cwd=tmp_path, check=True, stderr=subprocess.DEVNULL)
    port = mail.tls_port if tls == "implicit" else mail.starttls_port
    a = world.start("api", SMTP_PORT=port, SMTP_TLS=tls, TLS_CA_FILE=tmp_path / "other.pem")
    mail_id = enqueue(world, "a@example.com")
    kept = settled(world, mail_id, "error")
    assert not kept["failed"] and kept["vars"] == VERIFY and kept["waiting"]
    assert mail.attempts == 0 and mail.signed_in == []
    a.stop()
    world.start("api", SMTP_PORT=port, SMTP_TLS=tls, TLS_CA_FILE=mail.ca)
    due(world, mail_id)
    mail.wait("a@example.com")


def test_undelivered_mail_has_an_address_of_its_own(world, mail):
    world.start("api", SMTP_BOUNCE="bounces@back.example")
    enqueue(world, "a@example.com")
    [message] = mail.wait("a@example.com")
    assert (message.envelope_from, message["From"]) == ("bounces@back.example", "Wanzami <no-reply@wanzami.example>")


def fingerprint(mail):
    said = subprocess.run(["openssl", "x509", "-noout", "-fingerprint", "-sha256", "-in", mail.folder + "/cert.pem"], check=True, capture_output=True, text=True)
    return said.stdout.strip().split("=")[1]


@pytest.mark.parametrize("port", ["starttls_port", "tls_port"])
def test_a_server_on_this_machine_needs_no_trusted_certificate(world, mail, port):
    world.start("api", SMTP_PORT=getattr(mail, port), SMTP_TLS="implicit" if port == "tls_port" else "auto", TLS_CA_FILE=mail.ca if port == "tls_port" else "")
    enqueue(world, "a@example.com")
    assert mail.wait("a@example.com")[0].over_tls


def test_a_pinned_certificate_alone_is_accepted(world, mail):
    """No CA has issued it. Another certificate, even of a trusted CA, is refused before a password is sent."""
    pin, other = fingerprint(mail), ":".join(["00"] * 32)
    a = world.start("api", SMTP_PORT=mail.starttls_port, SMTP_TLS_FINGERPRINT=other, TLS_CA_FILE=mail.ca)
    mail_id = enqueue(world, "a@example.com")
    assert settled(world, mail_id, "error")["error"] == "the certificate of the server is not the pinned one; its fingerprint is " + pin
    assert mail.attempts == 0 and mail.signed_in == []
    a.stop()
    for n, (text, tls) in enumerate([(pin, "auto"), (pin.replace(":", "").lower(), "required"), (pin, "implicit")]):
        a = world.start("api", SMTP_PORT=mail.tls_port if tls == "implicit" else mail.starttls_port, SMTP_TLS_FINGERPRINT=text, SMTP_TLS=tls)
        due(world, mail_id)
        enqueue(world, "b%d@example.com" % n)
        assert mail.wait("b%d@example.com" % n)[0].over_tls and mail.wait("a@example.com")
        a.stop()


def test_a_pinned_certificate_makes_tls_required(world, mail):
    world.start("api", SMTP_PORT=mail.port, SMTP_TLS_FINGERPRINT=fingerprint(mail))
    assert not settled(world, enqueue(world, "a@example.com"), "error")["failed"]
    assert mail.signed_in == [] and mail.messages == []


def test_no_password_is_sent_when_required_tls_is_not_offered(world, mail):
    world.start("api", SMTP_PORT=mail.port, SMTP_TLS="required")
    assert not settled(world, enqueue(world, "a@example.com"), "error")["failed"]
    assert mail.signed_in == [] and mail.messages == []


class Stripper(Listening):
    """A proxy in front of an SMTP server that removes STARTTLS from its responses. `heard` has the clients' bytes."""

    def __init__(self, port, listen=0, word=b"STARTTLS", instead=b"XXXXXXXX"):
        self.server, self.word, self.instead, self.heard = port, word, instead, b""
        super().__init__(port=listen)

    def accepted(self, client):
        server = socket.create_connection(("127.0.0.1", self.server))
        self.thread(self.pass_on, client, server, self.hear)
        self.thread(self.pass_on, server, client, lambda d: d.replace(self.word, self.instead) if self.word else d)

    def hear(self, data):
        self.heard += data
        return data

    @staticmethod
    def pass_on(source, target, change):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                target.sendall(change(data))
            target.shutdown(socket.SHUT_WR)


@pytest.mark.parametrize("place", ["production", "test"])
def test_stripped_starttls_is_refused(world, mail, place):
    """A man in the middle of a connection to a remote server hides STARTTLS: neither mail nor password is sent, and the reason is recorded.
    (0.0.0.0 reaches this machine without being one of its loopback names.)"""
    with Stripper(mail.port) as stripper:
        a = world.start("api", SMTP_HOST="0.0.0.0", SMTP_PORT=stripper.port, WANZAMI_ENV=place)
        kept = settled(world, enqueue(world, "a@example.com"), "error")
        assert not kept["failed"] and kept["vars"] == VERIFY
        assert b"EHLO" in stripper.heard and b"AUTH" not in stripper.heard and b"MAIL" not in stripper.heard
        assert a.stop() == 0
        world.start("api", SMTP_HOST="0.0.0.0", SMTP_PORT=stripper.port, WANZAMI_ENV="development")
        enqueue(world, "b@example.com")
        assert mail.wait("b@example.com")[0].over_tls is False


@pytest.mark.skipif(os.getuid() != 0, reason="port 465 is for root")
def test_port_465_uses_implicit_tls(world, mail):
    """One test for both values, because tests that run at the same time cannot share the port."""
    for tls, to in (("auto", "a@example.com"), ("required", "b@example.com")):
        with Stripper(mail.tls_port, 465, b"", b"") as passed:
            a = world.start("api", SMTP_PORT=465, SMTP_TLS=tls, TLS_CA_FILE=mail.ca)
            enqueue(world, to)
            assert mail.wait(to)[0].over_tls
            assert passed.heard[:2] == bytes([22, 3])
            assert a.stop() == 0


@pytest.mark.errors("no mail can be sent")
def test_a_wrong_smtp_password_keeps_the_mail(world, mail):
    """An operator can correct the configuration, so the mail waits."""
    a = world.start("api", SMTP_PASS="wrong")
    mail_id = enqueue(world, "a@example.com")
    kept = settled(world, mail_id, "error")
    assert not kept["failed"] and "AUTH" in kept["error"] and mail.messages == []
    a.stop()
    log = "".join(json.dumps(line) for line in a.log_lines())
    assert "wrong" not in log and VERIFY["token"] not in log
    world.start("api")
    due(world, mail_id)
    assert len(mail.wait("a@example.com")) == 1


# Refusals and faults

NAMES = {"MAIL": "MAIL", "RCPT": "RCPT", "DATA": "end of data"}  # MailServer refuses DATA after the last dot


@pytest.mark.parametrize("command, answer", [("RCPT", "550 5.1.1 no such user"), ("DATA", "550 5.2.1 mailbox disabled")])
def test_a_permanent_refusal_of_the_recipient_fails_the_mail(world, mail, command, answer):
    mail.refuse(command, answer)
    world.start("api")
    gone = settled(world, enqueue(world, "a@example.com"), "failed")
    assert gone["error"] == NAMES[command] + ": " + answer
    assert gone["vars"] is None and gone["attempts"] == 1 and not gone["sent"]
    mail.accept()
    enqueue(world, "next@example.com")
    mail.wait("next@example.com")
    assert mail.to("a@example.com") == []


@pytest.mark.parametrize("command, answer", [("MAIL", "451 4.3.0 later"), ("RCPT", "450 4.2.1 busy"), ("DATA", "452 4.3.1 full"),
                                             ("MAIL", "553 5.1.8 the sender is not known yet"), ("DATA", "554 5.7.1 not this text")])
@pytest.mark.errors("no mail can be sent")
def test_a_temporary_refusal_is_retried(world, mail, command, answer):
    mail.refuse(command, answer)
    world.start("api")
    mail_id = enqueue(world, "a@example.com")
    kept = settled(world, mail_id, "error")
    assert kept["error"] == NAMES[command] + ": " + answer and kept["waiting"] and kept["vars"] == VERIFY and not kept["failed"]
    mail.accept()
    hurry(world)
    assert len(mail.wait("a@example.com")) == 1
    assert settled(world, mail_id, "sent")["attempts"] == 2


@pytest.mark.parametrize("cause", ["recipient", "password", "no server"])
@pytest.mark.errors("no mail can be sent")
def test_a_mail_lives_for_three_days(world, mail, cause):
    """For every cause, and for a mail with any number of attempts."""
    mail.refuse("RCPT", "450 4.2.2 mailbox full")
    env = {"recipient": {}, "password": {"SMTP_PASS": "wrong"}, "no server": {"SMTP_HOST": "", "MAIL_CLEANUP_CRON": EVERY_SECOND}}[cause]
    young, old = (enqueue(world, "%s@example.com" % n, "welcome", when=FAR) for n in ("young", "old"))
    world.rows("UPDATE wanzami.mail_outbox SET attempts = 500, created_at = now() - interval '71 hours'")
    world.rows("UPDATE wanzami.mail_outbox SET created_at = now() - interval '73 hours' WHERE id = %s", (old,))
    a = world.start("cron", MAIL_CRON="off", **env)
    due(world, old)
    gone = settled(world, old, "failed")
    assert gone["vars"] is None
    if cause != "no server":
        assert gone["error"]
        world.rows("UPDATE wanzami.mail_relay SET paused_until = now()")
        due(world, young)
        assert settled(world, young, "error")["attempts"] == 501
    assert not row(world, young)["failed"] and row(world, young)["vars"] == VERIFY
    a.stop()
    mail.accept()
    world.start("api", MAIL_KEEP_HOURS=71)
    due(world, young)
    assert settled(world, young, "sent")["attempts"] == row(world, young)["attempts"]


@pytest.mark.parametrize("template, minutes", [("reset", 60), ("verify", 24 * 60)])
def test_a_mail_whose_link_has_expired_is_dropped(world, mail, template, minutes):
    ids = [enqueue(world, "m%d@example.com" % n, template, when=FAR) for n in range(2)]
    for n, mail_id in zip((-1, 1), ids):
        world.rows("UPDATE wanzami.mail_outbox SET created_at = now() - %s * interval '1 minute', next_attempt_at = now() WHERE id = %s", (minutes + n, mail_id))
    world.start("api")
    assert settled(world, ids[0], "sent") and settled(world, ids[1], "failed")["error"] == "its link has expired"
    assert mail.to("m1@example.com") == []


def relay(world, columns="failures"):
    return world.rows("SELECT %s FROM wanzami.mail_relay" % columns)[0]


@pytest.mark.errors("no mail can be sent")
def test_a_failure_about_us_pauses_the_whole_queue(world, mail):
    """Many waiting mails, four senders, a wrong password: one probe at a time goes out. The corrected password sends all."""
    ids = [enqueue(world, "m%d@example.com" % n) for n in range(200)]
    env = {"SMTP_PASS": "wrong"}
    senders = [world.start("api", WORKERS=2, **env), world.start("cron", **env)]
    for n in range(4):
        wait_for(lambda: relay(world)[0] > n, "failure %d" % (n + 1), 90)
        hurry(world, 2)
    assert [world.rows("SELECT sum(attempts) FROM wanzami.mail_outbox")[0][0], mail.messages] in ([n, []] for n in (4, 5, 6, 7, 8))
    assert world.rows("SELECT count(*) FROM wanzami.mail_outbox WHERE failed_at IS NOT NULL") == [(0,)]
    errors = [line for a in senders for line in a.log_lines() if line["level"] == "error"]
    assert [line["msg"] for line in errors] == ["no mail can be sent"] and "AUTH" in errors[0]["error"]
    assert re.search(r"^  *paused +since .* failures, next try at .*: AUTH: 535", run("status", **world.env).stdout, re.M)
    for a in senders:
        a.stop()
    hurry(world)
    world.start("api")
    wait_for(lambda: relay(world, "failures, sent") == (0, 200), "all mails to be sent", 120)
    assert relay(world, "failures, error, since, probe, alarmed, given_up") == (0, None, None, None, False, 0)
    assert all(row(world, i)["sent"] for i in ids)


@pytest.mark.parametrize("answer", ["554 5.7.1 <m@example.com>: Relay access denied", "553 5.7.1 <a@x.example>: Sender address rejected: not owned by user"])
@pytest.mark.errors("no mail can be sent")
def test_a_refusal_about_us_gives_nothing_up(world, mail, answer):
    mail.refuse("RCPT", answer)
    ids = [enqueue(world, "m%d@example.com" % n) for n in range(20)]
    world.start("api")
    wait_for(lambda: relay(world)[0] >= 2, "two failures")
    assert world.rows("SELECT sum(attempts) <= 3, count(failed_at) FROM wanzami.mail_outbox") == [(True, 0)]
    mail.accept()
    hurry(world)
    for mail_id in ids:
        settled(world, mail_id, "sent")


@pytest.mark.parametrize("answer", ["550 5.1.1 no", "550 Sorry, mail #ATTEMPT# of you is not wanted (ticket #ATTEMPT#7)."])
@pytest.mark.errors("no mail can be sent")
def test_the_same_refusal_of_several_recipients_is_about_us(world, mail, answer):
    """The mails that were given up for it wait again."""
    mail.refuse("RCPT", answer)
    ids = [enqueue(world, "m%d@example.com" % n) for n in range(5)]
    world.start("api")
    wait_for(lambda: relay(world)[0] >= 1, "the pause")
    assert world.rows("SELECT count(failed_at), count(vars) FROM wanzami.mail_outbox") == [(0, 5)] and relay(world, "given_up") == (2,)
    mail.accept()
    for mail_id in ids:
        settled(world, mail_id, "sent")
    assert world.rows("SELECT FROM wanzami.mail_doubt") == []


@pytest.mark.errors("no mail can be sent")
def test_the_same_refusal_is_final_when_the_server_accepts_others(world, mail):
    """Recipients that do not exist, three in a row, are given up once another mail has shown that the server accepts ours."""
    mail.refuse_to["m"] = "550 5.1.1 no such user"
    ids = [enqueue(world, "m%d@example.com" % n) for n in range(3)]
    world.start("api")
    wait_for(lambda: relay(world)[0] >= 1, "the pause")
    enqueue(world, "other@example.com")
    mail.wait("other@example.com", seconds=60)
    for mail_id in ids:
        assert settled(world, mail_id, "failed")["vars"] is None
    assert relay(world, "failures, given_up, sent") == (0, 5, 1) and world.rows("SELECT FROM wanzami.mail_doubt WHERE state <> 'refused'") == []


@pytest.mark.errors("no mail can be sent")
def test_one_bad_mail_does_not_stop_the_others(world, mail):
    """Its text is refused each time, as if it were about us. The others are sent after a pause."""
    mail.refuse_to["bad"] = "554 5.7.1 rejected"
    bad = enqueue(world, "bad@example.com")
    world.start("api")
    settled(world, bad, "error")
    good = [enqueue(world, "m%d@example.com" % n) for n in range(20)]
    for mail_id in good:
        settled(world, mail_id, "sent")
    assert not row(world, bad)["sent"] and not row(world, bad)["failed"]


@pytest.mark.errors("no mail can be sent")
def test_equal_warnings_become_one_with_their_number(world, mail):
    """Their number is written when a mail has been sent."""
    mail.refuse("MAIL", "450 4.7.1 try later")
    mail_id = enqueue(world, "a@example.com")
    a = world.start("api", WORKERS=1)

    def failures(n):
        world.rows("UPDATE wanzami.mail_relay SET paused_until = now(); UPDATE wanzami.mail_outbox SET next_attempt_at = now()")
        return relay(world)[0] >= n
    wait_for(lambda: failures(4), "four failures")
    mail.accept()
    world.rows("UPDATE wanzami.mail_relay SET paused_until = now(); UPDATE wanzami.mail_outbox SET next_attempt_at = now()")
    attempts = settled(world, mail_id, "sent")["attempts"]
    warnings = [(line["msg"], line.get("mails")) for line in a.log_lines() if line.get("error") == "MAIL: 450 4.7.1 try later"]
    assert warnings == [("mail not sent yet", None), ("mails not sent yet", attempts - 2)], (warnings, attempts)


def test_a_reset_goes_before_a_campaign(world, mail):
    campaign = world.rows("INSERT INTO wanzami.campaign (subject, html) VALUES ('News', 'x') RETURNING id")[0][0]
    world.rows("""INSERT INTO wanzami.mail_outbox (to_address, template, vars, campaign_id, next_attempt_at)
        SELECT 'c' || n || '@example.com', 'campaign', '{}', %s, now() - interval '1 hour' FROM generate_series(1, 50) n""", (campaign,))
    kinds = ["verify", "reset", "welcome"]
    for kind in kinds:
        enqueue(world, kind + "@example.com", kind)
    world.start("api", WORKERS=1)
    wait_for(lambda: len(mail.messages) == 53, "all mails", 60)
    assert [m["To"].split("@")[0] for m in mail.messages[:3]] == kinds


def test_all_lines_of_a_refusal_are_kept(world, mail):
    mail.refuse("RCPT", "550-5.1.1 no such user\r\n550-5.1.1 ask postmaster@x.example\r\n550 5.1.1 bye")
    world.start("api")
    assert settled(world, enqueue(world, "a@example.com"), "failed")["error"] == \
        "RCPT: 550-5.1.1 no such user 550-5.1.1 ask postmaster@x.example 550 5.1.1 bye"


def test_mail_waits_for_a_server_that_is_down(world, mail):
    mail.kill()
    world.start("api")
    mail_id = enqueue(world, "a@example.com")
    assert not settled(world, mail_id, "error")["failed"]
    mail.start()
    assert len(mail.wait("a@example.com")) == 1


def test_a_kill_of_the_mail_server_during_delivery_loses_no_mail(world, mail):
    mail.hold()
    world.start("api")
    mail_id = enqueue(world, "a@example.com")
    wait_for(lambda: mail.attempts, "the delivery to begin")
    mail.kill()
    assert not settled(world, mail_id, "error")["failed"]
    mail.release()
    mail.start()
    settled(world, mail_id, "sent")
    assert len({m["Message-ID"] for m in mail.wait("a@example.com")}) == 1


def test_a_kill_of_the_sender_during_delivery_loses_no_mail(world, mail):
    """When the lease of the killed sender has expired, another sends the mail with the same Message-ID."""
    mail.hold()
    a = world.start("api")
    mail_id = enqueue(world, "a@example.com")
    wait_for(lambda: mail.attempts, "the delivery to begin")
    a.kill()
    claimed = row(world, mail_id)
    assert not claimed["sent"] and claimed["vars"] == VERIFY and claimed["waiting"]
    mail.release()
    a.start().wait_healthy()
    due(world, mail_id)
    assert settled(world, mail_id, "sent")["attempts"] == 2
    assert len({m["Message-ID"] for m in mail.wait("a@example.com")}) == 1


def test_a_test_campaign_is_not_repeated_after_a_kill(world, mail):
    """Its mail may have arrived, and the administrator has had an answer."""
    mail.hold()
    a = world.start("api")
    campaign, = world.rows("INSERT INTO wanzami.campaign (subject, html) VALUES ('News', 'x') RETURNING id")[0]
    mail_id, = world.rows("""INSERT INTO wanzami.mail_outbox (to_address, template, vars, campaign_id, once)
        VALUES ('a@example.com', 'campaign', '{}', %s, true) RETURNING id""", (campaign,))[0]
    wait_for(lambda: mail.attempts, "the delivery to begin")
    a.kill()
    mail.release()
    due(world, mail_id)
    a.start().wait_healthy()
    settled(world, enqueue(world, "b@example.com"), "sent")
    assert row(world, mail_id)["attempts"] == 1 and not row(world, mail_id)["failed"]
    world.start("cron", MAIL_CLEANUP_CRON=EVERY_SECOND)
    assert settled(world, mail_id, "failed")["error"] == "the process that sent it has ended; it may have arrived"


def test_mail_is_sent_while_old_mail_is_deleted(world, mail):
    """A deletion that waits for a locked row does not hold the row of the relay, for which each sender would wait."""
    old = enqueue(world, "old@example.com", when=FAR)
    world.rows("UPDATE wanzami.mail_outbox SET sent_at = now() - interval '91 days', vars = NULL WHERE id = %s", (old,))
    with contextlib.closing(world.postgres.connect(world.env["DATABASE_URL"].rsplit("/", 1)[1])) as held:
        held.cursor().execute("BEGIN; SELECT FROM wanzami.mail_outbox WHERE id = %s FOR UPDATE", (old,))
        world.start("cron", MAIL_CLEANUP_CRON=EVERY_SECOND)
        wait_for(lambda: world.rows("SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%forgotten%'"), "the deletion to wait")
        assert settled(world, enqueue(world, "a@example.com"), "sent")
    wait_for(lambda: world.rows("SELECT count(*) FROM wanzami.mail_outbox WHERE id = %s" % old) == [(0,)], "the old mail to be deleted")


def test_a_cleanup_gives_up_more_mails_than_a_batch(world, mail):
    world.rows("""INSERT INTO wanzami.mail_outbox (to_address, template, vars, next_attempt_at, created_at)
        SELECT 'm' || n || '@example.com', 'welcome', '{}', now() + interval '1 hour', now() - interval '73 hours' FROM generate_series(1, 1201) n""")
    r = run("job", "run", "mail-cleanup", **world.env)
    assert r.returncode == 0, r.stderr
    assert world.rows("SELECT count(failed_at), min(last_error) FROM wanzami.mail_outbox") == [(1201, "nothing to send it with")]
    assert relay(world, "given_up") == (1201,)


def test_repeated_kills_of_the_sender_lose_no_mail(world, mail):
    """Many mails are waiting. Each arrives, and a mail that arrives twice has the same Message-ID."""
    ids = {"n%d@example.com" % n: enqueue(world, "n%d@example.com" % n) for n in range(60)}
    a = world.start("api")
    for seen in (5, 15, 30):
        wait_for(lambda: len(mail.messages) >= seen, "%d mails" % seen)
        a.kill()
        world.rows("UPDATE wanzami.mail_outbox SET next_attempt_at = now() WHERE vars IS NOT NULL")
        a.start().wait_healthy()
    for to, mail_id in ids.items():
        settled(world, mail_id, "sent")
        assert {m["Message-ID"].split(".")[0] for m in mail.wait(to)} == {"<%d" % mail_id}


def test_sigterm_lets_a_delivery_finish(world, mail):
    mail.hold()
    a = world.start("api")
    mail_id = enqueue(world, "a@example.com")
    wait_for(lambda: mail.attempts, "the delivery to begin")
    a.process.terminate()
    wait_for(lambda: not a.healthy(), "/health to fail")
    mail.release()
    assert a.process.wait(30) == 0
    assert row(world, mail_id)["sent"] and len(mail.to("a@example.com")) == 1


def test_concurrent_senders_send_each_mail_once(world, mail):
    ids = [enqueue(world, "m%d@example.com" % n) for n in range(40)]
    world.start("api", WORKERS=2)
    world.start("cron")
    for mail_id in ids:
        assert settled(world, mail_id, "sent")["attempts"] == 1
    assert sorted(m["To"] for m in mail.messages) == sorted("m%d@example.com" % n for n in range(40))


def test_a_kill_of_the_database_during_delivery_sends_no_mail_twice(world, mail, postgres):
    """The result is recorded when the database is back."""
    mail.hold()
    world.start("api")
    mail_id = enqueue(world, "a@example.com")
    wait_for(lambda: mail.attempts, "the delivery to begin")
    world.db.close()
    postgres.kill()
    mail.release()
    mail.wait("a@example.com")
    postgres.start()
    assert settled(world, mail_id, "sent")["attempts"] == 1
    assert len(mail.to("a@example.com")) == 1


def test_a_mail_server_that_hangs_delays_no_request(world, mail):
    mail.hold()
    a = world.start("api")
    enqueue(world, "a@example.com")
    wait_for(lambda: mail.attempts, "the delivery to begin")
    assert all(a.get("/api/titles").status_code == 200 for _ in range(20))


def test_only_roles_with_a_sender_send_mail(world, mail):
    world.start("transcode")
    mail_id = enqueue(world, "a@example.com")
    world.start("cron")
    assert settled(world, mail_id, "sent")["attempts"] == 1


# Without a mail server

def test_without_a_mail_server_mail_is_kept(world, mail):
    a = world.start("api", SMTP_HOST="")
    mail_id = enqueue(world, "a@example.com")
    wait_for(lambda: any("mail is off" in line["msg"] for line in a.log_lines()), "the warning")
    assert a.get("/health/ready").status_code in (200, 503)
    assert row(world, mail_id)["attempts"] == 0 and row(world, mail_id)["vars"] == VERIFY
    a.stop()
    assert VERIFY["token"] not in json.dumps(a.log_lines())
    world.start("api")
    mail.wait("a@example.com")


def test_without_a_mail_server_mail_is_logged_in_development(world, mail):
    a = world.start("api", SMTP_PASS="", WANZAMI_ENV="development")
    mail_id = enqueue(world, "ada@example.com")
    assert settled(world, mail_id, "sent")["vars"] is None
    [line] = [line for line in a.log_lines() if line.get("to") == "ada@example.com"]
    assert "/verify-email?token=" + VERIFY["token"] in line["text"] and line["subject"] == "Verify your Wanzami account"
    assert mail.messages == []


@pytest.mark.parametrize("name, value", [("SMTP_PORT", "0"), ("SMTP_FROM", "Wanzami"), ("SMTP_FROM", "A <a@b.example>, B <b@b.example>"),
                                         ("SMTP_FROM", "A\nBcc: b@b.example <a@b.example>"), ("SMTP_HOST", "mail.example/x"),
                                         ("SMTP_TLS", "maybe"), ("SMTP_AUTH", "digest-md5"), ("SMTP_BOUNCE", "A <a@b.example>"), ("SMTP_TLS_FINGERPRINT", "00:11"), ("TLS_CA_FILE", "/nowhere"), ("TLS_CA_FILE", __file__)])
def test_an_invalid_setting_prevents_the_start(name, value):
    r = run(**{"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/nothing", "PORT": free_port(), name: value})
    assert r.returncode == 1 and name in r.stderr and len(r.stderr.splitlines()) == 1
