"""Billing details of a user (docs/compatibility.md#billing)."""
import concurrent.futures

import pytest

from test_auth import api, login, user  # noqa: F401


@pytest.fixture
def payer(api):  # noqa: F811
    api.me = user(api)
    api.token = login(api).json()["accessToken"]
    return api


def put(a, body, status=200):
    r = a.put("/api/user/billing", body, token=a.token)
    assert r.status_code == status, r.text
    return r.json()


def rows(a):
    a.db.execute('SELECT "userId", provider::text, status FROM "BillingAccount" ORDER BY id')
    return a.db.fetchall()


def test_billing_is_created_and_updated_field_by_field(payer):
    a = payer
    assert a.get("/api/user/billing", token=a.token).json() == {"billing": None}
    made = put(a, {"provider": "PAYSTACK", "status": "premium for ever", "billingEmail": "Bills@Example.com", "planCode": "", "country": "NG"})["billing"]
    assert made == {"id": made["id"], "provider": "PAYSTACK", "providerCustomerId": None, "planCode": "", "status": "active",
                    "billingEmail": "Bills@Example.com", "paymentMethodBrand": None, "paymentMethodLast4": None, "country": "NG",
                    "postalCode": None, "nextPaymentAt": None}
    a.db.execute('UPDATE "BillingAccount" SET status = \'past_due\'')
    changed = put(a, {"provider": "FLUTTERWAVE", "status": "active", "postalCode": "100001", "paymentMethodLast4": "0042", "unknown": 1})["billing"]
    assert changed == {**made, "provider": "FLUTTERWAVE", "status": "past_due", "postalCode": "100001", "paymentMethodLast4": "0042"}
    assert a.get("/api/user/billing", token=a.token).json()["billing"] == changed
    # Another user does not see it.
    other = user(a, "other@example.com")
    token = login(a, "other@example.com").json()["accessToken"]
    assert a.get("/api/user/billing", token=token).json() == {"billing": None}
    assert [r[0] for r in rows(a)] == [a.me] and other != a.me


VALID = [
    ("2099-05-01", "2099-05-01T00:00:00.000Z"), ("2099-05-01T10:20:30.4567+01:00", "2099-05-01T09:20:30.456Z"), ("2099", "2099-01-01T00:00:00.000Z"),
    ("2099-05", "2099-05-01T00:00:00.000Z"), ("2099-05-01T10:20", "2099-05-01T10:20:00.000Z"), ("2099-05-01 10:20:30Z", "2099-05-01T10:20:30.000Z"),
    ("Fri, 01 May 2099 10:00:00 GMT", "2099-05-01T10:00:00.000Z"), ("2099/05/01", "2099-05-01T00:00:00.000Z"), (0, "1970-01-01T00:00:00.000Z"),
    (1e12, "2001-09-09T01:46:40.000Z"), (-1, "1969-12-31T23:59:59.999Z"), (None, "1970-01-01T00:00:00.000Z"), (False, "1970-01-01T00:00:00.000Z"),
    ("2099-05-01T10:00:00+0200", "2099-05-01T08:00:00.000Z"), ("2099-5-1 10:00", "2099-05-01T10:00:00.000Z"), ("05/01/99", "1999-05-01T00:00:00.000Z"),
    ("May 1, 2099 11:59 PM", "2099-05-01T23:59:00.000Z"), ("1 May 2099 12:00:01 AM", "2099-05-01T00:00:01.000Z"), (" May 1 2099 ", "2099-05-01T00:00:00.000Z"),
    ("Fri May 01 2099 10:00:00 GMT+0100 (West Africa Standard Time)", "2099-05-01T09:00:00.000Z"), ("Fri, 1 May 2099 10:00:00 +0000", "2099-05-01T10:00:00.000Z"),
    (True, "1970-01-01T00:00:00.001Z"), ("9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999Z"), ("0001-01-01", "0001-01-01T00:00:00.000Z")]
INVALID = ["", "soon", "2099-13-01", "2099-05-32", "2099-05-01T25:00", "2099-05-01T10", "2099-05-01T10:00:61", "2099-05-01T10:00+99:00",
           "20990-01-01", "0000-01-01", 1e18, -1e300, [], {}, ["2099"], "2099-05-01T10:00:00.Z", "9" * 5000]


def test_dates_are_parsed_as_in_javascript(payer):
    for sent, stored in VALID:
        assert put(payer, {"provider": "PAYSTACK", "nextPaymentAt": sent})["billing"]["nextPaymentAt"] == stored, sent


def test_invalid_dates_are_refused(payer):
    for date in INVALID:
        r = put(payer, {"provider": "PAYSTACK", "nextPaymentAt": date}, 400)
        assert r["errors"] == {"formErrors": [], "fieldErrors": {"nextPaymentAt": ["Invalid date"]}} and rows(payer) == [], date


@pytest.mark.parametrize("body, errors", [
    ({}, {"provider": ["Required"]}), ({"provider": None}, {"provider": ["Expected 'PAYSTACK' | 'FLUTTERWAVE', received null"]}),
    ({"provider": "paystack"}, {"provider": ["Invalid enum value. Expected 'PAYSTACK' | 'FLUTTERWAVE', received 'paystack'"]}),
    ({"provider": "é" * 99}, {"provider": ["Invalid enum value. Expected 'PAYSTACK' | 'FLUTTERWAVE', received '%s'" % ("é" * 99)]}),
    ({"provider": "PAYSTACK", "status": 1, "billingEmail": "x", "paymentMethodLast4": "12345", "country": None},
     {"status": ["Expected string, received number"], "billingEmail": ["Invalid email"],
      "paymentMethodLast4": ["String must contain at most 4 character(s)"], "country": ["Expected string, received null"]})])
def test_invalid_bodies_are_refused(payer, body, errors):
    assert put(payer, body, 400)["errors"] == {"formErrors": [], "fieldErrors": errors} and rows(payer) == []
    assert payer.put("/api/user/billing", {"provider": "PAYSTACK"}).status_code == 401


def test_concurrent_requests_create_one_row(payer):
    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda n: put(payer, {"provider": "PAYSTACK", "planCode": str(n)})["billing"]["id"], range(20)))
    assert len(set(answers)) == 1 and rows(payer) == [(payer.me, "PAYSTACK", "active")]
