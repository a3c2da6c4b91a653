"""Mail: letters per second to a real Postfix beside Python's smtplib, and the score that SpamAssassin's local rules give to each letter."""
import json
import re
import smtplib
import subprocess
import time

import postfix
from report import in_turn, line
from services import Appliance, KeyValue, MailServer, Postgres, SECRETS, wait_for

LETTERS, ROUNDS = 400, 3
ORIGIN = "https://api.wanzami.example"
PERSON = {"name": "Ada", "email": "ada@example.com", "token": "3f0c8a52-7d1e-4c0b-9a55-0d6b1c8d2e11"}
TICKET = {"email": "ada@example.com", "subject": "The film stops", "message": "It stops after ten minutes.\nWhat can I do?"}
TEMPLATES = {"verify": PERSON, "reset": PERSON, "invitation": {**PERSON, "role": "OPS"}, "welcome": PERSON,
             "purchase": {"name": "Ada", "title": "Night of Lagos", "id1": "7", "label1": "Harmattan · ₦1500"}, "ticket": TICKET, "reply": TICKET}
CAMPAIGN = """<html><body><h1>New this week</h1><p>Hello {{name}},</p><p>three new films wait for you, among them <a href="https://wanzami.example/title/7">Night
of Lagos</a>, which many of you have asked for.</p><p>See you soon,<br>the Wanzami team</p><p><a href="{{unsubscribe}}">Unsubscribe</a></p></body></html>"""


class Stage:
    def __init__(self, postgres, keyvalue, relay):
        url, self.db = postgres.create_migrated()
        self.env = {**SECRETS, "DATABASE_URL": url, "REDIS_URL": keyvalue.url, "WORKERS": 1, "PUBLIC_API_ORIGIN": ORIGIN, "APP_ORIGIN": "https://wanzami.example",
                    "ADMIN_APP_ORIGIN": "https://staff.wanzami.example", "FRONTEND_URL": "https://wanzami.example",
                    "SMTP_FROM": "Wanzami <no-reply@wanzami.example>", "SMTP_TLS": "off", **relay}

    def rows(self, sql, values=None):
        with self.db.cursor() as c:
            c.execute(sql, values)
            return c.fetchall() if c.description else []


def letters(folder, postgres, keyvalue):
    """Returns the bytes of one letter of each template and of a campaign, as a mail server gets them."""
    server = MailServer()
    try:
        stage = Stage(postgres, keyvalue, {k: v for k, v in server.env().items() if k != "SMTP_FROM"})
        api = Appliance(folder, roles="api", **stage.env).wait_healthy()
        for name, values in TEMPLATES.items():
            stage.rows("INSERT INTO wanzami.mail_outbox (to_address, template, vars) VALUES (%s, %s, %s)", (name + "@example.com", name, json.dumps(values)))
        stage.rows("""WITH c AS (INSERT INTO wanzami.campaign (subject, html, origin) VALUES ('Three new films this week', %s, %s) RETURNING id)
            INSERT INTO wanzami.mail_outbox (to_address, template, vars, campaign_id) SELECT 'campaign@example.com', 'campaign', %s, id FROM c""",
                   (CAMPAIGN, ORIGIN, json.dumps({"name": "Ada", "email": "campaign@example.com"})))
        found = {name: server.wait(name + "@example.com", seconds=60)[0].raw for name in [*TEMPLATES, "campaign"]}
        api.stop()
    finally:
        server.close()
    return found


def score(raw):
    """Returns SpamAssassin's score without tests that ask other servers, and the rules that added to it."""
    r = subprocess.run(["spamassassin", "--local", "--test-mode"], input=raw, capture_output=True, check=True, timeout=300)
    header = re.sub(r"\n\s+", " ", r.stdout.decode(errors="replace"))
    found = re.search(r"^X-Spam-Status: \w+, score=(-?[\d.]+) required=\S+ tests=(.*?) autolearn", header, re.M)
    return float(found[1]), found[2].replace(" ", "")


def ours(stage):
    """Returns letters per second from the first result to the last; the mails are queued while the relay is paused."""
    stage.rows("UPDATE wanzami.mail_relay SET failures = 1, paused_until = 'infinity'")
    stage.rows("DELETE FROM wanzami.mail_outbox")
    stage.rows("INSERT INTO wanzami.mail_outbox (to_address, template, vars) SELECT 'ada@x.test', 'welcome', %s FROM generate_series(1, %s)", (json.dumps(PERSON), LETTERS))
    stage.rows("UPDATE wanzami.mail_relay SET failures = 0, paused_until = '-infinity'")
    wait_for(lambda: stage.rows("SELECT count(*) FROM wanzami.mail_outbox WHERE sent_at IS NULL") == [(0,)], "all letters to be sent", 600)
    return float(stage.rows("SELECT (count(*) - 1) / extract(epoch FROM max(sent_at) - min(sent_at)) FROM wanzami.mail_outbox")[0][0])


def theirs(server, raw):
    """The same bytes by smtplib: one connection, one sign-in, no queue."""
    with smtplib.SMTP("127.0.0.1", server.port) as smtp:
        smtp.login(server.env()["SMTP_USER"], server.password)
        began = time.monotonic()
        for _ in range(LETTERS):
            smtp.sendmail("no-reply@wanzami.example", ["ada@x.test"], raw)
        return LETTERS / (time.monotonic() - began)


def speed(folder, postgres, keyvalue, raw):
    server = postfix.Postfix()
    try:
        server.set(smtpd_client_message_rate_limit="0")
        stage = Stage(postgres, keyvalue, server.env())
        api = Appliance(folder, roles="api", **stage.env).wait_healthy()
        mine, other = in_turn(ROUNDS, lambda: ours(stage), lambda: theirs(server, raw))
        api.stop()
    finally:
        server.close()
    line("letters to Postfix, ratio to smtplib", mine / other, "", 0.3, False, "%.0f/s and %.0f/s; ours with the outbox, two commits for each" % (mine, other))


def measure(folder):
    print("\nmail")
    postgres, keyvalue = Postgres(), KeyValue()
    try:
        found = letters(folder, postgres, keyvalue)
        if postfix.available():
            speed(folder, postgres, keyvalue, found["welcome"])
        else:
            print("  letters to Postfix: not measured, because Postfix starts only as root")
        for name, raw in found.items():
            points, rules = score(raw)
            line("SpamAssassin, local rules: %s" % name, points, "", 1, True, rules)
    finally:
        keyvalue.close()
        postgres.close()
