-- Applies the gateway's response about a paid purchase that its list lacks (docs/payments.md#comparison). If the gateway does not confirm
-- the payment, the purchase is left to a person: a line of wanzami status and the console, and, when the reason is new, a row of the error
-- log. "says" is ok, refused (the gateway knows no such payment) or unknown (no usable response). Returns 'waiting', 'confirmed' or 'held'.
CREATE OR REPLACE FUNCTION wanzami.ppv_unlisted_settle(purchase bigint, says text, answer jsonb) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	p "PpvPurchase";
	data jsonb := answer -> 'data';
	status text;
	why text;
BEGIN
	SELECT * INTO p FROM "PpvPurchase" WHERE "id" = purchase FOR UPDATE;
	IF NOT FOUND OR says = 'unknown' THEN
		RETURN 'waiting';
	END IF;
	status := CASE WHEN p."paystackRef" IN (data ->> 'reference', data ->> 'tx_ref') THEN data ->> 'status' END;
	IF status IN ('success', 'successful') OR p."status" <> 'SUCCESS' THEN
		DELETE FROM wanzami.ppv_unlisted WHERE purchase_id = purchase;
		RETURN 'confirmed';
	END IF;
	why := coalesce('says ' || left(status, 32), 'does not know the payment');
	INSERT INTO "ErrorLog" ("level", "message", "context", "userId")
	SELECT 'ERROR', format('PPV purchase %s is paid here, but %s %s', p."paystackRef", p."gateway", why), jsonb_build_object('reference', p."paystackRef",
		'gateway', p."gateway", 'purchaseId', p."id"::text), p."userId"
	FROM wanzami.ppv_unlisted u WHERE u.purchase_id = purchase AND u.last_error IS DISTINCT FROM why;
	UPDATE wanzami.ppv_unlisted SET last_error = why WHERE purchase_id = purchase;
	RETURN 'held';
END $$;
