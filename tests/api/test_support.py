"""Support tickets (docs/compatibility.md#support-tickets)."""
import pytest

from accounts import Account, audit

HTML = ("html",)


@pytest.fixture
def api(world):
    world.a = world.start(roles="api", SUPPORT_EMAIL="desk@example.com")
    world.agent = Account(world, "SUPPORT", "agent@example.com", name="Agent")
    return world


def open_ticket(api, status=201, token=None, **body):
    r = api.a.post("/api/support/tickets", body, token=token)
    assert r.status_code == status, r.text
    return r.json()


def tickets(api, **query):
    r = api.a.get("/api/admin/support/tickets", token=api.agent.token, params=query)
    assert r.status_code == 200, r.text
    return r.json()


def reply(api, ticket, message="Try again", status=201):
    r = api.a.post("/api/admin/support/tickets/%s/messages" % ticket, {"message": message}, token=api.agent.token)
    assert r.status_code == status, r.text
    return r.json()


def messages(api, ticket):
    return api.a.get("/api/admin/support/tickets/%s/messages" % ticket, token=api.agent.token).json()["messages"]


def test_a_subject_that_is_no_string_gets_the_default_whatever_its_length(api):
    t = open_ticket(api, email="a@b", subject=["s" * 250], message={"m": "x" * 20001})["ticket"]
    assert (t["subject"], t["message"]) == ("Support request", "(no message provided)")


def test_a_ticket_and_its_reply_are_mailed(api):
    t = open_ticket(api, email=" Guest@X.test ", subject=" Help ", message="One <b>\nTwo")["ticket"]
    assert list(t) == ["id", "email", "subject", "message", "status", "priority", "createdAt", "updatedAt", "lastReplyAt"]
    assert (t["email"], t["subject"], t["message"], t["status"], t["priority"], t["lastReplyAt"]) == (
        "Guest@X.test", "Help", "One <b>\nTwo", "OPEN", "normal", None)
    notice = api.mail.wait("desk@example.com")[0]
    assert notice["Subject"] == "[Support] New ticket from Guest@X.test"
    assert "One &lt;b&gt;<br/>Two" in notice.get_body(HTML).get_content()

    made = reply(api, t["id"], "Hello {{ NAME }},\ntry <again> \\1")["message"]
    assert list(made) == ["id", "ticketId", "message", "isAdmin", "createdAt"] and made["isAdmin"] is True
    mail = api.mail.wait("Guest@X.test")[0]
    assert mail["Subject"] == "Re: Help"
    assert "Hello Guest@X.test,<br/>try &lt;again&gt; \\1" in mail.get_body(HTML).get_content()
    assert [(m["message"], m["isAdmin"], m["userEmail"], m["userName"]) for m in messages(api, t["id"])] == [
        ("One <b>\nTwo", False, None, None), ("Hello {{ NAME }},\ntry <again> \\1", True, "agent@example.com", "Agent")]
    listed = tickets(api)["tickets"][0]
    assert listed["lastReplyAt"] == made["createdAt"] and listed["status"] == "OPEN"
    assert audit(api, "TICKET_REPLY") == [(api.agent.id, t["id"], None)]

    r = api.a.patch("/api/admin/support/tickets/" + t["id"], {"status": "RESOLVED"}, token=api.agent.token)
    assert r.json()["ticket"]["status"] == "RESOLVED"
    assert audit(api, "TICKET_UPDATE") == [(api.agent.id, t["id"], {"from": "OPEN", "to": "RESOLVED"})]


def test_missing_fields_get_defaults(api):
    for body in ({}, {"subject": "", "message": "  "}, {"subject": 5, "message": ["x"]}, {"subject": None, "message": "\u00a0"}):
        t = open_ticket(api, email="a%d@b" % len(str(body)), **body)["ticket"]
        assert (t["subject"], t["message"]) == ("Support request", "(no message provided)")


@pytest.mark.parametrize("body, field", [
    ({}, "email"), ({"email": 5}, "email"), ({"email": "  "}, "email"), ({"email": "none"}, "email"), ({"email": "a" * 320 + "@b"}, "email"),
    ({"email": "a@b", "subject": "s" * 201}, "subject"), ({"email": "a@b", "message": "m" * 20001}, "message")])
def test_invalid_tickets_are_refused(api, body, field):
    answer = open_ticket(api, 400, **body)
    assert answer["message"] == "Invalid ticket payload" and answer["issues"][0]["path"] == [field] and len(answer["issues"]) == 1
    if field == "email":
        assert answer["issues"][0]["message"] == "Valid email is required"
    assert tickets(api)["tickets"] == []


@pytest.mark.parametrize("field", ["email", "subject", "message"])
def test_a_nul_character_is_refused_in_every_field(api, field):
    assert open_ticket(api, 400, **{"email": "a@b", field: "a@b\0"}) == {"message": "Invalid ticket payload"}
    assert tickets(api)["tickets"] == []


def test_a_ticket_belongs_to_the_logged_in_user(api):
    viewer, gone = Account(api), Account(api)
    api.rows('DELETE FROM "Session" WHERE "userId" = %s', (gone.id,))
    for token, owner in ((viewer.token, viewer.id), (gone.token, None), ("a.b.c", None), (None, None)):
        number = open_ticket(api, token=token, email="a@b")["ticket"]["id"]
        assert api.rows('SELECT "userId"::text FROM "SupportTicket" WHERE id = %s', (number,)) == [(owner,)]
        assert [m["userEmail"] for m in messages(api, number)] == [viewer.email if owner else None]


def test_a_field_with_several_email_addresses_gets_no_mail(api):
    t = open_ticket(api, email="a@x.test, b@y.test")["ticket"]
    reply(api, t["id"])
    other = open_ticket(api, email="c@z.test")["ticket"]
    reply(api, other["id"])
    api.mail.wait("c@z.test")
    assert not api.mail.to("a@x.test") and not api.mail.to("b@y.test")


def test_invalid_requests_of_staff_are_refused(api):
    t = open_ticket(api, email="a@b")["ticket"]["id"]
    patch = lambda number, body: api.a.patch("/api/admin/support/tickets/%s" % number, body, token=api.agent.token)
    for number, body, status, message in ((t, {"status": "DONE"}, 400, "Invalid status"), (t, {}, 400, "Invalid status"), (t, {"status": 1}, 400, "Invalid status"),
                                          ("x", {"status": "OPEN"}, 400, "Invalid ticket id"), ("999999", {"status": "OPEN"}, 404, "Ticket not found")):
        r = patch(number, body)
        assert (r.status_code, r.json()) == (status, {"message": message})
    assert reply(api, "999999", status=404) == {"message": "Ticket not found"}
    assert reply(api, "x", status=400) == {"message": "Invalid ticket id"}
    assert messages(api, "999999") == []
    for message, issue in (
            ("", {"code": "too_small", "minimum": 1, "type": "string", "inclusive": True, "exact": False, "message": "String must contain at least 1 character(s)"}),
            ("x" * 5001, {"code": "too_big", "maximum": 5000, "type": "string", "inclusive": True, "exact": False, "message": "String must contain at most 5000 character(s)"}),
            (5, {"code": "invalid_type", "expected": "string", "received": "number", "message": "Expected string, received number"})):
        assert reply(api, t, message, 400) == {"message": "Invalid reply payload", "issues": [{**issue, "path": ["message"]}]}
    r = api.a.post("/api/admin/support/tickets/%s/messages" % t, token=api.agent.token)
    assert r.json()["issues"] == [{"code": "invalid_type", "expected": "string", "received": "undefined", "path": ["message"], "message": "Required"}]
    assert len(messages(api, t)) == 1 and audit(api, "TICKET_REPLY") == []


@pytest.mark.parametrize("rows", [0, 1, 100000])
def test_lists_of_0_1_and_100000_rows(api, rows):
    api.rows("""INSERT INTO "SupportTicket" (email, subject, message, status, "createdAt")
        SELECT 'User_' || n || '@x.test', 'Subject ' || n, CASE n WHEN 7 THEN '100%% of Bills' ELSE 'text' END, (enum_range(NULL::"SupportTicketStatus"))[1 + n %% 4],
        timezone('UTC', now()) - n * interval '1 hour' + interval '30 minutes' FROM generate_series(1, %s) n""", (rows,))
    api.rows("""INSERT INTO "SupportTicketMessage" ("ticketId", message, "createdAt")
        SELECT (SELECT min(id) FROM "SupportTicket"), 'm' || n, now() - n * interval '1 minute' FROM generate_series(1, %s) n""", (rows,))
    subjects = lambda **query: [int(t["subject"].split()[1]) for t in tickets(api, **query)["tickets"]]
    expected = list(range(1, rows + 1))
    assert subjects() == expected[:50]
    for limit in ("0", "201", "-1", "x", "0.5", "1e9", ""):
        assert subjects(limit=limit) == expected[:50], limit
    assert subjects(limit="200") == subjects(limit="0xC8") == subjects(limit="2e2") == subjects(limit=" 200 ") == expected[:200]
    assert subjects(days="1", limit="200") == [n for n in expected if n <= 24][:200]
    assert subjects(days="0.5") == [n for n in expected if n <= 12]
    for days in ("0", "-1", "x", "1e9", "1e300", "99999999999999999999"):
        assert subjects(days=days) == expected[:50], days
    assert subjects(status="OPEN") == [n for n in expected if n % 4 == 0][:50]
    assert subjects(status="open") == expected[:50]
    assert subjects(q=" BILLS ") == subjects(q="100% of") == ([7] if rows > 1 else [])
    assert subjects(q="1_0") == [] and subjects(q="\\") == []
    assert subjects(email="user_77@") == ([77] if rows > 1 else []) and subjects(email="user%") == []
    counts = tickets(api)["counts"]
    assert counts == ({} if rows == 0 else {"IN_PROGRESS": 1} if rows == 1 else {s: 25000 for s in ("OPEN", "IN_PROGRESS", "RESOLVED", "CLOSED")})
    if rows:
        first = api.rows('SELECT min(id) FROM "SupportTicket"')[0][0]
        assert [m["message"] for m in messages(api, first)] == ["m%d" % n for n in range(rows, 0, -1)]
