-- Enters the facts of a purchase that the Node service or a release without the ledger has changed. Those releases recorded only that
-- money went back; the stored message tells a dispute, which may be won yet, from a refund.
CREATE OR REPLACE FUNCTION wanzami.ppv_adopt(p "PpvPurchase") RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	reversed boolean := EXISTS (SELECT FROM wanzami.ppv_reversal WHERE purchase_id = p."id");
	known boolean := EXISTS (SELECT FROM wanzami.ppv_fact WHERE purchase_id = p."id");
BEGIN
	IF (p."status" = 'SUCCESS' OR NOT known AND reversed AND p."accessExpiresAt" IS NOT NULL)
	AND NOT EXISTS (SELECT FROM wanzami.ppv_fact WHERE purchase_id = p."id" AND kind = 'charge') THEN
		INSERT INTO wanzami.ppv_fact (purchase_id, kind, key) VALUES (p."id", 'charge', coalesce(p."paystackTrxId", '')), (p."id", 'thanked', '')
		ON CONFLICT DO NOTHING;
	END IF;
	IF known THEN
		RETURN;
	END IF;
	INSERT INTO wanzami.ppv_fact (purchase_id, kind, key)
	SELECT p."id", kind, key FROM (SELECT CASE
			WHEN reversed AND p."rawPayload" ->> 'event' = 'charge.dispute.resolve' THEN 'lost'
			WHEN reversed AND p."rawPayload" ->> 'event' LIKE 'charge.dispute.%' THEN 'disputed'
			WHEN reversed THEN 'refund'
			WHEN p."status" = 'FAILED' THEN 'failed'
			WHEN p."status" = 'CANCELLED' THEN 'expired' END AS kind,
		CASE WHEN reversed AND p."rawPayload" ->> 'event' LIKE 'charge.dispute.%' THEN coalesce(p."rawPayload" #>> '{data,id}', '') ELSE '' END AS key) f
	WHERE kind IS NOT NULL ON CONFLICT DO NOTHING;
END $$;
