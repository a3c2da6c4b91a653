"""Pay per view: purchase and playback (docs/compatibility.md#pay-per-view), with fake gateways and real object storage."""
import base64
import concurrent.futures
import decimal
import hashlib
import hmac
import itertools
import json
import random
import re
import struct
import threading
import time

import pytest
import requests

from conftest import run, wait_for
from gateways import Gateways, paystack_signature
from test_auth import login, user


class Shop:
    """The API with a logged-in buyer and a title for sale."""

    def __init__(self, a, db, gateways):
        self.a, self.db, self.gateways = a, db.cursor(), gateways
        self.get, self.post = a.get, a.post
        self.me = user(self)
        self.token = login(self).json()["accessToken"]
        self.title = self.sell("Premiere <Night>")

    def rows(self, sql, values=None):
        self.db.execute(sql, values)
        return self.db.fetchall() if self.db.description else []

    def sell(self, name, naira=3000, **columns):
        columns = {"type": "MOVIE", "name": name, "isPpv": True, "ppvPriceNaira": naira, "ppvCurrency": "NGN", **columns}
        return self.rows('INSERT INTO "Title" (%s, "updatedAt") VALUES (%s, now()) RETURNING id' % (
            ", ".join('"%s"' % c for c in columns), ", ".join(["%s"] * len(columns))), list(columns.values()))[0][0]

    def initiate(self, status=200, title=None, token=None, **headers):
        r = self.post("/api/ppv/initiate", {"titleId": str(title or self.title), "profileId": None}, token=token or self.token,
                      headers={k.replace("_", "-"): v for k, v in headers.items()})
        assert r.status_code == status, r.text
        return r.json()

    def buy(self, **headers):
        made = self.initiate(**headers)
        self.paid(self.gateways.pay(made["reference"]))
        return made["reference"]

    def hook(self, path, body, headers):
        return requests.post(self.a.url + "/api/ppv/%s/webhook" % path, data=body, timeout=30, headers={"Content-Type": "application/json", **headers})

    def paystack(self, event, **headers):
        body = event if isinstance(event, bytes) else json.dumps(event).encode()
        return self.hook("paystack", body, {"x-paystack-signature": paystack_signature(body), **headers})

    def flutterwave(self, event, **headers):
        return self.hook("flutterwave", json.dumps(event).encode(), headers or {"verif-hash": Gateways.flutterwave_secret})

    def paid(self, event, status=200):
        r = (self.flutterwave if "tx_ref" in event["data"] else self.paystack)(event)
        assert (r.status_code, r.json()) == (status, {"received": True}) or status != 200, r.text
        assert r.status_code == status
        return r.json()

    def purchase(self, reference):
        return self.rows('SELECT status::text, "accessExpiresAt", "paystackTrxId" FROM "PpvPurchase" WHERE "paystackRef" = %s', (reference,))[0]

    def status(self, reference):
        return self.purchase(reference)[0]

    def access(self, status=200, query="", **options):
        r = self.get("/api/ppv/access/%s%s" % (options.pop("title", self.title), query), token=options.pop("token", self.token), **options)
        assert r.status_code == status, r.text
        return r.json()


@pytest.fixture
def open_shop(postgres, appliance, gateways):
    url, db = postgres.create_migrated()
    return lambda **env: Shop(appliance(roles="api", DATABASE_URL=url, **{"WORKERS": 2, **gateways.env(), **env}).wait_healthy(), db, gateways)


@pytest.fixture
def shop(open_shop):
    return open_shop()


def last_request(gateways):
    method, path, headers, body = gateways.requests[-1]
    return method, path, headers["Authorization"], json.loads(body)


# Purchases

def test_a_purchase_with_paystack_from_initiation_to_access(shop, gateways):
    made = shop.initiate()
    ref = made["reference"]
    assert made == {"authorizationUrl": "https://checkout.paystack.example/" + ref, "reference": ref, "gateway": "PAYSTACK", "currency": "NGN",
                    "amountNaira": 3000}
    assert ref.startswith("PPV-%d-" % shop.title) and len(ref.split("-")) == 4
    assert last_request(gateways) == ("POST", "/transaction/initialize", "Bearer " + Gateways.paystack_key, {
        "amount": 300000, "currency": "NGN", "email": "ada@example.com", "reference": ref, "callback_url": "https://app.example/ppv/success?from=pay",
        "metadata": {"titleId": str(shop.title), "userId": str(shop.me)}})
    assert shop.purchase(ref) == ("PENDING", None, None) and shop.access(403, "?record=false")["hasAccess"] is False
    event = gateways.pay(ref)
    shop.paid(event)
    status, until, trx = shop.purchase(ref)
    assert (status, trx) == ("SUCCESS", str(event["data"]["id"]))
    assert shop.rows('SELECT "accessExpiresAt" BETWEEN now() + interval \'29 days 23 hours\' AND now() + interval \'30 days\' FROM "PpvPurchase"') == [(True,)]
    look = shop.access()
    assert look == {"isPpv": True, "hasAccess": True, "priceNaira": 3000, "currency": "NGN", "userPpvBanned": False, "ppvStrikeCount": 0,
                    "accessExpiresAt": until.strftime("%Y-%m-%dT%H:%M:%S.") + "%03dZ" % (until.microsecond // 1000)}
    mine = shop.get("/api/ppv/my-titles", token=shop.token).json()
    assert [p["title"]["name"] for p in mine["active"]] == ["Premiere <Night>"] and mine["expired"] == []
    assert shop.initiate(409) == {"message": "Already purchased"}
    # A repeated webhook changes nothing, even if the access date has changed.
    shop.rows('UPDATE "PpvPurchase" SET "accessExpiresAt" = "accessExpiresAt" - interval \'1 day\'')
    before = shop.purchase(ref)
    shop.paid(event)
    assert shop.purchase(ref) == before
    assert shop.rows("SELECT template, to_address FROM wanzami.mail_outbox") == [("purchase", "ada@example.com")]


@pytest.mark.parametrize("days, lasts", [(0, 30), (1, 1), ("", 30)])
def test_ppv_access_days_sets_the_duration_of_access(open_shop, gateways, days, lasts):
    s = open_shop(PPV_ACCESS_DAYS=days)
    s.buy()
    assert s.rows('SELECT "accessExpiresAt" BETWEEN now() + %s * interval \'1 day\' - interval \'1 hour\' AND now() + %s * interval \'1 day\' FROM "PpvPurchase"',
                  (lasts, lasts)) == [(True,)]


@pytest.mark.parametrize("headers, gateway", [
    ({}, "PAYSTACK"), ({"x_country": "ng"}, "PAYSTACK"), ({"x_country": "US"}, "FLUTTERWAVE"), ({"x_country": "zzz"}, "FLUTTERWAVE"),
    ({"cf_ipcountry": "DE"}, "FLUTTERWAVE"), ({"cf_ipcountry": "XX"}, "PAYSTACK"), ({"cf_ipcountry": "T1"}, "PAYSTACK"), ({"x_vercel_ip_country": "gb"}, "FLUTTERWAVE"),
    ({"x_app_country": "US"}, "FLUTTERWAVE"), ({"x_country": "GH", "cf_ipcountry": "US"}, "PAYSTACK"), ({"accept_language": "en-US"}, "PAYSTACK")])
def test_the_country_selects_the_gateway(shop, headers, gateway):
    assert shop.initiate(**headers)["gateway"] == gateway


def test_a_purchase_with_flutterwave(shop, gateways):
    shop.rows('UPDATE "Title" SET "ppvPriceNaira" = 3001')
    made = shop.initiate(x_country="US")
    ref = made["reference"]
    assert made == {"authorizationUrl": "https://checkout.flutterwave.example/" + ref, "reference": ref, "gateway": "FLUTTERWAVE", "currency": "USD",
                    "amountNaira": 3001}
    method, path, key, body = last_request(gateways)
    assert (method, path, key) == ("POST", "/v3/payments", "Bearer " + Gateways.flutterwave_key)
    assert body == {"tx_ref": ref, "amount": 5.0, "currency": "USD", "redirect_url": "https://app.example/ppv/success?from=pay",
                    "customer": {"email": "ada@example.com", "name": "Ada"},
                    "meta": {"titleId": str(shop.title), "userId": str(shop.me), "reference": ref}}
    event = gateways.pay(ref)
    assert shop.flutterwave(event, **{"verif-hash": "wrong"}).json() == {"message": "Invalid signature"}
    del event["data"]["tx_ref"]
    event["data"]["meta"] = {"reference": ref}
    assert shop.flutterwave(event).json() == {"received": True}
    assert shop.status(ref) == "SUCCESS" and shop.access()["hasAccess"] is True


def test_invalid_bodies_of_initiate_are_refused(shop, gateways):
    for body, message in [
            ({}, "titleId required"), ([], "titleId required"), ({"titleId": None}, "titleId required"), ({"titleId": 0}, "titleId required"), ({"titleId": ""}, "titleId required"),
            ({"titleId": False}, "titleId required"), ({"titleId": -0.0}, "titleId required"), ({"titleId": "abc"}, "Invalid titleId"), ({"titleId": 1.5}, "Invalid titleId"),
            ({"titleId": {}}, "Invalid titleId"), ({"titleId": [1]}, "Invalid titleId"), ({"titleId": "9" * 19}, "Invalid titleId"), ({"titleId": "1.0"}, "Invalid titleId"),
            ({"titleId": 10 ** 40}, "Invalid titleId"), ({"titleId": "0x"}, "Invalid titleId"), ({"titleId": "1;DROP"}, "Invalid titleId")]:
        r = shop.post("/api/ppv/initiate", body, token=shop.token)
        assert (r.status_code, r.json()) == (400, {"message": message}), body
        assert shop.post("/api/ppv/initiate", body).status_code == 401
        assert gateways.requests == [] and shop.rows('SELECT FROM "PpvPurchase"') == [], body


@pytest.mark.parametrize("written", [lambda n: n, str, float, " {}\n".format, "+{}".format, "00{}".format, "0x{:x}".format, "0X{:X}".format])
def test_all_spellings_of_an_id_are_accepted(shop, gateways, written):
    """The reference has the canonical id; the gateway gets the id as the client wrote it."""
    r = shop.post("/api/ppv/initiate", {"titleId": written(shop.title)}, token=shop.token)
    assert r.status_code == 200 and r.json()["reference"].startswith("PPV-%d-" % shop.title)
    assert last_request(gateways)[3]["metadata"]["titleId"] == written(shop.title)


@pytest.mark.parametrize("unknown", ["0", "0x0", "  ", "-1", -1, [], 2 ** 53])
def test_an_id_without_a_title_gets_404(shop, unknown):
    r = shop.post("/api/ppv/initiate", {"titleId": unknown}, token=shop.token)
    assert (r.status_code, r.json()) == (404, {"message": "Title not found"})


def test_titles_that_are_not_for_sale_are_refused(shop, gateways):
    assert shop.initiate(404, title="0") == shop.initiate(404, title=99999) == {"message": "Title not found"}
    assert shop.initiate(400, title=shop.sell("Free", isPpv=False)) == {"message": "Title is not PPV"}
    for price in (None, 0, -5):
        assert shop.initiate(400, title=shop.sell("No price", price)) == {"message": "PPV price not configured"}
    for hidden in ({"archived": True}, {"pendingReview": True}):
        assert shop.initiate(404, title=shop.sell("Hidden", **hidden)) == {"message": "Title not found"}
    abroad = shop.sell("Elsewhere", countryAvailability=["GH"])
    assert shop.initiate(404, title=abroad, x_country="NG") == {"message": "Title not found"}
    shop.initiate(title=abroad, x_country="GH")
    shop.initiate(title=abroad)  # country unknown
    # A buyer who owns the title gets 409 even if it is hidden.
    ref = shop.buy()
    shop.rows('UPDATE "Title" SET archived = true WHERE id = %s', (shop.title,))
    assert shop.initiate(409) == {"message": "Already purchased"}
    shop.rows('UPDATE "User" SET "ppvBanned" = true')
    assert shop.initiate(403) == {"message": "PPV access barred"}
    assert shop.status(ref) == "SUCCESS" and len(gateways.requests) == 3


# Gateway failures

def test_a_refusal_of_the_gateway_fails_the_purchase(shop, gateways):
    gateways.limit = 1
    answer = shop.initiate(502)
    assert answer == {"message": "Paystack init failed", "details": {"status": False, "message": "Amount exceeds the limit", "code": "invalid_params"}}
    assert shop.initiate(502, x_country="US")["message"] == "Flutterwave init failed"
    assert shop.rows('SELECT status::text, "rawPayload" ->> \'message\' FROM "PpvPurchase"') == [("FAILED", "Amount exceeds the limit")] * 2


@pytest.mark.parametrize("status, body", [
    (200, b""), (200, b"<html>maintenance</html>"), (200, b'{"status": tru'), (502, b"Bad Gateway"), (200, b"\xff\xfe"), (200, b'"' + b"x" * 100000 + b'"')])
def test_a_malformed_response_of_the_gateway_leaves_the_purchase_pending(shop, gateways, status, body):
    gateways.say(status, body)
    assert shop.initiate(500) == {"message": "Failed to initiate PPV purchase"}
    assert shop.rows('SELECT status::text FROM "PpvPurchase"') == [("PENDING",)]
    gateways.say(None)
    shop.initiate()


@pytest.mark.parametrize("body", [b"[]", b"{}", b'{"status":true}', b'{"status":true,"data":{"authorization_url":5}}', b'{"status":true,"data":[]}'])
def test_a_gateway_response_without_a_url(shop, gateways, body):
    gateways.say(200, body)
    r = shop.post("/api/ppv/initiate", {"titleId": shop.title}, token=shop.token)
    ok = b"true" in body
    assert r.status_code == (200 if ok else 502) and "authorizationUrl" not in r.json()
    assert shop.rows('SELECT status::text FROM "PpvPurchase"') == [("PENDING" if ok else "FAILED",)]


def test_a_gateway_that_is_down_leaves_the_purchase_pending(shop, gateways):
    gateways.stop()
    assert shop.initiate(500) == {"message": "Failed to initiate PPV purchase"}
    gateways.start()
    shop.initiate()
    assert shop.rows('SELECT status::text FROM "PpvPurchase" ORDER BY id') == [("PENDING",), ("PENDING",)]


def test_an_unresponsive_gateway_delays_no_other_request(shop, gateways):
    gateways.hold()
    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        buyers = [pool.submit(shop.initiate) for _ in range(10)]
        wait_for(lambda: gateways.waiting == 10, "ten requests to reach the gateway")
        # Passwords are hashed on Kore's task threads, which must not be blocked.
        for _ in range(10):
            assert login(shop, deviceId="tv").status_code == 200
        # One waiting client disconnects.
        with pytest.raises(requests.Timeout):
            shop.a.post("/api/ppv/initiate", {"titleId": shop.title}, token=shop.token, timeout=0.5)
        gateways.release()
        assert len({b.result()["reference"] for b in buyers}) == 10
    assert shop.rows('SELECT count(*) FROM "PpvPurchase" WHERE status = \'PENDING\'') == [(11,)]


def test_requests_that_wait_for_a_gateway_are_limited(open_shop, gateways):
    s = open_shop(WORKERS=1)
    gateways.hold()
    with concurrent.futures.ThreadPoolExecutor(80) as pool:
        buyers = [pool.submit(s.post, "/api/ppv/initiate", {"titleId": s.title}, token=s.token) for _ in range(80)]
        wait_for(lambda: [b.result().status_code for b in buyers if b.done()].count(503) == 16, "the refusals of 16 requests")
        threading.Event().wait(2)  # no request completes for longer than the period of admission control
        for _ in range(5):
            assert s.get("/api/titles").status_code == 200
        gateways.release()
        # On a slow machine the request to the gateway times out after 15 seconds: status 500.
        assert {b.result().status_code for b in buyers} <= {200, 500, 503}
        assert [b.result().status_code for b in buyers].count(503) == 16


def test_a_webhook_before_the_response_of_the_gateway_completes_the_purchase(shop, gateways):
    gateways.hold()
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        buyer = pool.submit(shop.initiate)
        wait_for(lambda: gateways.waiting == 1, "the request to reach the gateway")
        (ref,), = shop.rows('SELECT "paystackRef" FROM "PpvPurchase"')
        shop.paid({"event": "charge.success", "data": {"id": 1, "reference": ref, "amount": 300000, "currency": "NGN", "status": "success"}})
        assert shop.access()["hasAccess"] is True
        gateways.release()
        assert buyer.result()["reference"] == ref
    assert shop.status(ref) == "SUCCESS"


def test_a_kill_during_the_request_to_the_gateway_loses_no_payment(shop, gateways):
    gateways.hold()
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        buyer = pool.submit(shop.initiate)
        wait_for(lambda: gateways.waiting == 1, "the request to reach the gateway")
        shop.a.kill()
        assert isinstance(buyer.exception(), requests.RequestException)
    gateways.release()
    (ref, status), = shop.rows('SELECT "paystackRef", status::text FROM "PpvPurchase"')
    assert status == "PENDING"
    wait_for(lambda: ref in gateways.payments, "the gateway to process the request")
    shop.a.start().wait_healthy()
    shop.paid(gateways.pay(ref))
    assert shop.status(ref) == "SUCCESS" and shop.access()["hasAccess"] is True


# Webhooks

def test_fifty_concurrent_webhooks_complete_one_purchase_and_send_one_mail(shop, gateways):
    ref = shop.initiate()["reference"]
    event = gateways.pay(ref)
    with concurrent.futures.ThreadPoolExecutor(50) as pool:
        answers = [f.result() for f in [pool.submit(shop.paystack, event) for _ in range(50)]]
    assert [(r.status_code, r.json()) for r in answers] == [(200, {"received": True})] * 50
    assert shop.status(ref) == "SUCCESS"
    assert shop.rows("SELECT count(*) FROM wanzami.mail_outbox") == [(1,)]
    assert shop.rows('SELECT count(DISTINCT "updatedAt") FROM "PpvPurchase"') == [(1,)] and shop.rows('SELECT FROM "ErrorLog"') == []


def test_webhooks_without_a_valid_signature_are_refused(shop, gateways):
    ref = shop.initiate()["reference"]
    event = gateways.pay(ref)
    body = json.dumps(event).encode()
    good = paystack_signature(body)
    for signature in (None, "", good[:-1], good + "0", good.upper(), "0" * 128, paystack_signature(body, "another key"), paystack_signature(body + b" ")):
        r = shop.hook("paystack", body, {"x-paystack-signature": signature} if signature is not None else {})
        assert (r.status_code, r.json()) == (401, {"message": "Invalid signature"})
    assert shop.hook("paystack", body.replace(b"300000", b"300001"), {"x-paystack-signature": good}).status_code == 401
    assert shop.status(ref) == "PENDING"
    # The signature covers the bytes of the body, whatever the JSON formatting.
    pretty = json.dumps(event, indent=2).encode()
    assert shop.paystack(pretty).status_code == 200 and shop.status(ref) == "SUCCESS"
    assert shop.get("/api/ppv/paystack/webhook").json()["message"].startswith("Paystack webhook endpoint is POST-only.")


@pytest.mark.parametrize("sent, again", [
    ('{ "event" : "x", "data" : { } }', '{"event":"x","data":{}}'), ('{"a":[1.0,1e2,-0,0.1,1e21,1.5e-7,123456789012345680000,0.000001,1e-7]}',
     '{"a":[1,100,0,0.1,1e+21,1.5e-7,123456789012345680000,0.000001,1e-7]}'), ('{"a":"\\u00e9\\/\\u0041\\n\\u001f\\ud83d\\ude00\\""}', '{"a":"\u00e9/A\\n\\u001f\U0001f600\\""}'),
    ('{"a":[true, false, null, [], {}]}', '{"a":[true,false,null,[],{}]}'), ('{"amount":150000.50,"b":5e-324,"c":1.7976931348623157e308,"d":9007199254740993}',
     '{"amount":150000.5,"b":5e-324,"c":1.7976931348623157e+308,"d":9007199254740992}')])
def test_the_signature_may_cover_the_reserialized_json(shop, sent, again):
    """`again` is JSON.stringify(JSON.parse(sent))."""
    r = shop.hook("paystack", sent.encode(), {"x-paystack-signature": paystack_signature(again.encode())})
    assert (r.status_code, r.json()) == (400, {"message": "Missing reference"})


def test_numbers_are_serialized_as_in_javascript(shop):
    """Python's repr yields the same shortest digits with another exponent format."""
    chance = random.Random(7)
    numbers = [chance.uniform(-1, 1) * 10.0 ** chance.randint(-320, 308) for _ in range(300)] + [float(chance.getrandbits(70)) for _ in range(100)]
    numbers += [struct.unpack("<d", struct.pack("<Q", n))[0] for n in (1, 2, 3, 2 ** 52 - 1, 2 ** 52, 2 ** 52 + 1, 2 ** 62, 2 ** 63 - 2 ** 52 - 1)]

    def javascript(x):
        sign, digits, exponent = decimal.Decimal(repr(x)).normalize().as_tuple()
        text, point = "".join(map(str, digits)), len(digits) + exponent
        if len(text) <= point <= 21:
            text += "0" * (point - len(text))
        elif 0 < point <= 21:
            text = text[:point] + "." + text[point:]
        elif -6 < point <= 0:
            text = "0." + "0" * -point + text
        else:
            text = text[0] + ("." + text[1:] if text[1:] else "") + "e%+d" % (point - 1)
        return "-" * sign + text if x else "0"

    sent = '{"a":[' + ", ".join("%.17e" % x for x in numbers) + "]}"
    again = '{"a":[' + ",".join(map(javascript, numbers)) + "]}"
    assert shop.hook("paystack", sent.encode(), {"x-paystack-signature": paystack_signature(again.encode())}).status_code == 400
    # A body with very many values is not reserialized.
    sent, again = '{"a":[' + ", ".join(["1"] * 2000) + "]}", '{"a":[' + ",".join(["1"] * 2000) + "]}"
    assert shop.hook("paystack", sent.encode(), {"x-paystack-signature": paystack_signature(again.encode())}).status_code == 401
    assert shop.hook("paystack", sent.encode(), {"x-paystack-signature": paystack_signature(sent.encode())}).status_code == 400


def test_without_a_secret_webhooks_are_refused_unless_unsigned_ones_are_allowed(open_shop, gateways):
    s = open_shop(PAYSTACK_SECRET_KEY="", FLW_WEBHOOK_SECRET="")
    assert s.hook("paystack", b"{}", {"x-paystack-signature": paystack_signature(b"{}", "")}).status_code == 401
    assert s.hook("flutterwave", b"{}", {"verif-hash": ""}).status_code == 401
    s.a.close()
    s = s.a.__class__(s.a.log_path.rsplit("/", 1)[0], **{**s.a.env, "WEBHOOKS_UNSIGNED": "1"}).wait_healthy()
    try:
        r = requests.post(s.url + "/api/ppv/paystack/webhook", json={}, timeout=30)
        assert (r.status_code, r.json()) == (400, {"message": "Missing reference"})
        assert requests.post(s.url + "/api/ppv/flutterwave/webhook", json={}, timeout=30).status_code == 401
    finally:
        s.close()


def test_flutterwave_webhooks_with_a_signature_are_accepted(shop, gateways):
    body = json.dumps(gateways.pay(shop.initiate(x_country="US")["reference"])).encode()
    signature = base64.b64encode(hmac.new(Gateways.flutterwave_secret.encode(), body, hashlib.sha256).digest()).decode()
    assert shop.hook("flutterwave", body + b" ", {"flutterwave-signature": signature}).status_code == 401
    assert shop.hook("flutterwave", body, {"flutterwave-signature": signature}).json() == {"received": True}


@pytest.mark.parametrize("change", [{"amount": 299999}, {"amount": 3000}, {"amount": None}, {"amount": "lots"}, {"amount": -300000}, {"amount": 1e300}, {"currency": "USD"},
                                    {"currency": None}, {"currency": 5}, {"amount": {}}])
def test_a_partial_paystack_payment_grants_no_access(shop, gateways, change):
    ref = shop.initiate()["reference"]
    event = gateways.pay(ref, **change)
    for _ in range(2):
        shop.paid(event)
    assert shop.purchase(ref) == ("PENDING", None, None) and shop.rows("SELECT FROM wanzami.mail_outbox") == []
    assert shop.rows('SELECT level::text, "userId", message LIKE %s FROM "ErrorLog"', ("%" + ref + "%",)) == [("ERROR", shop.me, True)]
    assert shop.access(403, "?record=false")["hasAccess"] is False


@pytest.mark.parametrize("change", [{"amount": 4.99}, {"amount": 500}, {"currency": "NGN"}, {"amount": None}])
def test_a_partial_flutterwave_payment_grants_no_access(shop, gateways, change):
    ref = shop.initiate(x_country="US")["reference"]
    shop.paid(gateways.pay(ref, **change))
    assert shop.status(ref) == "PENDING" and shop.rows('SELECT count(*) FROM "ErrorLog"') == [(1,)]


def test_a_webhook_of_the_other_gateway_is_ignored(shop, gateways):
    ref = shop.initiate(x_country="US")["reference"]
    assert shop.paystack({"event": "charge.success", "data": {"reference": ref, "amount": 500, "currency": "USD", "id": 1}}).status_code == 200
    assert shop.status(ref) == "PENDING" and shop.rows('SELECT count(*) FROM "ErrorLog"') == [(1,)]


def test_a_webhook_without_an_event_is_classified_by_its_status(shop):
    paid, failed, other = (shop.initiate()["reference"] for _ in range(3))
    for ref, status, more in ((paid, "success", {}), (failed, "failed", {}), (other, "success", {"event": "transfer.success"})):
        r = shop.paystack({"data": {"id": 1, "reference": ref, "amount": 300000, "currency": "NGN", "status": status}, **more})
        assert (r.status_code, r.json()) == (200, {"received": True})
    assert [shop.status(ref) for ref in (paid, failed, other)] == ["SUCCESS", "FAILED", "PENDING"]


def test_success_is_final_except_for_refunds_and_disputes(shop, gateways):
    ref = shop.initiate()["reference"]
    event = gateways.pay(ref)

    def tell(name, **data):
        assert shop.paystack({"event": name, "data": data}).json() == {"received": True}
        return shop.status(ref)

    assert tell("charge.failed", reference=ref) == "FAILED"
    shop.paid(event)  # paid with a second card
    until = shop.purchase(ref)[1]
    for name in ("charge.failed", "transfer.success", "invoice.create", "charge.dispute.resolved?", "refund.pending", "refund.failed"):
        assert tell(name, reference=ref, status="failed") == "SUCCESS"
    assert tell("refund.processed", transaction_reference=ref, amount=100, currency="NGN") == "SUCCESS"  # partial refund
    assert tell("charge.dispute.create", id=7, transaction={"reference": ref}) == "FAILED"
    assert shop.access(403, "?record=false")["hasAccess"] is False
    shop.paid(event)
    assert shop.status(ref) == "FAILED"  # a repeated webhook of the payment changes nothing
    assert tell("charge.dispute.resolve", id=7, resolution="declined", transaction={"reference": ref}) == "SUCCESS"
    assert shop.purchase(ref)[1] == until and shop.access()["hasAccess"] is True
    assert tell("refund.processed", transaction_reference=ref, amount=300000, currency="NGN") == "FAILED"
    shop.paid(event)
    assert shop.status(ref) == "FAILED" and shop.rows("SELECT count(*) FROM wanzami.mail_outbox") == [(1,)]


def of(ref, name, **data):
    return {"event": name, "data": {"amount": 300000, "currency": "NGN", **data, **({"transaction": {"reference": ref}} if "dispute" in name else {
        "transaction_reference": ref} if "refund" in name else {"reference": ref})}}


# Reports of a gateway about one purchase: the event of wanzami.ppv_settle, the amount in kobo, the gateway's id of the event.
MESSAGES = {"paid": ("paid", 300000, None), "failed": ("failed", None, None), "half a": ("refunded", 150000, "a"), "half b": ("refunded", 150000, "b"),
            "whole": ("refunded", 300000, "w"), "disputed": ("disputed", None, "1"), "won": ("won", None, "1"), "lost": ("lost", None, "1")}


def expected_status(messages):
    """Returns the expected status after a set of reports: order and repetition do not matter."""
    told = set(messages)
    paid_back = ("half a" in told) / 2 + ("half b" in told) / 2 + ("whole" in told)
    if paid_back >= 1 or "lost" in told or ("disputed" in told and "won" not in told):
        return "FAILED"
    if "paid" in told:
        return "SUCCESS"
    return "FAILED" if "failed" in told else "PENDING"


def test_all_sequences_of_up_to_five_reports_end_in_the_expected_status(postgres):
    """A recursive SQL function walks the tree of all sequences and undoes each step with a savepoint. The mail must have been sent if access
    was granted at any time."""
    _, db = postgres.create_migrated()
    names, most = list(MESSAGES), 5
    with db.cursor() as c:
        c.execute("""INSERT INTO "User" ("email", "password", "name", "updatedAt") VALUES ('a@example.com', 'x', 'Ada', now());
            INSERT INTO "Title" ("type", "name", "isPpv", "ppvPriceNaira", "updatedAt") VALUES ('MOVIE', 'Film', true, 3000, now());
            INSERT INTO "PpvPurchase" ("userId", "titleId", "amountNaira", "paystackRef") SELECT u."id", t."id", 3000, 'r' FROM "User" u, "Title" t;
            CREATE FUNCTION pg_temp.walk(sequence int[], most int, says text[], minor numeric[], fact text[]) RETURNS text[] LANGUAGE plpgsql AS $$
            DECLARE found text[];
            BEGIN
                PERFORM wanzami.ppv_settle('r', says[n], 'PAYSTACK', minor[n], 'NGN', '7', '{}', 30, fact[n])
                FROM (SELECT sequence[cardinality(sequence)]) s(n) WHERE n IS NOT NULL;
                SELECT ARRAY[concat_ws(' ', array_to_string(sequence, ','), "status", "accessExpiresAt" IS NOT NULL,
                    (SELECT count(*) FROM wanzami.mail_outbox))] INTO found FROM "PpvPurchase";
                IF cardinality(sequence) < most THEN
                    FOR n IN 1 .. cardinality(says) LOOP
                        BEGIN
                            found := found || pg_temp.walk(sequence || n, most, says, minor, fact);
                            RAISE EXCEPTION 'undo' USING ERRCODE = 'WZ000';
                        EXCEPTION WHEN SQLSTATE 'WZ000' THEN NULL; END;
                    END LOOP;
                END IF;
                RETURN found;
            END $$""")
        c.execute("SELECT unnest(pg_temp.walk('{}', %s, %s::text[], %s::numeric[], %s::text[]))", (most, *([*column] for column in zip(*MESSAGES.values()))))
        lines = [line.split(" ") for line, in c.fetchall()]
    assert len(lines) == sum(len(names) ** count for count in range(most + 1))
    for sequence, *result in lines:
        told = [names[int(n) - 1] for n in sequence.split(",") if n]
        thanked = any(expected_status(told[:n + 1]) == "SUCCESS" for n in range(len(told)))
        assert result == [expected_status(told), "t" if "paid" in told else "f", str(int(thanked))], told


def test_all_orders_of_webhooks_with_a_full_refund_end_in_failed(shop):
    """The buyer gets a refund and also disputes the payment: in every order of webhooks, access ends."""
    for order in itertools.permutations(("charge.success", "charge.dispute.create", "refund.processed", "charge.dispute.resolve")):
        ref = shop.initiate()["reference"]
        for name in order:
            data = {"id": 9, "resolution": "declined", "amount": 300000} if "dispute" in name else {"id": 5} if "charge" in name else {"refund_reference": "TRF"}
            assert shop.paystack(of(ref, name, **data)).status_code == 200
        assert (order, shop.status(ref)) == (order, "FAILED")
        assert shop.access(403, "?record=false")["hasAccess"] is False


def test_disputes_are_distinguished_by_id(shop):
    ref = shop.buy()
    tell = lambda name, **data: shop.paystack(of(ref, name, **data)) and shop.status(ref)  # noqa: E731
    assert tell("charge.dispute.create", id=1) == tell("charge.dispute.remind", id=2) == "FAILED"
    assert tell("charge.dispute.resolve", id=1, resolution="declined") == "FAILED"
    assert tell("charge.dispute.resolve", id=2, resolution="declined") == tell("charge.dispute.remind", id=2) == "SUCCESS"
    assert tell("charge.dispute.resolve", id=3, resolution="merchant-accepted") == tell("charge.dispute.resolve", id=3, resolution="declined") == "FAILED"


def test_purchases_of_releases_without_a_ledger_are_settled(shop):
    """Their rows only record that the money was returned; the stored webhook has the reason."""
    def old(status, access=True, event=None, id="7"):
        ref = shop.initiate()["reference"]
        purchase, = shop.rows('''UPDATE "PpvPurchase" SET status = %s::"PpvPurchaseStatus", "paystackTrxId" = \'5\', "rawPayload" = %s,
            "accessExpiresAt" = CASE WHEN %s THEN now() + interval \'3 days\' END WHERE "paystackRef" = %s RETURNING id''',
                              (status, json.dumps(of(ref, event, id=id)) if event else None, access, ref))[0]
        if event:
            shop.rows("INSERT INTO wanzami.ppv_reversal (purchase_id) VALUES (%s)", (purchase,))
        return ref

    def tell(ref, name, **data):
        assert shop.paystack(of(ref, name, **data)).status_code == 200
        return shop.status(ref)

    won = {"id": 7, "resolution": "declined"}
    assert tell(old("FAILED", event="charge.dispute.create"), "charge.dispute.resolve", **won) == "SUCCESS"
    shop.rows('UPDATE "PpvPurchase" SET status = \'FAILED\'')
    assert tell(old("FAILED", event="refund.processed"), "charge.dispute.resolve", **won) == "FAILED"
    assert tell(old("FAILED", event="charge.dispute.resolve"), "charge.success", id=5) == "FAILED"
    assert tell(old("SUCCESS"), "charge.failed", id=5) == "SUCCESS"
    shop.rows('UPDATE "PpvPurchase" SET status = \'FAILED\'')
    assert tell(old("FAILED"), "charge.failed", id=5) == "FAILED"
    assert tell(old("FAILED"), "charge.success", id=5) == "SUCCESS"
    assert shop.rows('SELECT count(*) FROM "ErrorLog"') == [(0,)]


# Double payments

def two_purchases(shop, gateways, **headers):
    """Creates two purchases of one title, pays the first, and returns their references."""
    refs = [shop.initiate(**headers)["reference"] for _ in range(2)]
    shop.paid(gateways.pay(refs[0]))
    return refs


def refunds(shop, status=0):
    r = run("job", "run", "payments", **shop.a.env)
    assert r.returncode == status, r.stdout + r.stderr
    return shop.rows("SELECT p.\"paystackRef\", r.state FROM wanzami.ppv_refund r JOIN \"PpvPurchase\" p ON p.id = r.purchase_id")


@pytest.mark.parametrize("headers", [{}, {"x_country": "US"}])
def test_a_second_payment_is_refunded(shop, gateways, headers):
    first, second = two_purchases(shop, gateways, **headers)
    shop.paid(gateways.pay(second))
    assert refunds(shop) == [(second, "requested")]
    assert gateways.refunds == {second: gateways.payments[second]["amount"]}
    assert [shop.status(r) for r in (first, second)] == ["SUCCESS", "FAILED"] and shop.access()["hasAccess"] is True
    assert refunds(shop) == [(second, "requested")] and len(gateways.refunds) == 1
    assert shop.rows("SELECT count(*) FROM wanzami.mail_outbox") == [(1,)] and shop.rows('SELECT count(*) FROM "ErrorLog"') == [(0,)]
    shop.paid({"event": "refund.processed", "data": {"transaction_reference": second, "amount": 300000}} if not headers else
              {"event": "refund.completed", "data": {"tx_ref": second, "TransactionId": 1, "AmountRefunded": 5, "status": "completed"}})
    assert [shop.status(r) for r in (first, second)] == ["SUCCESS", "FAILED"]


def test_concurrent_payments_are_refunded_except_one(shop, gateways):
    for n in range(8):
        title = shop.sell("Film %d" % n)
        events = [gateways.pay(shop.initiate(title=title)["reference"]) for _ in range(3)]
        with concurrent.futures.ThreadPoolExecutor(3) as pool:
            for f in [pool.submit(shop.paid, e) for e in events]:
                f.result()
    assert shop.rows("SELECT count(*) FROM wanzami.ppv_refund") == [(16,)]
    refunds(shop)
    assert shop.rows('SELECT count(*), count(DISTINCT "titleId") FROM "PpvPurchase" WHERE status = \'SUCCESS\'') == [(8, 8)] and len(gateways.refunds) == 16


def test_a_refused_refund_is_reported(shop, gateways):
    first, second = two_purchases(shop, gateways)
    shop.paid(gateways.pay(second))
    gateways.refunds[second] = 1  # partially refunded before
    assert refunds(shop, 1) == [(second, "refused")] and shop.status(second) == "SUCCESS"
    why = "the gateway responded with status 400: Transaction has been fully reversed"
    assert shop.rows('SELECT level, message FROM "ErrorLog"') == [("ERROR", "PPV payment %s must be refunded in the dashboard of PAYSTACK: %s" % (second, why))]
    shown = "SELECT name, value FROM wanzami.status() WHERE section = 'Payments'"
    assert shop.rows(shown) == [(second, "refund it in the dashboard of PAYSTACK: " + why)]
    assert refunds(shop) == [(second, "refused")]
    shop.paid({"event": "refund.processed", "data": {"transaction_reference": second, "refund_reference": "TRF", "amount": 300000}})  # refunded in the gateway's dashboard
    assert shop.rows(shown) == [] and [shop.status(r) for r in (first, second)] == ["SUCCESS", "FAILED"]


def test_a_failed_refund_request_is_retried(shop, gateways):
    first, second = two_purchases(shop, gateways)
    shop.paid(gateways.pay(second))
    gateways.say(500, b"oops")
    assert refunds(shop, 1) == [(second, "due")] and shop.rows('SELECT count(*) FROM "ErrorLog"') == [(0,)]
    assert refunds(shop) == [(second, "due")]  # only after a delay
    gateways.say(None)
    shop.rows("UPDATE wanzami.ppv_refund SET next_at = now()")
    assert refunds(shop) == [(second, "requested")] and len(gateways.refunds) == 1
    shop.paystack({"event": "refund.failed", "data": {"transaction_reference": second, "amount": 300000}})
    assert "the gateway reports that the refund has failed" in shop.rows('SELECT message FROM "ErrorLog"')[0][0]


def test_the_last_remaining_payment_is_not_refunded(shop, gateways):
    first, second = two_purchases(shop, gateways)
    shop.paid(gateways.pay(second))
    shop.paystack(of(first, "refund.processed"))
    assert refunds(shop) == [] and gateways.refunds == {}
    assert [shop.status(r) for r in (first, second)] == ["FAILED", "SUCCESS"] and shop.access()["hasAccess"] is True


def test_a_second_transaction_for_one_reference_is_reported(shop, gateways):
    """Flutterwave accepts several transactions for one tx_ref."""
    ref = shop.initiate(x_country="US")["reference"]
    event = gateways.pay(ref)
    shop.paid(event)
    shop.paid(event)
    assert shop.rows('SELECT count(*) FROM "ErrorLog"') == [(0,)]
    shop.paid({**event, "data": {**event["data"], "id": 799999}})
    assert refunds(shop) == [(ref, "refused")] and gateways.refunds == {}
    assert "it was paid twice, the second time with transaction 799999" in shop.rows('SELECT message FROM "ErrorLog"')[0][0]
    back = {"event": "refund.completed", "data": {"id": 1, "TransactionId": 799999, "AmountRefunded": 5, "status": "completed"}}
    shop.flutterwave(back)
    assert shop.status(ref) == "SUCCESS" and shop.access()["hasAccess"] is True  # one of two payments remains


def test_a_flutterwave_refund_before_its_charge_ends_in_failed(shop, gateways):
    ref = shop.initiate(x_country="US")["reference"]
    event = gateways.pay(ref)
    refund = {"event": "refund.completed", "data": {"id": 1, "TransactionId": event["data"]["id"], "AmountRefunded": 5, "status": "completed"}}
    for _ in range(2):
        assert shop.flutterwave(refund).json() == {"message": "Purchase not found"}
    shop.paid(event)
    assert shop.status(ref) == "FAILED" and shop.rows("SELECT count(*) FROM wanzami.ppv_early_refund") == [(0,)]


def test_a_full_flutterwave_refund_ends_access(shop, gateways):
    ref = shop.initiate(x_country="US")["reference"]
    event = gateways.pay(ref)
    shop.paid({"event": "charge.completed", "data": {**event["data"], "status": "pending"}})
    assert shop.status(ref) == "PENDING"
    shop.paid(event)
    refund = {"event": "refund.completed", "data": {"TransactionId": event["data"]["id"], "AmountRefunded": 2, "status": "completed"}}
    assert shop.flutterwave(refund).status_code == 200 and shop.status(ref) == "SUCCESS"
    refund["data"]["AmountRefunded"] = 5
    assert shop.flutterwave(refund).status_code == 200 and shop.status(ref) == "FAILED"
    refund["data"]["TransactionId"] = 1
    assert shop.flutterwave(refund).json() == {"message": "Purchase not found"}


@pytest.mark.parametrize("body", [b"{}", b"[]", b'{"event":"charge.success"}', b'{"data":null}', b'{"data":[]}', b'{"data":"x"}', b'{"data":{"reference":""}}',
                                  b'{"data":{"reference":null}}', b'{"event":5,"data":{"tx_ref":"","meta":7}}'])
def test_webhooks_without_a_reference_get_400(shop, body):
    assert (shop.paystack(body).status_code, shop.paystack(body).json()) == (400, {"message": "Missing reference"})
    r = shop.hook("flutterwave", body, {"verif-hash": Gateways.flutterwave_secret})
    assert (r.status_code, r.json()) == (400, {"message": "Missing tx_ref"})


def test_webhooks_with_an_unknown_reference_or_an_invalid_body_are_refused(shop):
    for reference in ("nope", 5, {"a": 1}, "x" * 5000, "\u00e9"):
        r = shop.paystack({"event": "charge.success", "data": {"reference": reference, "amount": 1, "currency": "NGN"}})
        assert (r.status_code, r.json()) == (404, {"message": "Purchase not found"})
    for body, status in ((b"", 401), (b"{", 400), (b'{"a":"\\u0000"}', 400), (b"x" * 200000, 413), (b"[" * 100 + b"]" * 100, 400)):
        assert shop.hook("paystack", body, {"x-paystack-signature": "0"}).status_code == status
    assert shop.hook("paystack", b"x", {"Content-Type": "text/plain", "x-paystack-signature": paystack_signature(b"x")}).status_code == 400


# Access checks and strikes

def test_three_strikes_bar_the_account_until_a_reset(shop):
    other = shop.sell("Another")
    free = shop.sell("Free", None, isPpv=False)
    assert shop.access(404, title=99999) == {"message": "Title not found"}
    assert shop.access(400, title=0) == {"message": "Missing title id"} and shop.access(400, title="x") == {"message": "Invalid title id"}
    assert shop.access(title=free)["hasAccess"] is True
    assert shop.access(403, "?record=FALSE")["ppvStrikeCount"] == shop.access(403, "?record=false&record=true")["ppvStrikeCount"] == 0
    denied = shop.access(403, "?profileId=1", headers={"X-Forwarded-For": "203.0.113.9, 10.0.0.1", "User-Agent": "tv/1"})
    assert denied == {"isPpv": True, "hasAccess": False, "priceNaira": 3000, "currency": "NGN", "userPpvBanned": False, "ppvStrikeCount": 1,
                      "message": "Purchase required to access this title."}
    assert shop.access(403, title=other, headers={"X-Forwarded-For": "nonsense"})["ppvStrikeCount"] == 2
    assert shop.access(403)["message"] == "PPV access blocked due to repeated violations."
    assert shop.access() == shop.access(title=other) == {"isPpv": True, "hasAccess": False, "userPpvBanned": True, "ppvStrikeCount": 3}
    assert shop.access(title=free) == {"isPpv": False, "hasAccess": True, "priceNaira": None, "currency": None, "userPpvBanned": True, "ppvStrikeCount": 3}
    assert shop.rows('SELECT path, "ipAddress", "userAgent" FROM "PpvViolation" ORDER BY id')[:2] == [
        ("/api/ppv/access/%d?profileId=1" % shop.title, "203.0.113.9", "tv/1"),
        ("/api/ppv/access/%d" % other, "::ffff:127.0.0.1", "python-requests/" + requests.__version__)]
    path = "/api/admin/ppv/users/%d/reset" % shop.me
    assert shop.post(path, token=shop.token).status_code == 403
    editor = user(shop, "root@example.com", role="SUPER_ADMIN")
    token = login(shop, "root@example.com", path="/api/admin/login").json()["accessToken"]
    assert shop.post(path, token=token).json() == {"user": {"id": str(shop.me), "email": "ada@example.com", "ppvBanned": False, "ppvStrikeCount": 0}}
    assert shop.post("/api/admin/ppv/users/99999/reset", token=token).status_code == 404
    assert shop.rows('SELECT "userId", resource, detail FROM "AdminAuditLog" WHERE action = \'PPV_RESET\'') == [
        (editor, str(shop.me), {"strikes": 3, "banned": True})]
    assert shop.access(403)["ppvStrikeCount"] == 1


def test_concurrent_access_checks_are_counted_exactly(shop):
    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        answers = [f.result() for f in [pool.submit(shop.get, "/api/ppv/access/%d" % shop.title, token=shop.token) for _ in range(20)]]
    assert sorted(r.json()["ppvStrikeCount"] for r in answers if r.status_code == 403 and not r.json()["userPpvBanned"]) == [1, 2]
    assert shop.rows('SELECT "ppvStrikeCount", "ppvBanned" FROM "User"') == [(3, True)]
    assert shop.rows('SELECT count(*) FROM "PpvViolation"') == [(3,)]


def test_denied_status_and_strike_pause_are_configurable(open_shop):
    s = open_shop(PPV_DENIED_STATUS=200, PPV_STRIKE_PAUSE_SEC=600)
    assert [s.access(200)["ppvStrikeCount"] for _ in range(3)] == [1, 1, 1] and s.access(200)["hasAccess"] is False


# Lists

def test_purchase_lists_with_0_1_and_20000_rows(shop, gateways):
    user(shop, "root@example.com", role="FINANCE")
    token = login(shop, "root@example.com", path="/api/admin/login").json()["accessToken"]

    def admin(query="", status=200):
        r = shop.get("/api/admin/ppv/purchases" + query, token=token)
        assert r.status_code == status, r.text
        return r.json()

    assert admin() == {"totalCount": 0, "totalSuccessAmountNaira": 0, "items": []}
    assert shop.get("/api/ppv/my-titles", token=shop.token).json() == {"active": [], "expired": []}
    ref = shop.buy()
    one = admin()
    assert (one["totalCount"], one["totalSuccessAmountNaira"], len(one["items"])) == (1, 3000, 1)
    assert one["items"][0]["user"] == {"id": str(shop.me), "email": "ada@example.com", "name": "Ada"} and one["items"][0]["paystackRef"] == ref
    shop.rows("""INSERT INTO "PpvPurchase" ("userId", "titleId", "amountNaira", currency, gateway, "paystackRef", status, "accessExpiresAt", "createdAt")
        SELECT %s, %s, 10, 'USD', 'FLUTTERWAVE', 'many-' || n, CASE WHEN n %% 2 = 0 THEN 'SUCCESS' ELSE 'FAILED' END::"PpvPurchaseStatus", '2020-01-01',
        now() - n * interval '1 minute' FROM generate_series(1, 20000) n""", (shop.me, shop.title))
    many = admin("?limit=99999999999&offset=")
    assert (many["totalCount"], many["totalSuccessAmountNaira"], len(many["items"])) == (20001, 103000, 500) and many["items"][0]["paystackRef"] == ref
    assert [len(admin(q)["items"]) for q in ("", "?limit=", "?limit=0", "?offset=20000", "?offset=30000", "?gateway=other")] == [200, 200, 0, 1, 0, 0]
    assert [i["paystackRef"] for i in admin("?limit=2&offset=1&status=failed&gateway=flutterwave")["items"]] == ["many-3", "many-5"]
    assert admin("?status=success&gateway=paystack")["totalCount"] == 1
    assert len(admin("?limit=1&limit=2&status=success&status=failed")["items"]) == 1, "the first of repeated parameters counts"
    assert admin("?gateway=paystack&gateway=flutterwave")["totalCount"] == 1
    assert [admin("?limit=1&q=" + q)["totalCount"] for q in (ref, "many-7", "many-", "%20ADA@example.com%20", "ada", "root@example.com", "", "%20")] == [
        1, 1, 0, 20001, 0, 0, 20001, 20001], "a reference, or the address of the buyer, as a whole"
    assert [i["paystackRef"] for i in admin("?q=ada@example.com&limit=1&status=failed")["items"]] == ["many-1"]
    for query in ("limit=-1", "limit=x", "limit=1.5", "offset=-1", "offset=" + "9" * 30, "status=paid", "limit=%27", "status=SUCCESS%00"):
        r = shop.get("/api/admin/ppv/purchases?" + query, token=token)
        assert r.status_code == 400 or "%00" in query, (query, r.text)
    mine = shop.get("/api/ppv/my-titles", token=shop.token).json()
    assert (len(mine["active"]), len(mine["expired"])) == (1, 10000)
    assert shop.get("/api/admin/ppv/purchases", token=shop.token).status_code == 403


# The mail

def test_the_purchase_mail_recommends_other_titles(open_shop, gateways, mail):
    s = open_shop(**mail.env())
    for n, (name, price) in enumerate((("Oldest", 1), ("Second & third", 2500), ("No price", None), ("Newest", 7))):
        s.sell(name, price, createdAt="2030-01-0%d" % (n + 1))
    s.sell("Hidden", archived=True, createdAt="2031-01-01")
    s.rows('UPDATE "User" SET name = %s', ("Ada <b>",))
    s.buy()
    message, = mail.wait("ada@example.com")
    assert message["Subject"] == "Thanks for your purchase!"
    text = message.get_body(("plain",)).get_content()
    page = message.get_body(("html",)).get_content()
    ids = dict(s.rows('SELECT name, id FROM "Title"'))
    assert "Hi Ada <b>," in text and "Premiere <Night>" in text and "Oldest" not in text and "Hidden" not in text
    assert "- Newest · ₦7: https://app.example/title/%d\n- No price: https://app.example/title/%d\n- Second & third · ₦2500: https://app.example/title/%d" % (
        ids["Newest"], ids["No price"], ids["Second & third"]) in text.replace("\r", "")
    assert "Ada &lt;b&gt;" in page and "Premiere &lt;Night&gt;" in page and "<b>" not in page
    assert page.count("https://app.example/title") == 4 and "{{" not in page + text


def test_the_purchase_mail_without_other_titles_has_no_recommendations(open_shop, gateways, mail):
    s = open_shop(**mail.env())
    s.buy()
    message, = mail.wait("ada@example.com")
    assert "You may like" not in message.get_body(("plain",)).get_content() and "View" not in message.get_body(("html",)).get_content()


# Media

FILM = bytes(range(256)) * 4096


@pytest.fixture(params=["s3", "local"])
def cinema(request, open_shop, gateways, tmp_path):
    """A shop in which the title and an episode of a second title have a rendition in object storage."""
    def start(**env):
        if request.param == "s3":
            store = request.getfixturevalue("store")
            bucket = store.bucket()
            store.client().put_object(Bucket=bucket, Key="vod/unguessable/R720.mp4", Body=FILM, ContentType="video/mp4")
            s = open_shop(**store.env(bucket), **env)
        else:
            folder = tmp_path / "media"
            (folder / "objects/vod/unguessable").mkdir(parents=True)
            (folder / "objects/vod/unguessable/R720.mp4").write_bytes(FILM)
            s = open_shop(MEDIA_DIR=str(folder), **env)
        s.series = s.sell("Series", type="SERIES")
        (s.episode,), = s.rows('INSERT INTO "Episode" ("titleId", "seasonNumber", "episodeNumber", name, "updatedAt") VALUES (%s, 1, 1, \'E\', now()) RETURNING id', (s.series,))
        for column, owner in (("titleId", s.title), ("episodeId", s.episode)):
            s.rows("""INSERT INTO "AssetVersion" ("%s", rendition, url, status, "updatedAt") VALUES (%%s, 'R720', 's3://b/vod/unguessable/R720.mp4', 'READY', now())"""
                   % column, (owner,))
        return s
    return start


def urls(s, title=None, **options):
    t = s.get("/api/titles/%d" % (title or s.title), **options).json()["title"]
    again = s.get("/api/titles/%d/episodes" % (title or s.title), **options).json()["episodes"]
    assert [v["url"] is None for e in again for v in e["assetVersions"]] == [v["url"] is None for e in t["episodes"] for v in e["assetVersions"]]
    return [v["url"] for v in t["assetVersions"]] + [v["url"] for e in t["episodes"] for v in e["assetVersions"]]


def play(url, **headers):
    return requests.get(url, headers=headers, timeout=60)


def test_the_gate_requires_a_purchase_and_the_ip_address_and_user_agent_of_the_grant(cinema):
    s = cinema()
    url, = urls(s)
    assert url.startswith(s.a.url + "/api/ppv/media/") and "unguessable" not in url
    r = play(url)
    assert (r.status_code, r.json()) == (403, {"message": "Purchase required to access this title."}) and r.headers["Access-Control-Allow-Origin"] == "*"
    s.buy()
    assert play(url).status_code == 403  # bought, but no access check yet
    s.access()
    r = play(url)
    assert r.status_code == 200 and r.content == FILM and [h.status_code for h in r.history] == [302]
    assert r.history[0].headers["Cache-Control"] == "no-store" and "unguessable" in r.url
    r = play(url, Range="bytes=1000-1999")
    assert r.status_code == 206 and r.content == FILM[1000:2000] and r.headers["Content-Range"] == "bytes 1000-1999/%d" % len(FILM)
    # Another IP address or user agent is refused.
    assert play(url, **{"X-Forwarded-For": "203.0.113.9"}).status_code == 403 and play(url, **{"User-Agent": "another"}).status_code == 403
    # The IP address that the last proxy has added counts; an IPv6 address by its network.
    s.access(headers={"X-Forwarded-For": "198.51.100.1, 2001:db8:1:2::7"})
    assert play(url, **{"X-Forwarded-For": "127.0.0.9, 2001:db8:1:2:ffff::1"}).status_code == 200
    assert play(url, **{"X-Forwarded-For": "2001:db8:1:2::7, 198.51.100.1"}).status_code == 403
    # The purchase of another title grants nothing.
    other, = urls(s, s.series)
    assert other != url and play(other).status_code == 403


def test_the_gate_waits_for_a_concurrent_access_check(cinema):
    s = cinema()
    url, = urls(s)
    s.buy()
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        players = [pool.submit(play, url) for _ in range(4)]
        s.access()
        assert [p.result().status_code for p in players] == [200] * 4


@pytest.mark.parametrize("cinema", ["local"], indirect=True)
@pytest.mark.parametrize("change", [
    'UPDATE "PpvPurchase" SET status = \'FAILED\'', 'UPDATE "PpvPurchase" SET "accessExpiresAt" = now() - interval \'1 second\'', 'UPDATE "User" SET "ppvBanned" = true',
    "UPDATE wanzami.ppv_grant SET expires_at = now() - interval '1 second'", 'DELETE FROM "PpvPurchase"', 'UPDATE "AssetVersion" SET status = \'FAILED\'',
    'DELETE FROM "AssetVersion"', 'UPDATE "AssetVersion" SET url = \'s3://b/uploads/source.mp4\'', 'DELETE FROM "Title"'])
def test_a_grant_ends_with_its_purchase_account_or_rendition(cinema, change):
    s = cinema()
    s.buy()
    s.access()
    url, = urls(s)
    assert play(url).status_code == 200
    s.rows(change)
    assert play(url).status_code == (404 if "AssetVersion" in change or "Title" in change else 403)


@pytest.mark.parametrize("cinema", ["local"], indirect=True)
def test_forged_gate_urls_are_refused(cinema):
    s = cinema(PUBLIC_API_ORIGIN="https://api.example/")
    s.buy()
    s.access()
    url, = urls(s)
    assert url.startswith("https://api.example/api/ppv/media/")
    word = url.rsplit("/", 1)[1]
    at = s.a.url + "/api/ppv/media/"
    place = requests.get(at + word, timeout=60, allow_redirects=False)
    left = int(re.search("[?&]expires=([0-9]+)", place.headers["Location"])[1]) - time.time()
    assert place.status_code == 302 and 11.5 < left / 3600 < 12.5
    text, end, mac = word.split(".")
    for bad in (text, text + ".", "...", ".%s.%s" % (end, mac), "%s.%s.%s" % (text + "0", end, mac), "%s.%x.%s" % (text, int(end, 16) + 1, mac), "%s.%s.%s" % (text, end, mac[:-1]),
                "%s.%s.%s0" % (text, end, mac), "%s.%s.%s" % (text, end, "0" * 32), "x" * 1000, "%00", "1.ffffffffffffffffff.0", "a.b.c.d"):
        r = requests.get(at + bad, timeout=60)
        assert r.status_code in (400, 403), bad
    s.rows('UPDATE "AssetVersion" SET url = \'https://cdn.example/film.mp4\'')
    r = requests.get(at + word, timeout=60, allow_redirects=False)
    assert (r.status_code, r.headers["Location"]) == (302, "https://cdn.example/film.mp4")


def test_caching_headers_of_responses_with_signed_urls(cinema):
    """Every response with signed URLs, and every 304 and refusal in its place, names all headers on which it depends in Vary."""
    s = cinema()
    deciding = {"authorization", "accept-language", "cf-ipcountry", "x-vercel-ip-country", "x-country", "x-app-country", "x-kid-mode", "x-profile-age",
                "x-profile-birthyear", "x-forwarded-host", "x-forwarded-proto", "origin", "accept-encoding"}

    def of(r):
        return r.headers.get("Cache-Control"), {name.strip().lower() for name in r.headers["Vary"].split(",")}
    with_browser = deciding | {"user-agent"}  # PLAYBACK_APP_HLS
    for path in ("/api/titles/%d" % s.title, "/api/titles/%d/episodes" % s.title, "/api/titles/999999"):
        r = s.get(path)
        assert of(r) == ("private, no-cache", with_browser), path
        assert of(s.get(path, headers={"If-None-Match": r.headers.get("ETag", "*")})) == ("private, no-cache", with_browser)
        assert of(s.get(path, token=s.token)) == ("no-store", with_browser)
    for _ in range(2):  # computed, then from the response cache
        assert of(s.get("/api/titles")) == (None, deciding)
        assert of(s.get("/api/titles", token=s.token)) == ("no-store", deciding)


def test_with_a_token_urls_are_presigned_for_buyers_and_null_for_others(cinema):
    s = cinema()
    assert urls(s, token=s.token) == [None] and urls(s, token="nonsense")[0].startswith(s.a.url + "/api/ppv/media/")
    s.buy()
    url, = urls(s, token=s.token)
    assert "unguessable" in url and play(url, Range="bytes=0-9").content == FILM[:10]
    assert urls(s, s.series, token=s.token) == [None]
    s.rows('UPDATE "User" SET "ppvBanned" = true')
    assert urls(s, token=s.token) == [None]
    user(s, "root@example.com", role="MODERATOR")
    token = login(s, "root@example.com", path="/api/admin/login").json()["accessToken"]
    assert "unguessable" in urls(s, token=token)[0] and "unguessable" in urls(s, s.series, token=token)[0]
    s.rows('DELETE FROM "Session"')
    assert urls(s, token=token) == [None]


@pytest.mark.parametrize("cinema", ["local"], indirect=True)
def test_administrators_pass_the_gate(cinema):
    s = cinema()
    user(s, "root@example.com", role="MODERATOR")
    token = login(s, "root@example.com", path="/api/admin/login").json()["accessToken"]
    url, = urls(s)
    assert play(url).status_code == 403
    s.access(403, "?record=false", token=token)
    assert play(url).content == FILM
    s.rows("UPDATE \"User\" SET role = 'USER'")
    assert play(url).status_code == 403


@pytest.mark.parametrize("cinema", ["local"], indirect=True)
def test_ppv_enforcement_token_and_off(cinema):
    s = cinema(PPV_ENFORCEMENT="token")
    assert urls(s) == [None]
    s.buy()
    assert urls(s) == [None] and "unguessable" in urls(s, token=s.token)[0]
    s.a.close()
    free = s.a.__class__(s.a.log_path.rsplit("/", 1)[0], **{**s.a.env, "PPV_ENFORCEMENT": "off"}).wait_healthy()
    try:
        assert "unguessable" in free.get("/api/titles/%d" % s.series).json()["title"]["episodes"][0]["assetVersions"][0]["url"]
    finally:
        free.close()
