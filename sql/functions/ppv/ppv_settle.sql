-- Applies what a gateway reports about a purchase: 'paid', 'failed', 'refunded' (money went back), 'unrefunded' (a refund failed),
-- 'disputed', 'won' and 'lost' (by the buyer's bank), 'expired' (not paid in time); anything else changes nothing. "minor" is in kobo or
-- cents; a refund without it is one of the whole amount. "fact" is the gateway's id of the refund or the dispute.
-- The report becomes a fact of the ledger, and the status follows from all facts (wanzami.ppv_status). The row is locked. The first charge
-- sets the end of the access (docs/compatibility.md#webhooks). 'reversed' and 'restored' are the words of the release before.
-- Returns 'unknown' (no such purchase), 'kept' (no such purchase; wanzami.ppv_keep), 'mismatch', 'nothing' or 'changed' (the status).
CREATE OR REPLACE FUNCTION wanzami.ppv_settle(reference text, says text, gateway_says text, minor numeric, currency_says text, trx text, payload jsonb,
	days integer, fact text DEFAULT NULL) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	p "PpvPurchase";
	due numeric;
	next "PpvPurchaseStatus";
BEGIN
	SELECT * INTO p FROM "PpvPurchase" WHERE "paystackRef" = reference FOR UPDATE;
	IF NOT FOUND THEN
		RETURN wanzami.ppv_keep(gateway_says, reference, says, minor, currency_says, trx, payload, fact);
	END IF;
	IF says IN ('reversed', 'restored') THEN
		fact := coalesce(fact, payload #>> '{data,refund_reference}', payload #>> '{data,id}');
		says := CASE WHEN says = 'restored' THEN 'won' WHEN payload ->> 'event' = 'charge.dispute.resolve' THEN 'lost'
			WHEN payload ->> 'event' LIKE 'charge.dispute.%' THEN 'disputed' ELSE 'refunded' END;
	END IF;
	PERFORM wanzami.ppv_adopt(p);
	due := wanzami.ppv_minor(p."amountNaira", p."currency");
	IF says = 'paid' THEN
		-- A charge without an id is the same as any other.
		IF EXISTS (SELECT FROM wanzami.ppv_fact WHERE purchase_id = p."id" AND kind = 'charge'
			AND (key IN ('', left(trx, 128)) OR coalesce(trx, '') = '')) THEN
			RETURN 'nothing';
		END IF;
		IF p."gateway" <> gateway_says OR minor IS DISTINCT FROM due OR upper(currency_says) IS DISTINCT FROM p."currency" THEN
			PERFORM wanzami.ppv_complain(p, format('PPV payment %s does not fit: %s by %s, due are %s by %s', reference, wanzami.ppv_amount(minor, currency_says), gateway_says,
				wanzami.ppv_amount(due, p."currency"), p."gateway"), trx);
			RETURN 'mismatch';
		END IF;
		PERFORM wanzami.ppv_charge(p, trx, days);
	ELSIF says = 'refunded' THEN
		PERFORM wanzami.ppv_fact_add(p."id", 'refund', fact, minor);
		UPDATE wanzami.ppv_refund SET state = 'requested' WHERE purchase_id = p."id" AND state = 'refused';
	ELSIF says IN ('failed', 'disputed', 'won', 'lost') OR says = 'expired' AND p."status" = 'PENDING' THEN
		PERFORM wanzami.ppv_fact_add(p."id", says, CASE WHEN says NOT IN ('failed', 'expired') THEN fact END, NULL);
	ELSIF says = 'unrefunded' AND EXISTS (SELECT FROM wanzami.ppv_refund WHERE purchase_id = p."id") THEN
		PERFORM wanzami.ppv_refuse_refund(p, 'the gateway reports that the refund has failed');
		RETURN 'nothing';
	ELSE
		RETURN 'nothing';
	END IF;
	next := wanzami.ppv_status(p."id", due);
	IF next = p."status" THEN
		RETURN 'nothing';
	END IF;
	UPDATE "PpvPurchase" SET "status" = next, "rawPayload" = CASE says WHEN 'expired' THEN "rawPayload" ELSE payload END, "updatedAt" = wanzami.now()
	WHERE "id" = p."id" RETURNING * INTO p;
	IF next = 'SUCCESS' AND NOT EXISTS (SELECT FROM wanzami.ppv_fact WHERE purchase_id = p."id" AND kind = 'thanked') THEN
		PERFORM wanzami.ppv_fact_add(p."id", 'thanked', NULL, NULL);
		PERFORM wanzami.ppv_first(p);
	END IF;
	RETURN 'changed';
END $$;
