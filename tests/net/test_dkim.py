"""DKIM signatures, verified by dkimpy with the DNS records that `wanzami mail dns` prints."""
import json
import re
import subprocess

import dkim
import pytest

from conftest import run

BODIES = {
    "empty": "", "one line feed": "\n", "trailing blank lines": "<p>x</p>\n\n\r\n\n", "blanks at line ends": "a \t \n b\t\t c  \n   ",
    "dots": ".\n..\n.x\n" + "." * 200, "long lines": "word " * 1000 + "x" * 3000, "8-bit": "Ọjọ́ \U0001f3ac é\u00a0" * 50, "equals": "=20=\n=3D",
    "From at a line": "From me\n\nFrom you", "only blanks": "   \t  ", "large": "line of a large letter\n" * 20000}


@pytest.fixture
def key(tmp_path):
    def make(bits=2048, *options):
        path = tmp_path / ("key-%d.pem" % bits)
        subprocess.run(["openssl", "genrsa", *options, "-out", str(path), str(bits)], check=True, stderr=subprocess.DEVNULL)
        return path
    return make


def signing(path, **more):
    return {"DKIM_KEY_FILE": path, "DKIM_DOMAIN": "wanzami.example", "DKIM_SELECTOR": "k1", "SMTP_FROM": "Wanzami <no-reply@wanzami.example>", **more}


def records(**env):
    """Returns the TXT records that `wanzami mail dns` prints, by name."""
    r = run("mail", "dns", **env)
    assert r.returncode == 0, r.stderr
    found = {}
    for line in r.stdout.splitlines():
        if not line.startswith(";"):
            name, text = line.split(" IN TXT ")
            strings = re.findall('"([^"]*)"', text)
            assert max(map(len, strings)) <= 255
            found[name] = "".join(strings)
    return found


def verified(raw, found):
    return dkim.verify(raw, dnsfunc=lambda name, timeout=5: found.get(name.decode(), "").encode())


@pytest.mark.parametrize("bits, options", [(2048, ["-traditional"]), (2048, []), (1024, []), (4096, [])])
def test_signatures_are_valid(world, mail, key, bits, options):
    env = signing(key(bits, *options), SMTP_FROM_CAMPAIGN="Wanzámi News <news@mail.wanzami.example>", PUBLIC_API_ORIGIN="https://api.wanzami.example")
    found = records(**env)
    world.start("api", **env)
    world.rows("""INSERT INTO wanzami.mail_outbox (to_address, template, vars) VALUES ('w@x.test', 'welcome', '{"name": "Ọla"}'),
        ('t@x.test', 'ticket', '{"email": "ada@example.com", "subject": "Help", "message": "Hello"}')""")
    for n, html in enumerate(BODIES.values()):
        campaign, = world.rows("INSERT INTO wanzami.campaign (subject, html, origin) VALUES (%s, %s, 'https://api.wanzami.example') RETURNING id",
                               ("  Subject  with \u00a0blanks " * 5, html))[0]
        world.rows("INSERT INTO wanzami.mail_outbox (to_address, template, vars, campaign_id) VALUES (%s, 'campaign', %s, %s)",
                   ("b%d@x.test" % n, json.dumps({"email": "b%d@x.test" % n}), campaign))
    for to in ["w@x.test", "t@x.test"] + ["b%d@x.test" % n for n in range(len(BODIES))]:
        [message] = mail.wait(to)
        assert message.raw.count(b"DKIM-Signature:") == 1 and verified(message.raw, found), to
        assert max(map(len, message.raw.split(b"\r\n"))) <= 300
        signed = re.search(rb"h=([^;]*);", message.raw)[1].replace(b"\r\n", b"").replace(b" ", b"").split(b":")
        if to.startswith("b"):
            assert {b"list-unsubscribe", b"list-unsubscribe-post"} <= set(signed), "RFC 8058 asks for it"
        for old, new in ((b"To: ", b"To: x"), (b"Subject: ", b"Subject: x"), (b"MIME-Version", b"From: Eve <e@x.test>\r\nMIME-Version"),
                         (b"Content-Transfer-Encoding: quoted-printable\r\n\r\n", b"Content-Transfer-Encoding: quoted-printable\r\n\r\nx")):
            assert old in message.raw and not verified(message.raw.replace(old, new, 1), found), new


def test_mail_is_not_signed_without_the_settings(world, mail):
    world.start("api")
    world.rows("INSERT INTO wanzami.mail_outbox (to_address, template, vars) VALUES ('w@x.test', 'welcome', '{}')")
    assert mail.wait("w@x.test")[0]["DKIM-Signature"] is None


@pytest.mark.parametrize("change, words", [
    ({"DKIM_SELECTOR": ""}, "not all set"), ({"DKIM_DOMAIN": "a b"}, "DKIM_DOMAIN"), ({"DKIM_SELECTOR": "k1;x"}, "DKIM_SELECTOR"),
    ({"DKIM_KEY_FILE": "/nowhere/key.pem"}, "No such file"), ({"DKIM_KEY_FILE": __file__}, "no private key"),
    (["genpkey", "-algorithm", "ed25519"], "use RSA"), (["ecparam", "-name", "prime256v1", "-genkey", "-noout"], "not RSA of 1024 to 4096 bits"),
    (["genrsa", "-aes128", "-passout", "pass:abcd", "2048"], "passphrase"), (["genrsa", "768"], "not RSA of 1024 to 4096 bits")])
def test_an_unusable_key_is_reported_at_the_start(key, tmp_path, change, words):
    env = signing(key())
    if isinstance(change, list):
        path = tmp_path / "other.pem"
        with open(path, "wb") as out:
            subprocess.run(["openssl", *change], check=True, stdout=out, stderr=subprocess.DEVNULL)
        change = {"DKIM_KEY_FILE": path}
    for words_of in (["mail", "dns"], []):
        r = run(*words_of, **{"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/nothing", **env, **change})
        assert r.returncode == 1 and words in r.stderr and "DKIM_" in r.stderr and len(r.stderr.splitlines()) == 1


def test_the_records_name_the_relay_and_both_senders(key):
    found = records(**signing(key(), SMTP_HOST="email-smtp.eu-west-1.amazonaws.com", SMTP_FROM_CAMPAIGN="news@other.example", SUPPORT_EMAIL="desk@wanzami.example"))
    assert set(found) == {"k1._domainkey.wanzami.example.", "wanzami.example.", "_dmarc.wanzami.example.", "other.example.", "_dmarc.other.example."}
    assert found["wanzami.example."] == "v=spf1 include:amazonses.com ~all"
    assert found["_dmarc.other.example."] == "v=DMARC1; p=none; rua=mailto:desk@wanzami.example"
    assert records(SMTP_HOST="relay.example", SMTP_FROM="a@b.example")["b.example."] == "v=spf1 a:relay.example ~all"
    for host, said in (("192.0.2.25", "ip4:192.0.2.25"), ("2001:db8::25", "ip6:2001:db8::25")):
        assert records(SMTP_HOST=host, SMTP_FROM="a@b.example")["b.example."] == "v=spf1 %s ~all" % said
    assert "other.example is not within DKIM_DOMAIN" in run("mail", "dns", **signing(key(), SMTP_FROM_CAMPAIGN="news@other.example")).stdout
    said = run("mail", "dns", SMTP_HOST="relay.example", SMTP_FROM="a@b.example", SMTP_BOUNCE="back@c.example").stdout
    assert 'c.example. IN TXT "v=spf1 a:relay.example ~all"' in said and "_dmarc.c.example" not in said and "Warning: SMTP_BOUNCE" in said
    assert "Warning" not in run("mail", "dns", SMTP_HOST="relay.example", SMTP_FROM="a@b.example", SMTP_BOUNCE="back@bounces.b.example").stdout
