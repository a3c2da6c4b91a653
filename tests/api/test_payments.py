"""The cron job `payments`, which reconciles purchases whose webhook is missing (docs/compatibility.md#payment-reconciliation)."""
import concurrent.futures
import json

import pytest

from conftest import run, wait_for
from test_ppv import open_shop, shop  # noqa: F401

AGES = {"young": "1 minute", "open": "10 minutes", "old": "25 hours", "forgotten": "8 days"}


def run_payments(s, status=0):
    """Runs the job once and returns its counts."""
    r = run("job", "run", "payments", **s.a.env)
    assert r.returncode == status, r.stdout + r.stderr
    return json.loads(s.rows("SELECT detail::text FROM wanzami.job_run WHERE name = 'payments' ORDER BY id DESC LIMIT 1")[0][0])


def begin_purchase(s, age="open", **headers):
    """Creates a purchase of a new title: a second payment for the same title would be refunded."""
    ref = s.initiate(title=s.sell("Film"), **headers)["reference"]
    s.rows('UPDATE "PpvPurchase" SET "createdAt" = now() - %s::interval WHERE "paystackRef" = %s', (AGES[age], ref))
    return ref


def test_payments_with_a_lost_webhook_are_completed(shop, gateways):  # noqa: F811
    assert run_payments(shop) == {"asked": 0, "changed": 0, "mismatches": 0}
    refs = {gateway: begin_purchase(shop, **headers) for gateway, headers in (("PAYSTACK", {}), ("FLUTTERWAVE", {"x_country": "US"}))}
    young = begin_purchase(shop, "young")
    for ref in (*refs.values(), young):
        gateways.pay(ref)
    assert run_payments(shop) == {"asked": 2, "changed": 2, "mismatches": 0}
    assert [shop.status(r) for r in (*refs.values(), young)] == ["SUCCESS", "SUCCESS", "PENDING"]
    assert shop.purchase(refs["PAYSTACK"])[2] == str(gateways.payments[refs["PAYSTACK"]]["id"])
    assert shop.rows("SELECT count(*) FROM wanzami.mail_outbox") == [(2,)]
    before = shop.purchase(refs["PAYSTACK"])
    shop.paid({"event": "charge.success", "data": gateways.payments[refs["PAYSTACK"]]})  # the webhook arrives late
    assert shop.purchase(refs["PAYSTACK"]) == before and run_payments(shop)["asked"] == 0


def test_unpaid_purchases_fail_or_are_canceled(shop, gateways):  # noqa: F811
    waiting, failed, reversed_, unknown = (begin_purchase(shop) for _ in range(4))
    gateways.payments[failed]["status"] = "failed"
    gateways.payments[reversed_]["status"] = "reversed"
    del gateways.payments[unknown]
    flutterwave = begin_purchase(shop, x_country="US")
    late = [begin_purchase(shop, "old"), begin_purchase(shop, "old", x_country="US")]
    late_but_paid = begin_purchase(shop, "old")
    gateways.pay(late_but_paid)
    never_known = begin_purchase(shop, "old")
    del gateways.payments[never_known]
    assert run_payments(shop) == {"asked": 9, "changed": 6, "mismatches": 0}
    assert [shop.status(r) for r in (waiting, failed, reversed_, unknown, flutterwave)] == ["PENDING", "FAILED", "FAILED", "PENDING", "PENDING"]
    assert [shop.status(r) for r in (*late, late_but_paid, never_known)] == ["CANCELLED", "CANCELLED", "SUCCESS", "CANCELLED"]
    # A late payment is accepted; a reversed one is not.
    shop.paid(gateways.pay(late[0]))
    shop.paid(gateways.pay(reversed_))
    assert shop.status(late[0]) == "SUCCESS" and shop.status(reversed_) == "FAILED"


def test_wrong_amounts_are_refused(shop, gateways):  # noqa: F811
    ref, dollars, swapped = begin_purchase(shop), begin_purchase(shop, x_country="US"), begin_purchase(shop)
    gateways.pay(ref, amount=1)
    gateways.pay(dollars, currency="NGN")
    gateways.payments[swapped] = gateways.payments[begin_purchase(shop, "young")]
    gateways.payments[swapped]["status"] = "success"
    for _ in range(2):
        assert run_payments(shop) == {"asked": 3, "changed": 0, "mismatches": 2}
    assert [shop.status(r) for r in (ref, dollars, swapped)] == ["PENDING"] * 3 and shop.rows('SELECT count(*) FROM "ErrorLog"') == [(2,)]


def test_gateways_that_fail_are_asked_again(shop, gateways):  # noqa: F811
    paid, old, forgotten = begin_purchase(shop), begin_purchase(shop, "old"), begin_purchase(shop, "forgotten")
    gateways.pay(paid)
    for trouble in (lambda: gateways.say(500, b"oops"), lambda: gateways.say(200, b"<html>"), lambda: gateways.say(401, b'{"status":false}'), gateways.stop):
        trouble()
        shop.rows('UPDATE "PpvPurchase" SET status = \'PENDING\' WHERE "paystackRef" = %s', (forgotten,))
        counts = run_payments(shop, 1)
        assert (counts["asked"], counts["changed"]) == (1 if trouble == gateways.stop else 3, 1)
        assert [shop.status(r) for r in (paid, old, forgotten)] == ["PENDING", "PENDING", "CANCELLED"]
    gateways.say(None)
    gateways.start()
    assert run_payments(shop)["changed"] == 2 and [shop.status(r) for r in (paid, old)] == ["SUCCESS", "CANCELLED"]


def test_a_killed_job_is_completed_by_the_next_run(shop, gateways):  # noqa: F811
    refs = [begin_purchase(shop) for _ in range(5)]
    for ref in refs:
        gateways.pay(ref)
    gateways.hold()
    cron = shop.a.__class__(shop.a.log_path.rsplit("/", 1)[0], roles="cron", **{**{k: v for k, v in shop.a.env.items() if k not in ("ROLE", "PORT")},
                            "PAYMENTS_CRON": "* * * * * *", "JOB_LEASE_MS": 1000}).wait_healthy()
    try:
        wait_for(lambda: gateways.waiting >= 1, "the first request to the gateway")
        cron.kill()
        gateways.release()
        cron.start().wait_healthy()
        wait_for(lambda: all(shop.status(r) == "SUCCESS" for r in refs), "all payments")
        assert shop.rows("SELECT count(*) FROM wanzami.mail_outbox") == [(5,)]
    finally:
        cron.close()


def test_concurrent_webhook_and_job_complete_a_purchase_once(shop, gateways):  # noqa: F811
    refs = [begin_purchase(shop) for _ in range(10)]
    events = [gateways.pay(ref) for ref in refs]
    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        job = pool.submit(run_payments, shop)
        for f in [pool.submit(shop.paid, e) for e in events]:
            f.result()
        job.result()
    assert [shop.status(r) for r in refs] == ["SUCCESS"] * 10 and shop.rows("SELECT count(*) FROM wanzami.mail_outbox") == [(10,)]


def test_expired_grants_are_deleted(shop):  # noqa: F811
    shop.buy()
    shop.access()
    assert run_payments(shop)["asked"] == 0 and shop.rows("SELECT count(*) FROM wanzami.ppv_grant") == [(1,)]
    shop.rows("UPDATE wanzami.ppv_grant SET expires_at = now() - interval '1 second'")
    run_payments(shop)
    assert shop.rows("SELECT count(*) FROM wanzami.ppv_grant") == [(0,)]


# Payments without a purchase (docs/payments.md#payments-without-a-purchase)

def lose(s, *references):
    """Deletes purchases, as a restore to an earlier time does."""
    s.rows('DELETE FROM "PpvPurchase" WHERE "paystackRef" = ANY (%s)', (list(references),))


def unknown(s):
    return s.rows("SELECT reference, state, last_error FROM wanzami.ppv_unknown ORDER BY created_at, reference")


def test_payments_of_lost_purchases_become_the_purchases(shop, gateways):  # noqa: F811
    refs = [begin_purchase(shop), begin_purchase(shop, x_country="US")]
    before = shop.rows('SELECT "userId", "titleId", "amountNaira", currency, gateway, "paystackRef" FROM "PpvPurchase" ORDER BY "paystackRef"')
    lose(shop, *refs)
    for ref in refs:
        event = gateways.pay(ref)
        for _ in range(2):
            shop.paid(event)
    assert [u[:2] for u in unknown(shop)] == [(ref, "due") for ref in refs]
    assert shop.rows("SELECT value FROM wanzami.status() WHERE section = 'Payments' ORDER BY 1") == [
        ("has no purchase, will be verified with FLUTTERWAVE",), ("has no purchase, will be verified with PAYSTACK",)]
    assert run_payments(shop) == {"asked": 2, "changed": 0, "mismatches": 0, "restored": 2}
    assert shop.rows('SELECT "userId", "titleId", "amountNaira", currency, gateway, "paystackRef" FROM "PpvPurchase" ORDER BY "paystackRef"') == before
    assert [shop.status(ref) for ref in refs] == ["SUCCESS"] * 2 and unknown(shop) == []
    assert shop.purchase(refs[0])[2] == str(gateways.payments[refs[0]]["id"])
    assert shop.rows("SELECT count(*) FROM wanzami.mail_outbox") == [(2,)] and shop.rows('SELECT count(*) FROM "ErrorLog"') == [(0,)]
    assert shop.rows("SELECT count(*) FROM wanzami.ppv_unknown_report") == [(0,)]


def test_reports_about_a_lost_purchase_are_applied_in_order(shop, gateways):  # noqa: F811
    refunded, disputed = begin_purchase(shop), begin_purchase(shop)
    lose(shop, refunded, disputed)
    shop.paid(gateways.pay(refunded))
    shop.paid({"event": "refund.processed", "data": {"transaction_reference": refunded, "refund_reference": "r1", "amount": 300000, "currency": "NGN"}})
    event = gateways.pay(disputed)
    shop.paid({"event": "charge.dispute.create", "data": {"id": 5, "transaction": {"reference": disputed}}})
    shop.paid(event)
    assert run_payments(shop)["restored"] == 2
    assert [shop.status(refunded), shop.status(disputed)] == ["FAILED", "FAILED"]
    shop.paid({"event": "charge.dispute.resolve", "data": {"id": 5, "resolution": "declined", "transaction": {"reference": disputed}}})
    assert shop.status(disputed) == "SUCCESS"


def test_a_lost_account_never_gives_its_purchase_to_the_next_owner_of_its_number(shop, gateways):  # noqa: F811
    ref = begin_purchase(shop)
    lose(shop, ref)
    shop.rows('UPDATE "User" SET email = %s WHERE id = %s', ("somebody.else@example.com", shop.me))
    shop.paid(gateways.pay(ref))
    assert run_payments(shop)["held"] == 1
    reason = "no account with a confirmed address is that of the buyer, ada@example.com"
    assert unknown(shop) == [(ref, "held", reason)]
    assert shop.rows('SELECT message FROM "ErrorLog"') == [("PPV payment %s of PAYSTACK has no purchase: %s" % (ref, reason),)]
    assert shop.rows("SELECT name, value FROM wanzami.status() WHERE section = 'Payments'") == [(ref, "has no purchase (PAYSTACK): " + reason)]
    # The buyer signs up again and confirms the address. Until then nothing is listed twice.
    for verified, rows in ((False, 0), (True, 1)):
        shop.rows('DELETE FROM "User" WHERE email = \'ada@example.com\'')
        again = shop.rows("""INSERT INTO "User" (email, password, name, "emailVerified", "updatedAt") VALUES ('ada@example.com', 'x', 'Ada', %s, now())
            RETURNING id""", (verified,))[0][0]
        shop.rows("UPDATE wanzami.ppv_unknown SET next_at = now()")
        run_payments(shop)
        assert shop.rows('SELECT count(*) FROM "PpvPurchase" WHERE "userId" = %s AND status = \'SUCCESS\'', (again,)) == [(rows,)]
    assert unknown(shop) == [] and shop.rows('SELECT count(*) FROM "ErrorLog"') == [(1,)]


def test_payments_that_fit_no_title_or_price_are_held_until_they_do_or_are_refunded(shop, gateways):  # noqa: F811
    price, gone, back = begin_purchase(shop), begin_purchase(shop), begin_purchase(shop)
    titles = {ref: shop.rows('SELECT "titleId" FROM "PpvPurchase" WHERE "paystackRef" = %s', (ref,))[0][0] for ref in (price, gone, back)}
    lose(shop, price, gone, back)
    shop.rows('UPDATE "Title" SET "ppvPriceNaira" = 2500 WHERE id = %s', (titles[price],))
    shop.rows('DELETE FROM "Title" WHERE id = ANY (%s)', ([titles[gone], titles[back]],))
    for ref in (price, gone, back):
        shop.paid(gateways.pay(ref))
    assert run_payments(shop)["held"] == 3
    assert {u[0]: u[2] for u in unknown(shop)} == {
        price: "3000.00 NGN were paid, the price of title %d is 2500.00 NGN" % titles[price], gone: "its title does not exist", back: "its title does not exist"}
    shop.rows('UPDATE "Title" SET "ppvPriceNaira" = 3000 WHERE id = %s', (titles[price],))
    shop.rows("UPDATE wanzami.ppv_unknown SET next_at = now()")
    shop.paid({"event": "refund.processed", "data": {"transaction_reference": back, "refund_reference": "r", "amount": 300000, "currency": "NGN"}})
    gateways.payments[gone]["status"] = "reversed"
    assert run_payments(shop)["restored"] == 1 and shop.status(price) == "SUCCESS" and unknown(shop) == []


def test_reports_that_the_gateway_does_not_confirm_are_held(shop, gateways):  # noqa: F811
    forged, unpaid = "PPV-%d-1-0badcafe" % shop.title, begin_purchase(shop)
    lose(shop, unpaid)
    shop.paid({"event": "charge.success", "data": {"reference": forged, "amount": 300000, "currency": "NGN", "id": 1}})
    shop.paid({"event": "charge.failed", "data": {"reference": unpaid, "amount": 300000, "currency": "NGN", "id": 2}})
    for _ in range(8):
        shop.rows("UPDATE wanzami.ppv_unknown SET next_at = now()")
        counts = run_payments(shop)
    assert counts["held"] == 1 and unknown(shop) == [(forged, "held", "a webhook has reported the payment, but the gateway does not know it")]
    assert shop.rows('SELECT count(*) FROM "PpvPurchase"') == [(0,)]


def test_a_gateway_that_is_down_leaves_payments_without_a_purchase_waiting(shop, gateways):  # noqa: F811
    ref = begin_purchase(shop)
    lose(shop, ref)
    shop.paid(gateways.pay(ref))
    gateways.stop()
    run_payments(shop, 1)
    assert [u[:2] for u in unknown(shop)] == [(ref, "due")]
    gateways.start()
    shop.rows("UPDATE wanzami.ppv_unknown SET next_at = now()")
    assert run_payments(shop)["restored"] == 1 and shop.status(ref) == "SUCCESS"


def compare(s, *days, status=0):
    r = run("job", "run", "payments-compare", *days, **s.a.env)
    assert r.returncode == status, r.stdout + r.stderr
    return json.loads(s.rows("SELECT detail::text FROM wanzami.job_run WHERE name = 'payments-compare' ORDER BY id DESC LIMIT 1")[0][0])


def test_the_lists_of_the_gateways_are_compared_with_the_purchases(shop, gateways):  # noqa: F811
    known = [begin_purchase(shop), begin_purchase(shop, x_country="US")]
    for ref in known:
        shop.paid(gateways.pay(ref))
    lost = [begin_purchase(shop) for _ in range(3)] + [begin_purchase(shop, x_country="US")]
    silent = begin_purchase(shop, "old")  # was paid, but no webhook has arrived and the purchase was given up
    shop.rows('UPDATE "PpvPurchase" SET status = \'CANCELLED\' WHERE "paystackRef" = %s', (silent,))
    for ref in (*lost, silent):
        gateways.pay(ref)
    gateways.payments["ORDER-1"] = {**gateways.payments[lost[0]], "reference": "ORDER-1"}  # of another program
    begin_purchase(shop)  # not paid
    lose(shop, *lost)
    assert compare(shop, "2026-01-30", "2026-02-01") == {"payments": 7, "without_purchase": 5}
    asked = [path for method, path, _, _ in gateways.requests if path.startswith(("/transaction?", "/v3/transactions?"))]
    assert asked[0] == "/transaction?from=2026-01-30T00%3A00%3A00.000Z&to=2026-02-01T23%3A59%3A59.999Z&status=success&page=1&perPage=50"
    assert asked[-1] == "/v3/transactions?from=2026-01-30&to=2026-02-01&status=successful&page=1"
    assert run_payments(shop)["restored"] == 5
    assert [shop.status(ref) for ref in (*known, *lost, silent)] == ["SUCCESS"] * 7
    assert compare(shop) == {"payments": 7, "without_purchase": 0}
    assert shop.rows("SELECT count(*) FROM wanzami.ppv_unlisted") == [(0,)]
    assert compare(shop, "soon", status=1)["error"].startswith("the days must have the form YYYY-MM-DD")
    gateways.say(500, b'{"status":false,"message":"oops"}')
    assert "FLUTTERWAVE returned no list of payments: the gateway responded with status 500: oops" in compare(shop, status=1)["error"]


@pytest.mark.parametrize("broken, held", [(1, 4), (2, 3), (3, 0)])
def test_a_purchase_whose_status_the_gateway_fails_to_return_stops_no_other(shop, gateways, broken, held):  # noqa: F811
    lost = [begin_purchase(shop) for _ in range(5)]
    for ref in lost:
        shop.paid(gateways.pay(ref))
        del gateways.payments[ref]
    gateways.broken.update(lost[:broken])  # three in a row: the gateway is away
    detail = compare(shop, status=1)
    assert detail["error"].startswith("PAYSTACK returned no status for ") and detail.get("not_confirmed", 0) == held
    gateways.broken.clear()
    assert compare(shop)["not_confirmed"] == 5


def payment_lines(s):
    return dict(s.rows("SELECT name, value FROM wanzami.status() WHERE section = 'Payments'"))


def test_paid_purchases_that_the_gateway_does_not_list_are_left_to_a_person(shop, gateways):  # noqa: F811
    listed, late, lost, back, old = (begin_purchase(shop) for _ in range(5))
    dollars = begin_purchase(shop, x_country="US")
    for ref in (listed, late, lost, back, old, dollars):
        shop.paid(gateways.pay(ref))
    assert [shop.status(ref) for ref in (listed, late, lost, back, old, dollars)] == ["SUCCESS"] * 6
    del gateways.payments[lost], gateways.payments[dollars], gateways.payments[old]  # as a forged or mistaken report of a payment would leave it
    gateways.payments[back]["status"] = "reversed"
    shop.rows('UPDATE "PpvPurchase" SET "createdAt" = now() - interval \'30 days\' WHERE "paystackRef" = %s', (old,))
    gateways.unlisted.add(late)  # as one whose day is another in the gateway's time zone: asked for itself, it is paid
    assert compare(shop) == {"payments": 1, "without_purchase": 0, "not_confirmed": 3}
    lines = payment_lines(shop)
    assert lines == {lost: "is paid here, but PAYSTACK does not know the payment", back: "is paid here, but PAYSTACK says reversed",
                     dollars: "is paid here, but FLUTTERWAVE does not know the payment"}
    logged = "SELECT count(*) FROM \"ErrorLog\" WHERE message LIKE 'PPV purchase %% is paid here, but %%'"
    assert shop.rows(logged) == [(3,)]
    assert [shop.status(ref) for ref in (lost, back, dollars)] == ["SUCCESS"] * 3

    assert compare(shop)["not_confirmed"] == 3 and shop.rows(logged) == [(3,)]  # told once
    gateways.payments[back]["status"] = "success"
    shop.rows('UPDATE "PpvPurchase" SET status = \'FAILED\' WHERE "paystackRef" = %s', (dollars,))
    assert compare(shop)["not_confirmed"] == 1 and list(payment_lines(shop)) == [lost]
    today = shop.rows("SELECT to_char(now() - interval '31 days', 'YYYY-MM-DD'), to_char(now(), 'YYYY-MM-DD')")[0]
    assert compare(shop, *today)["not_confirmed"] == 2 and set(payment_lines(shop)) == {lost, old}
