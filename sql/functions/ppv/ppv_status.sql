-- Returns the status of a purchase that its facts imply (docs/payments.md#the-ledger). "due" is its price in kobo or cents. Refunds count
-- together: they end the access when nothing of what was charged is left. A dispute ends the access unless it was won.
CREATE OR REPLACE FUNCTION wanzami.ppv_status(purchase bigint, due numeric) RETURNS "PpvPurchaseStatus" LANGUAGE sql STABLE AS $$
	SELECT CASE
		WHEN f.refunded >= due * greatest(f.charges, 1) OR f.lost OR EXISTS (SELECT FROM wanzami.ppv_fact d
			WHERE d.purchase_id = purchase AND d.kind = 'disputed' AND NOT EXISTS (SELECT FROM wanzami.ppv_fact w
				WHERE w.purchase_id = purchase AND w.kind = 'won' AND w.key = d.key)) THEN 'FAILED'
		WHEN f.charges > 0 THEN 'SUCCESS'
		WHEN f.failed THEN 'FAILED'
		WHEN f.expired THEN 'CANCELLED'
		ELSE 'PENDING' END::"PpvPurchaseStatus"
	FROM (SELECT count(*) FILTER (WHERE kind = 'charge') AS charges,
		coalesce(sum(coalesce(minor, due)) FILTER (WHERE kind = 'refund'), 0) AS refunded, coalesce(bool_or(kind = 'lost'), false) AS lost,
		coalesce(bool_or(kind = 'failed'), false) AS failed, coalesce(bool_or(kind = 'expired'), false) AS expired
		FROM wanzami.ppv_fact WHERE purchase_id = purchase) f
$$;
