-- Cron job payments, step 5 (docs/payments.md#paid-twice): takes the next payment to refund. The attempt is counted now; pauses double from
-- ten minutes to a day. A payment is no longer refunded if it is the only one left, or if its money has gone back already. While a dispute
-- about either payment is undecided, nothing is decided here.
DELETE FROM wanzami.ppv_refund r USING "PpvPurchase" p WHERE p."id" = r.purchase_id AND r.state = 'due' AND (p."status" <> 'SUCCESS'
	OR NOT EXISTS (SELECT FROM "PpvPurchase" o WHERE o."userId" = p."userId" AND o."titleId" = p."titleId" AND o."id" <> p."id" AND o."status" = 'SUCCESS'))
AND NOT EXISTS (SELECT FROM "PpvPurchase" o JOIN wanzami.ppv_fact f ON f.purchase_id = o."id" AND f.kind = 'disputed'
	WHERE o."userId" = p."userId" AND o."titleId" = p."titleId"
	AND NOT EXISTS (SELECT FROM wanzami.ppv_fact d WHERE d.purchase_id = o."id" AND d.kind IN ('won', 'lost') AND d.key = f.key));
UPDATE wanzami.ppv_refund r SET attempts = attempts + 1, next_at = now() + least(interval '10 minutes' * 2 ^ least(attempts, 8), interval '1 day')
FROM (SELECT w.purchase_id FROM wanzami.ppv_refund w JOIN "PpvPurchase" p ON p."id" = w.purchase_id
	WHERE w.state = 'due' AND w.next_at <= now() AND p."status" = 'SUCCESS' AND EXISTS (SELECT FROM "PpvPurchase" o
		WHERE o."userId" = p."userId" AND o."titleId" = p."titleId" AND o."id" <> p."id" AND o."status" = 'SUCCESS')
	ORDER BY w.next_at LIMIT 1 FOR UPDATE OF w SKIP LOCKED) due,
	"PpvPurchase" p
WHERE r.purchase_id = due.purchase_id AND p."id" = r.purchase_id
RETURNING p."id", p."gateway", p."paystackRef", coalesce(p."paystackTrxId", ''), wanzami.ppv_minor(p."amountNaira", p."currency")
