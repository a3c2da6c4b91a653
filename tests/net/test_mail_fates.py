"""The fate of a mail after each reply that an SMTP server can give, compared with the table of docs/mail.md."""
import os
import re
import ssl

import pytest

from conftest import ROOT
from smtp_script import STEPS, SmtpScript, attempt

CODES = ["421", "450", "451", "452", "454", "500", "521", "550", "551", "552", "553", "554", "556"]
STATUS = ["1.1", "1.7", "1.8", "1.10", "2.1", "2.2", "3.4", "4.1", "5.0", "6.1", "7.1"]


def table(heading="| step | reply | status code | the mail |"):
    """Returns the rows of a table: steps, replies, status codes, fate."""
    with open(os.path.join(ROOT, "docs", "mail.md")) as f:
        lines = f.read().split(heading + "\n")[1].splitlines()[1:]
    rows = [[c.strip() for c in line.strip("|").split("|")] for line in lines[:lines.index("")]]
    return [[*(cell.split(", ") for cell in row[:3]), row[3]] for row in rows]


def going_on(step, reply, tls):
    """Returns how the session goes on after the reply, by the table of replies that do not end it; None if it does not."""
    code = reply.partition(" ")[0]
    for steps, replies, modes, then in table("| step | reply | `SMTP_TLS` | then |"):
        wanted, _, but = ", ".join(replies).partition(" except ")
        if step in steps and any(fits(r, code) for r in wanted.split(", ")) and code != but and (modes == ["any"] or tls in modes):
            return then
    return None


def fits(pattern, text):
    return re.fullmatch(re.escape(pattern).replace("x", r"\d+"), text) is not None


def expected(step, reply):
    """Returns the fate that the first fitting row has."""
    code, _, rest = reply.partition(" ")
    status = re.match(r"[45]\.\d+\.\d+", rest)
    for steps, replies, statuses, fate in table():
        if step in steps and any(fits(r, code) for r in replies) and (
                statuses == ["any"] or any(fits(s, status[0]) if status else s == "none" for s in statuses)):
            return fate
    raise AssertionError("no row of docs/mail.md fits %s %s" % (step, reply))


def orders():
    """Each session goes well up to one step and has there each kind of reply."""
    for step in STEPS:
        yield from ((step, reply) for reply in ("cut", "silence", "451 4.3.0 later", "554 no"))
        if STEPS.index(step) < STEPS.index("RCPT"):
            yield from ((step, reply) for reply in ("421 4.7.0 later", "450 no", "550 5.7.1 no", "550 5.1.1 no", "552 no", "552 5.3.4 no"))
            continue
        yield from ((step, "552 5.%s no" % status) for status in ("2.2", "2.3", "3.4", "7.0"))
        yield from ((step, code + " no") for code in CODES)
        yield from ((step, "%s %s.%s no" % (code, code[0], status)) for code in ("450", "550") for status in STATUS)
        yield from ((step, reply) for reply in ("421 4.2.1 no", "550 4.1.1 no", "450 5.1.1 no"))
    yield from [("RCPT", "553 sorry (#5.7.1)"), ("end of data", "250 ok")]


@pytest.fixture
def script(mail):
    with SmtpScript(mail.folder) as s:
        yield s


@pytest.mark.parametrize("step", STEPS)
def test_the_fate_of_a_mail_is_that_of_the_table(world, script, mail, step):
    for at, reply in orders():
        if at != step:
            continue
        script.reply = {step: reply}
        fate, why = attempt(world, script, mail, 2 if reply == "silence" else 60)
        qmail = "553 5.7.1" if "#5.7.1" in reply else reply
        assert (reply, fate) == (reply, expected(step, qmail)), why
        assert script.steps[-1] == step and [s for s in STEPS if s in script.steps] == STEPS[:STEPS.index(step) + 1]
        if reply[0].isdigit() and fate != "is sent":
            assert why == step + ": " + reply


KINDS = ["cut", "silence", "421 4.7.0 later", "451 4.3.0 later", "454 4.7.0 later", "502 5.5.1 what", "550 5.7.1 no", "554 no"]
SAYS = {"HELO": "EHLO", "second EHLO": "EHLO"}


def said(step, why, reply):
    assert why == SAYS.get(step, step) + ": " + reply if reply[0].isdigit() else why and not re.search(r"\b[245]\d\d\b", why), (why, reply)


@pytest.mark.parametrize("tls, steps", [("off", ["EHLO", "HELO"]), ("auto", ["EHLO", "HELO", "STARTTLS", "second EHLO"]), ("implicit", ["EHLO", "HELO"]),
                                        ("required", ["EHLO", "STARTTLS", "second EHLO", "HELO"])])
def test_a_session_begins_with_what_the_server_knows(world, script, mail, tls, steps):
    """EHLO refused, then HELO; STARTTLS refused; EHLO after STARTTLS refused."""
    script.implicit = tls == "implicit"
    for step in steps:
        for reply in KINDS:
            script.reply = {step: reply}
            if step == "HELO":
                script.reply["second EHLO" if tls == "required" else "EHLO"] = "502 5.5.1 what"
            fate, why = attempt(world, script, mail, 2 if reply == "silence" else 60, SMTP_TLS=tls)
            then = going_on(step, reply, tls)
            assert (step, reply, fate) == (step, reply, "is sent" if then else expected(step, reply)), why
            after = script.steps[script.steps.index(step) + 1:]
            mailed = ["MAIL", "RCPT", "DATA", "end of data"]
            assert after == {None: [], "HELO": ["HELO", *mailed], "sign-in without TLS": ["AUTH", *mailed]}[then], (step, reply)
            if not then:
                said(step, why, reply)


@pytest.mark.parametrize("step", ["between", "MAIL", "RCPT", "DATA", "end of data"])
def test_the_fate_of_a_second_mail_over_a_kept_connection(world, script, mail, step):
    script.kept = True
    for reply in ["cut"] if step == "between" else [*KINDS, "550 5.1.1 no", "450 4.2.1 busy", "552 5.3.4 too large"]:
        script.reply = {step: reply}
        fate, why = attempt(world, script, mail, 2 if reply == "silence" else 60, before="b@x.test")
        again = going_on({"between": "between two mails"}.get(step, step + " of a second mail"), reply, "required") == "a new connection"
        assert (step, reply, fate, script.sessions) == (step, reply, "is sent" if again else expected(step, reply), 1 + again), why
        assert script.mails == 1 + again
        if not again:
            said(step, why, reply)


@pytest.mark.parametrize("reply", ["cut", "421 4.7.0 too many"])
def test_a_new_connection_is_not_followed_by_another(world, script, mail, reply):
    script.reply = {"MAIL": reply}
    assert attempt(world, script, mail)[0] == "waits, and the relay is paused" and script.sessions == 1


@pytest.mark.parametrize("reply", ["550 relay not permitted", "550 Relaying denied", "554 Unable to relay for a@example.com", "553 sorry, Relay access denied",
                                   "550 Authentication required for outgoing mail", "550 Please authenticate first",
                                   "550 Domain x.example has exceeded the max emails per hour (151/150 (100%)) allowed. Message discarded."])
def test_a_refusal_without_a_status_code_that_is_about_us(world, script, mail, reply):
    script.reply = {"RCPT": reply}
    assert attempt(world, script, mail) == ("waits, and the relay is paused", "RCPT: " + reply)
    script.reply = {"RCPT": reply.replace(" ", " 5.1.1 ", 1)}
    assert attempt(world, script, mail)[0] == "is given up", "a status code counts more than words"


@pytest.mark.parametrize("step, slow, seconds", [("MAIL", "COMMAND", 2), ("end of data", "DATA", 2), ("end of data", "COMMAND", 60)])
def test_each_timeout_has_its_variable(world, script, mail, step, slow, seconds):
    """The last reply may take longer than the others."""
    script.reply, script.patience = {step: "silence"}, 6
    limits = {"SMTP_COMMAND_TIMEOUT_SEC": 60, "SMTP_DATA_TIMEOUT_SEC": 60, "SMTP_%s_TIMEOUT_SEC" % slow: 2}
    fate, why = attempt(world, script, mail, **limits)
    assert (fate, why) == (("is sent", None) if seconds == 60 else ("waits, and the relay is paused", why))


def test_a_mail_says_its_size_and_a_long_address_is_sent_whole(world, script, mail):
    """254 characters are the most (RFC 5321 §4.5.3.1.3)."""
    script.extensions = ["SIZE 10240000"]
    to = "%s@%s.%s.%s.example" % ("a" * 64, "d" * 60, "e" * 60, "f" * 59)
    assert len(to) == 254
    assert attempt(world, script, mail, to=to) == ("is sent", None)
    size = re.fullmatch(r"MAIL FROM:<no-reply@wanzami\.example> SIZE=(\d+)", script.commands[0])[1]
    assert (int(size), script.commands[1]) == (script.bytes, "RCPT TO:<%s>" % to)


def test_an_error_of_tls_has_its_name(world, script, mail):
    script.context.minimum_version = ssl.TLSVersion.TLSv1_3
    assert attempt(world, script, mail) == ("waits, and the relay is paused",
                                            "TLS alert from the peer: protocol version: the peer does not support TLS 1.2 (alert 70)")


def test_a_mail_that_is_too_large_stops_no_other(world, script, mail):
    script.reply = {"MAIL": "552 5.3.4 Message size exceeds fixed maximum message size"}
    assert attempt(world, script, mail) == ("waits", "MAIL: " + script.reply["MAIL"])


def test_every_line_of_a_reply_is_kept(world, script, mail):
    script.reply = {"RCPT": "\r\n".join("550%s5.1.1 line %d" % (" " if n == 7 else "-", n) for n in range(8))}
    assert attempt(world, script, mail) == ("is given up", "RCPT: " + script.reply["RCPT"].replace("\r\n", " "))
