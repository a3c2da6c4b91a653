"""Campaigns and test campaigns (docs/compatibility.md#email-campaigns)."""
import concurrent.futures
import hashlib

import pytest

import beats
from accounts import Account, audit
from conftest import wait_for

BODY = {"subject": "News", "html": "<b>{{ Name }}</b> {{EMAIL}} {{other}} {{ name"}


@pytest.fixture
def api(world):
    world.a = world.start(roles="api", WORKERS=2)
    world.root = Account(world, "OPS", "root@example.com")
    return world


def post(api, what, status=200, **body):
    r = api.a.post("/api/admin/email/" + what, {**BODY, **body}, token=api.root.token, timeout=60)
    assert r.status_code == status, r.text
    return r.json()


def people(first, last):
    return [{"email": "p%d@x.test" % n, "name": "P %d" % n} for n in range(first, last)]


def html(message):
    return message.get_body(("html",)).get_content().rstrip("\n")


def queued(api):
    return api.rows("""SELECT to_address, round(extract(epoch FROM next_attempt_at - now()) / 3600)::int FROM wanzami.mail_outbox
        WHERE template = 'campaign' ORDER BY id""")


def test_a_campaign_is_sent_to_each_recipient_once(api):
    answer = post(api, "send", recipients=[{"email": "a@x.test", "name": "<A> $& \\1"}, {"email": "b@x.test"}, {"email": "c@x.test", "name": ""},
                                           {"email": "A@X.test"}])
    assert {k: v for k, v in answer.items() if k != "jobs"} == {
        "message": "Emails enqueued for delivery in hourly batches", "queuedCount": 3, "totalRecipients": 3, "startIndex": 0, "batchSize": 50}
    assert [(j["startIndex"], j["count"], j["delayMs"]) for j in answer["jobs"]] == [(0, 3, 0)] and answer["jobs"][0]["id"].isdigit()
    expected = {"A@X.test": "&lt;A&gt; $&amp; \\1", "b@x.test": "Subscriber", "c@x.test": ""}
    for address, name in expected.items():
        message = api.mail.wait(address)[0]
        assert message["Subject"] == "News" and html(message) == "<b>%s</b> %s {{other}} {{ name" % (name, address)
    wait_for(lambda: api.rows("SELECT count(*) FROM wanzami.mail_outbox WHERE sent_at IS NULL") == [(0,)], "all mails to be recorded as sent")
    assert len(api.mail.messages) == 3
    assert audit(api, "EMAIL_CAMPAIGN")[0][0] == api.root.id and audit(api, "EMAIL_CAMPAIGN")[0][2]["subject"] == "News"


def test_a_refused_recipient_does_not_delay_the_others(api):
    post(api, "send", recipients=[{"email": "a@x.test"}])
    api.mail.wait("a@x.test")
    api.mail.refuse("RCPT", "550 nobody here")
    post(api, "send", recipients=[{"email": "b@x.test"}])
    wait_for(lambda: api.rows("SELECT count(*) FROM wanzami.mail_outbox WHERE failed_at IS NOT NULL") == [(1,)], "the mail to be recorded as failed")
    api.mail.accept()
    post(api, "send", recipients=[{"email": "c@x.test"}])
    api.mail.wait("c@x.test")


@pytest.mark.parametrize("total, start, size, jobs", [
    (120, None, None, [(0, 50, 0), (50, 50, 1), (100, 20, 2)]),
    (50, 0, 50, [(0, 50, 0)]),
    (50, 150, 50, [(150, 50, 0)]),      # recipients already cut by the client
    (20, 100, None, [(100, 20, 0)]),
    (80, 100, 100, [(100, 50, 0), (150, 30, 1)]),
    (5, 1, 2, [(1, 2, 0), (3, 2, 1)]),  # more recipients than a batch: startIndex applies
    (5, 5, 2, []), (5, 9007199254740991, 2, []), (3, None, 9999999999, [(0, 3, 0)]),
    (3, "1", True, [(1, 1, 0), (2, 1, 1)]),
    (1, None, 1, [(0, 1, 0)])])
def test_batches_have_the_right_recipients_and_delays(api, total, start, size, jobs):
    more = {k: v for k, v in (("startIndex", start), ("batchSize", size)) if v is not None}
    answer = post(api, "send", recipients=people(0, total), **more)
    assert [(j["startIndex"], j["count"], j["delayMs"] // 3600000) for j in answer["jobs"]] == jobs
    assert len({j["id"] for j in answer["jobs"]}) == len(jobs)
    count, requested = sum(j[1] for j in jobs), int(size if size is not None else 50)
    assert (answer["queuedCount"], answer["totalRecipients"], answer["startIndex"], answer["batchSize"]) == (count, total, int(start or 0), min(requested, 50))
    first = 0 if total <= requested else int(start or 0)
    hours = [hour for _, n, hour in jobs for _ in range(n)]
    assert queued(api) == [("p%d@x.test" % (first + n), hour) for n, hour in enumerate(hours)]


def test_created_at_of_a_later_batch_is_its_due_time(api):
    post(api, "send", recipients=people(0, 200), batchSize=1)
    assert api.rows("""SELECT max(extract(epoch FROM created_at - now()) / 3600)::int FROM wanzami.mail_outbox""") == [(199,)], \
        "a mail expires three days after its due time, not after its creation"


def test_a_campaign_that_is_sent_twice_is_queued_once(api):
    """The admin app sends no key: a second click is an equal request."""
    first = post(api, "send", recipients=people(0, 60))
    assert post(api, "send", recipients=people(0, 60)) == {**first, "repeated": True}
    assert len(queued(api)) == 60 and len(audit(api, "EMAIL_CAMPAIGN")) == 1
    for change in ({"subject": "Other"}, {"html": "other"}, {"recipients": people(0, 61)}, {"startIndex": 1}, {"batchSize": 60}):
        assert "repeated" not in post(api, "send", **{"recipients": people(0, 60), **change}), change
    other = Account(api, "OPS", "other@example.com")
    body = {**BODY, "recipients": people(0, 60)}
    assert "repeated" not in api.a.post("/api/admin/email/send", body, token=other.token).json()
    api.rows("UPDATE wanzami.campaign SET created_at = created_at - interval '11 minutes'")
    assert "repeated" not in post(api, "send", recipients=people(0, 60))


def test_a_campaign_that_was_stopped_can_be_sent_again(api):
    api.a.stop()
    api.a = api.start(roles="api", SMTP_HOST="")
    post(api, "send", recipients=people(0, 3))
    api.rows("DELETE FROM wanzami.mail_outbox WHERE sent_at IS NULL")
    assert post(api, "send", recipients=people(0, 3))["queuedCount"] == 3
    assert len(queued(api)) == 3


def test_concurrent_clicks_queue_a_campaign_once(api):
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: post(api, "send", recipients=people(0, 20)), range(8)))
    assert sorted("repeated" in answer for answer in answers) == [False] + 7 * [True]
    assert len({answer["jobs"][0]["id"] for answer in answers}) == 1 and len(queued(api)) == 20


def test_an_idempotency_key_decides_what_is_repeated(api):
    def keyed(key, status=200, **body):
        r = api.a.post("/api/admin/email/send", {**BODY, "recipients": people(0, 2), **body}, token=api.root.token, headers={"Idempotency-Key": key})
        assert r.status_code == status, r.text
        return r.json()
    first = keyed("a")
    assert keyed("a") == {**first, "repeated": True}
    assert "repeated" not in keyed("b"), "an equal campaign on purpose"
    assert keyed("a", 422, subject="Other") == {"message": "Idempotency-Key belongs to another campaign"}
    api.rows("UPDATE wanzami.campaign SET created_at = created_at - interval '23 hours'")
    assert "repeated" in keyed("a") and len(queued(api)) == 4
    api.rows("UPDATE wanzami.campaign SET created_at = created_at - interval '2 hours'")
    assert "repeated" not in keyed("a", subject="Other")


# Headers, text part and unsubscribing

ORIGIN = "https://api.films.example"


@pytest.fixture
def public(world):
    """The API behind a public origin, with a sender of its own for campaigns."""
    world.a = world.start(roles="api", PUBLIC_API_ORIGIN=ORIGIN + "/", SMTP_FROM_CAMPAIGN='"Wanzami, News" <news@mail.films.example>',
                          SUPPORT_EMAIL="desk@films.example")
    world.root = Account(world, "OPS", "root@example.com")
    return world


def link(message):
    """Returns the path of the unsubscribe link in the header."""
    url = message["List-Unsubscribe"].strip("<>")
    assert url.startswith(ORIGIN + "/api/email/unsubscribe/")
    return url.removeprefix(ORIGIN)


def letter(world, address, **body):
    post(world, "send", recipients=[{"email": address}], **body)
    return world.mail.wait(address)[-1]


def test_a_campaign_has_the_headers_of_a_letter_to_many(public):
    message = letter(public, "Ada@x.test", html="<p>Hello {{name}}</p><p><a href='https://films.example/new'>New films</a></p>")
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click" and link(message)
    assert (message["List-Id"], message["Precedence"], message["Reply-To"]) == ("<campaigns.mail.films.example>", "bulk", "desk@films.example")
    assert message["From"] == '"Wanzami, News" <news@mail.films.example>' and message.envelope_from == "news@mail.films.example"
    assert message.get_content_type() == "multipart/alternative"
    assert [p.get_content_type() for p in message.iter_parts()] == ["text/plain", "text/html"]
    text = message.get_body(("plain",)).get_content().replace("\r", "")
    assert text.startswith("Hello Subscriber\n\nNew films (https://films.example/new)\n")
    assert text.rstrip().endswith("Unsubscribe: " + ORIGIN + link(message))
    public.rows("INSERT INTO wanzami.mail_outbox (to_address, template, vars) VALUES ('b@x.test', 'welcome', '{}')")
    other = public.mail.wait("b@x.test")[0]
    assert other["From"] == "Wanzami <no-reply@wanzami.example>"
    assert [other[name] for name in ("List-Unsubscribe", "List-Unsubscribe-Post", "List-Id", "Precedence", "Reply-To")] == [None] * 5


def test_the_html_of_a_campaign_can_have_the_unsubscribe_link(public):
    message = letter(public, "a@x.test", html='Hello. <a href="{{ Unsubscribe }}">No more</a>')
    assert html(message) == 'Hello. <a href="%s">No more</a>' % (ORIGIN + link(message))
    assert message.get_body(("plain",)).get_content().count(link(message)) == 1


def test_a_link_without_https_offers_no_one_click(api):
    """RFC 8058 §3.1 asks for https. The origin is that of the request."""
    message = letter(api, "a@x.test")
    assert message["List-Unsubscribe"].startswith("<%s/api/email/unsubscribe/" % api.a.url) and message["List-Unsubscribe-Post"] is None


@pytest.mark.parametrize("body", [{"data": "List-Unsubscribe=One-Click", "headers": {"Content-Type": "application/x-www-form-urlencoded"}},
                                  {"files": {"List-Unsubscribe": (None, "One-Click")}}, {}])
def test_one_click_ends_campaigns_to_the_address(public, body):
    account, other = Account(public, "USER", "Ada@x.test".lower()), Account(public, "USER", "bea@x.test")
    path = link(letter(public, "ADA@x.test"))
    audience = lambda query="": public.a.get("/api/admin/email/audience/users" + query, token=public.root.token).json()
    everybody = audience()
    assert sorted(r["email"] for r in everybody["recipients"]) == ["ada@x.test", "bea@x.test"] and everybody["total"] == 2
    page = public.a.get(path)
    assert page.status_code == 200 and "<form" in page.text and audience() == everybody, "opening the link changes nothing"
    for _ in range(2):
        r = public.a.request("POST", path, **body)
        assert r.status_code == 200 and "unsubscribed" in r.text
    assert [r["email"] for r in audience()["recipients"]] == ["bea@x.test"] and audience("?limit=0")["total"] == 1
    answer = post(public, "send", recipients=[{"email": "Ada@X.test"}, {"email": "bea@x.test"}])
    assert (answer["queuedCount"], answer["totalRecipients"]) == (1, 2)
    public.mail.wait("bea@x.test")
    assert post(public, "test", recipients=[{"email": "ada@x.test"}])["failedDetails"] == [
        {"email": "ada@x.test", "error": "the recipient has unsubscribed"}]
    public.rows("INSERT INTO wanzami.mail_outbox (to_address, template, vars) VALUES ('ada@x.test', 'welcome', '{}')")
    assert public.mail.wait("ada@x.test")[0]["Subject"] == "Welcome to Wanzami", "mail about the account still arrives"
    assert [m["Subject"] for m in public.mail.messages if "ada@x.test" in m.envelope_to] == ["Welcome to Wanzami"]
    assert "subscribed again" in public.a.request("POST", path + "?again=1").text
    assert audience() == everybody
    assert account and other


def test_a_queued_letter_is_not_sent_after_the_recipient_has_unsubscribed(public):
    path = link(letter(public, "a@x.test"))
    public.mail.hold()
    post(public, "send", recipients=[{"email": "b@x.test"}, {"email": "a@x.test"}])
    wait_for(lambda: public.mail.attempts, "the first delivery to begin")
    assert public.a.request("POST", path).status_code == 200
    public.mail.release()
    wait_for(lambda: public.rows("SELECT last_error FROM wanzami.mail_outbox WHERE failed_at IS NOT NULL") == [("the recipient has unsubscribed",)],
             "the letter to be dropped")
    assert len(public.mail.to("a@x.test")) == 1


@pytest.mark.parametrize("change, reason", [("\"emailVerified\" = false", "the address of the account is not verified"),
                                            ("\"ppvBanned\" = true", "the account is banned")])
def test_accounts_that_are_not_verified_or_are_banned_get_no_campaign(public, change, reason):
    Account(public, "USER", "ada@x.test")
    public.rows('UPDATE "User" SET ' + change + " WHERE email = 'ada@x.test'")
    assert post(public, "send", recipients=[{"email": "ADA@x.test"}])["queuedCount"] == 0
    assert post(public, "test", recipients=[{"email": "ADA@x.test"}])["failedDetails"] == [{"email": "ADA@x.test", "error": reason}]
    assert public.mail.messages == []


def audience(world):
    answer = world.a.get("/api/admin/email/audience/users", token=world.root.token).json()
    return [r["email"] for r in answer["recipients"]], answer["total"], {k: n for k, n in answer["suppressed"].items() if n}


def gone(world, address):
    wait_for(lambda: world.rows("SELECT 1 FROM wanzami.mail_outbox WHERE to_address = %s AND failed_at IS NOT NULL", (address,)), "the letter to be given up")


def refuse(world, address, reply="550 5.1.1 no such mailbox"):
    """Has the server refuse a letter to the address, and accept one to another, so that the refusal is about the address."""
    world.mail.refuse_to[address.split("@")[0]] = reply
    post(world, "send", recipients=[{"email": address}])
    gone(world, address)
    letter(world, "other@x.test")
    wait_for(lambda: world.rows("SELECT 1 FROM wanzami.campaign_silent WHERE address = wanzami.digest(lower(%s))", (address,)), "the refusal to count")
    del world.mail.refuse_to[address.split("@")[0]]


def test_a_refused_address_gets_no_campaigns_until_a_mail_arrives(public):
    Account(public, "USER", "ada@x.test")
    assert audience(public) == (["ada@x.test"], 1, {})
    refuse(public, "Ada@x.test")
    assert audience(public) == ([], 0, {"refused": 1})
    assert post(public, "send", recipients=[{"email": "ADA@x.test"}, {"email": "bea@x.test"}])["queuedCount"] == 1
    public.rows("INSERT INTO wanzami.mail_outbox (to_address, template, vars) VALUES ('ada@X.test', 'welcome', '{}')")
    public.mail.wait("ada@X.test")
    wait_for(lambda: audience(public) == (["ada@x.test"], 1, {}), "campaigns to begin again: the address has accepted mail about the account")
    assert letter(public, "ada@x.test")["Subject"] == "News"


def test_an_administrator_tries_a_refused_address_with_a_test_campaign(public):
    Account(public, "USER", "ada@x.test")
    refuse(public, "ada@x.test")
    public.mail.refuse_to["ada"] = "550 5.1.1 no such mailbox"
    assert "no such mailbox" in post(public, "test", recipients=[{"email": "ada@x.test"}])["failedDetails"][0]["error"], "it is tried"
    assert audience(public) == ([], 0, {"refused": 1})
    del public.mail.refuse_to["ada"]
    assert post(public, "test", recipients=[{"email": "ada@x.test"}])["queuedRecipients"] == ["ada@x.test"]
    assert audience(public) == (["ada@x.test"], 1, {})


def test_a_queued_letter_to_an_address_that_was_refused_meanwhile_is_not_sent(public):
    refuse(public, "a@x.test")
    campaign, = public.rows("INSERT INTO wanzami.campaign (subject, html, origin) VALUES ('News', 'x', %s) RETURNING id", (ORIGIN,))[0]
    public.rows("INSERT INTO wanzami.mail_outbox (to_address, template, vars, campaign_id) VALUES ('A@x.test', 'campaign', '{}', %s)", (campaign,))
    wait_for(lambda: public.rows("SELECT last_error FROM wanzami.mail_outbox WHERE to_address = 'A@x.test'") == [("the mail server has refused the address",)],
             "the letter to be dropped")
    assert public.mail.to("A@x.test") == []


@pytest.mark.errors("no mail can be sent")
def test_a_refusal_about_us_suppresses_no_address(public):
    """The server refuses everybody with a code that fits a missing mailbox; test campaigns, too, which are not tried again."""
    public.mail.refuse("RCPT", "550 5.1.1 no")
    assert post(public, "test", recipients=people(0, 5))["failed"] == 5
    assert public.rows("SELECT FROM wanzami.refused_address") == []
    post(public, "send", recipients=people(0, 5))
    wait_for(lambda: public.rows("SELECT failures > 0 FROM wanzami.mail_relay")[0][0], "the pause")
    assert public.rows("SELECT FROM wanzami.refused_address") == []
    public.mail.accept()
    for n in range(5):
        public.mail.wait("p%d@x.test" % n, seconds=60)
    assert public.rows("SELECT FROM wanzami.campaign_silent") == []


def test_the_audience_counts_who_gets_no_campaigns(public):
    for name in ("ada", "bea", "cid", "dan", "eve"):
        Account(public, "USER", name + "@x.test")
    refuse(public, "bea@x.test")
    assert public.a.request("POST", link(letter(public, "ada@x.test"))).status_code == 200
    public.rows("""UPDATE "User" SET "emailVerified" = email NOT IN ('cid@x.test', 'bea@x.test'), "ppvBanned" = email IN ('cid@x.test', 'dan@x.test')""")
    listed = public.a.get("/api/admin/email/audience/users", token=public.root.token).json()["recipients"]
    assert [(r["email"], r.get("suppressed")) for r in listed] == [("cid@x.test", "unverified"), ("dan@x.test", "banned"), ("eve@x.test", None)]
    assert audience(public) == (["cid@x.test", "dan@x.test", "eve@x.test"], 3, {"unsubscribed": 1, "refused": 1, "unverified": 1, "banned": 1})


def test_a_wrong_unsubscribe_link_is_refused(public):
    digest = hashlib.sha256(b"a@x.test").hexdigest()
    good = beats.token(digest, purpose="unsubscribe")
    for token in (good[:-1] + ("0" if good[-1] != "0" else "1"), beats.token(digest, purpose="media"), beats.token(digest, -1, "unsubscribe"), digest, "x"):
        for method in ("GET", "POST"):
            r = public.a.request(method, "/api/email/unsubscribe/" + token)
            assert (r.status_code, r.json()) == (404, {"message": "The link is not valid"})
    assert public.a.request("POST", "/api/email/unsubscribe/" + good).status_code == 200
    assert public.rows("SELECT address FROM wanzami.unsubscribed") == [("sha256:" + digest,)]
    assert not [line for line in public.a.log_lines() if good in str(line)], "the log has no token"


def test_a_process_that_cannot_sign_leaves_campaigns_to_others(public):
    """The role cron needs no JWT secrets. Its other mail is sent."""
    public.a.stop()
    cron = public.start("cron", JWT_ACCESS_SECRET=None, JWT_REFRESH_SECRET=None)
    campaign, = public.rows("INSERT INTO wanzami.campaign (subject, html, origin) VALUES ('News', 'x', 'https://a.example') RETURNING id")[0]
    public.rows("""INSERT INTO wanzami.mail_outbox (to_address, template, vars, campaign_id) VALUES ('a@x.test', 'campaign', '{}', %s),
        ('b@x.test', 'welcome', '{}', NULL)""", (campaign,))
    public.mail.wait("b@x.test")
    assert public.rows("SELECT attempts FROM wanzami.mail_outbox WHERE to_address = 'a@x.test'") == [(0,)]
    cron.stop()
    public.start("api")
    public.mail.wait("a@x.test")


ISSUES = [
    ({"subject": None, "html": 5, "recipients": {}}, [
        {"code": "invalid_type", "expected": "string", "received": "null", "path": ["subject"], "message": "Expected string, received null"},
        {"code": "invalid_type", "expected": "string", "received": "number", "path": ["html"], "message": "Expected string, received number"},
        {"code": "invalid_type", "expected": "array", "received": "object", "path": ["recipients"], "message": "Expected array, received object"}]),
    ({"recipients": [{"email": "x"}, 5, {}, {"email": "a@b.co", "name": None}]}, [
        {"validation": "email", "code": "invalid_string", "message": "Invalid email", "path": ["recipients", 0, "email"]},
        {"code": "invalid_type", "expected": "object", "received": "number", "path": ["recipients", 1], "message": "Expected object, received number"},
        {"code": "invalid_type", "expected": "string", "received": "undefined", "path": ["recipients", 2, "email"], "message": "Required"},
        {"code": "invalid_type", "expected": "string", "received": "null", "path": ["recipients", 3, "name"], "message": "Expected string, received null"}]),
    ({"subject": "", "html": "", "recipients": []}, [
        {"code": "too_small", "minimum": 1, "type": "string", "inclusive": True, "exact": False, "message": "Subject is required", "path": ["subject"]},
        {"code": "too_small", "minimum": 1, "type": "string", "inclusive": True, "exact": False, "message": "Email body is required", "path": ["html"]},
        {"code": "too_small", "minimum": 1, "type": "array", "inclusive": True, "exact": False, "message": "At least one recipient is required", "path": ["recipients"]}]),
    ({"recipients": [{"email": "a@b.co"}], "startIndex": "a", "batchSize": 0}, [
        {"code": "invalid_type", "expected": "number", "received": "nan", "path": ["startIndex"], "message": "Expected number, received nan"},
        {"code": "too_small", "minimum": 1, "type": "number", "inclusive": True, "exact": False, "message": "Number must be greater than or equal to 1", "path": ["batchSize"]}]),
    ({"recipients": [{"email": "a@b.co"}], "startIndex": -1, "batchSize": 1.5}, [
        {"code": "too_small", "minimum": 0, "type": "number", "inclusive": True, "exact": False, "message": "Number must be greater than or equal to 0", "path": ["startIndex"]},
        {"code": "invalid_type", "expected": "integer", "received": "float", "message": "Expected integer, received float", "path": ["batchSize"]}])]


@pytest.mark.parametrize("what", ["send", "test"])
@pytest.mark.parametrize("body, issues", ISSUES)
def test_invalid_campaigns_get_zod_issues(api, what, body, issues):
    answer = post(api, what, 400, **body)
    assert answer == {"message": "Invalid payload", "issues": issues}
    assert [list(issue) for issue in answer["issues"]] == [list(issue) for issue in issues], "members in zod's order"
    assert api.rows("SELECT count(*) FROM wanzami.campaign") == [(0,)]


def test_an_array_as_body_is_refused(api):
    r = api.a.post("/api/admin/email/send", [], token=api.root.token)
    assert r.json() == {"message": "Invalid payload", "issues": [
        {"code": "invalid_type", "expected": "object", "received": "array", "path": [], "message": "Expected object, received array"}]}


def test_a_test_campaign_reports_the_result_of_each_mail(api):
    answer = post(api, "test", recipients=[{"email": "a@x.test", "name": "Tee"}, {"email": "A@x.test", "name": "Dup"}, {"email": "b@x.test"}])
    assert answer == {"message": "Test emails dispatched", "queued": 2, "failed": 0, "queuedRecipients": ["A@x.test", "b@x.test"],
                      "failedRecipients": [], "failedDetails": []}
    assert html(api.mail.to("A@x.test")[0]).startswith("<b>Dup</b>")
    for command, reply in (("RCPT", "550 nobody here"), ("MAIL", "451 later")):
        api.mail.refuse(command, reply)
        answer = post(api, "test", recipients=[{"email": "c@x.test"}])
        assert (answer["queued"], answer["failed"], answer["failedRecipients"]) == (0, 1, ["c@x.test"])
        assert reply in answer["failedDetails"][0]["error"]
        api.mail.accept()
    wait_for(lambda: api.rows("SELECT count(*) FROM wanzami.mail_outbox WHERE sent_at IS NULL AND failed_at IS NULL") == [(0,)],
             "the failed mails to leave the queue")
    assert post(api, "test", 400, recipients=people(0, 51))["issues"][0]["code"] == "too_big"


@pytest.mark.errors("no mail can be sent")
def test_a_test_campaign_is_the_probe_of_a_paused_relay(api):
    """The first mail shows that the cause lasts: the answer comes at once, with the reason for each recipient. Later it is the proof that it is gone."""
    api.a.stop()
    api.a = api.start(roles="api", WORKERS=1)  # each worker ends a pause at its start: a second one that is late would end this one
    api.mail.refuse("MAIL", "550 5.7.1 your account is closed")
    post(api, "send", recipients=people(0, 3))
    wait_for(lambda: api.rows("UPDATE wanzami.mail_relay SET paused_until = now() + interval '10 minutes' WHERE paused_until > now() AND probe IS NULL RETURNING 1"),
             "a pause without a probe in flight")
    answer = post(api, "test", recipients=people(10, 13))
    assert answer["queued"] == 0 and answer["failedRecipients"] == ["p10@x.test", "p11@x.test", "p12@x.test"]
    assert [d["error"] for d in answer["failedDetails"]] == ["MAIL: 550 5.7.1 your account is closed"] + 2 * ["Not sent: MAIL: 550 5.7.1 your account is closed"]
    api.mail.accept()
    api.rows("UPDATE wanzami.mail_relay SET paused_until = now() + interval '10 minutes'")
    assert post(api, "test", recipients=people(20, 22))["queuedRecipients"] == ["p20@x.test", "p21@x.test"]
    for n in range(3):
        api.mail.wait("p%d@x.test" % n, seconds=60)
    assert [m for n in (10, 11, 12) for m in api.mail.to("p%d@x.test" % n)] == []


def test_a_test_campaign_says_what_is_still_being_sent(api):
    """The server is slower than the answer to the client. The mail in flight is neither deleted nor reported as refused; the others are not sent later."""
    api.mail.hold()
    answer = post(api, "test", recipients=people(0, 4))
    errors = {d["email"]: d["error"] for d in answer["failedDetails"]}
    flying = [to for to, error in errors.items() if error == "The mail server has not answered yet; the mail may still arrive"]
    assert 1 <= len(flying) <= 2 and len(errors) == 4, "one for each worker"
    api.mail.release()
    for to in flying:
        api.mail.wait(to)
    wait_for(lambda: api.rows("SELECT count(*), count(sent_at) FROM wanzami.mail_outbox") == [(len(flying), len(flying))], "the results")
    assert len(api.mail.messages) == len(flying)


def test_a_test_campaign_without_a_mail_server_fails(api):
    api.a.stop()
    api.a = api.start(roles="api", SMTP_HOST="")
    answer = post(api, "test", recipients=[{"email": "a@x.test"}])
    assert (answer["failed"], answer["failedDetails"]) == (1, [{"email": "a@x.test", "error": "No mail server is configured"}])


def test_a_test_campaign_is_sent_before_waiting_campaigns(api):
    """It precedes all waiting mails, except the one that each process is sending."""
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        api.mail.hold()
        try:
            post(api, "send", recipients=people(0, 50))
            test = pool.submit(post, api, "test", recipients=[{"email": "t@x.test"}])
            wait_for(lambda: api.rows("SELECT 1 FROM wanzami.mail_outbox WHERE to_address = 't@x.test'"), "the test mail to be queued")
        finally:
            api.mail.release()
        test.result()
    assert "t@x.test" in [to for m in api.mail.messages[:10] for to in m.envelope_to]


def test_long_lists_and_large_mails_are_accepted(api):
    big = people(0, 40000)
    answer = post(api, "send", recipients=big, html="x" * 500000)
    assert answer["totalRecipients"] == 40000 and len(answer["jobs"]) == 800
    r = api.a.post("/api/admin/email/send", {**BODY, "recipients": big, "html": "x" * 4000000}, token=api.root.token)
    assert r.status_code == 413
    for token in (None, "a.b.c"):
        r = api.a.post("/api/admin/email/send", {**BODY, "recipients": big}, token=token)
        assert r.status_code == 413, "a large body without a valid token is refused before it is read"
    r = api.a.post("/api/support/tickets", {"email": "a@b", "message": "x" * 110000})
    assert r.status_code == 413, "other routes keep the usual body limit"


@pytest.mark.parametrize("rows", [0, 1, 100000])
def test_the_audience_lists_all_users(api, rows):
    api.rows("""INSERT INTO "User" (email, password, name, "createdAt", "updatedAt")
        SELECT 'v' || n || '@example.com', 'x', 'V' || n, timestamp '2020-01-01' - n * interval '1 second', now() FROM generate_series(1, %s) n""", (rows,))
    get = lambda query="": api.a.get("/api/admin/email/audience/users" + query, token=api.root.token, timeout=60).json()
    everybody = [{"email": "v%d@example.com" % n, "name": "V%d" % n, "suppressed": "unverified"} for n in range(rows, 0, -1)]
    rest = {"total": rows, "suppressed": {"unsubscribed": 0, "refused": 0, "unverified": rows, "banned": 0}}
    assert get() == {"recipients": everybody, **rest}
    assert api.a.get("/api/admin/email/audience?limit=0", token=api.root.token).json() == {"recipients": [], **rest}
    assert get("?limit=50&offset=10") == {"recipients": everybody[10:60], **rest}
