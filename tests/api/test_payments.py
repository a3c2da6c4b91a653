"""The cron job `payments`, which reconciles purchases whose webhook is missing (docs/compatibility.md#payment-reconciliation)."""
import concurrent.futures
import json

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
