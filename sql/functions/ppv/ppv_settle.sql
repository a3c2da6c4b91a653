-- Applies what a gateway reports about a purchase: 'paid', 'failed', 'reversed' (the money went back), 'restored' (the reversal was
-- withdrawn), 'expired' (not paid in time); anything else changes nothing. "minor" is in kobo or cents. The row is locked, so that of
-- repeated reports only the first counts; the first success sets the end of the access (docs/compatibility.md#webhooks).
-- Returns 'unknown' (no such purchase), 'mismatch', 'nothing' or 'changed'.
CREATE OR REPLACE FUNCTION wanzami.ppv_settle(reference text, says text, gateway_says text, minor numeric, currency_says text, trx text, payload jsonb,
	days integer) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	p "PpvPurchase";
	due numeric;
	complaint text;
BEGIN
	SELECT * INTO p FROM "PpvPurchase" WHERE "paystackRef" = reference FOR UPDATE;
	IF NOT FOUND THEN
		RETURN 'unknown';
	END IF;
	due := wanzami.ppv_minor(p."amountNaira", p."currency");
	IF says = 'paid' AND p."status" <> 'SUCCESS' AND NOT EXISTS (SELECT FROM wanzami.ppv_reversal WHERE purchase_id = p."id") THEN
		IF p."gateway" <> gateway_says OR minor IS DISTINCT FROM due OR upper(currency_says) IS DISTINCT FROM p."currency" THEN
			complaint := format('PPV payment %s does not fit: %s %s by %s, due are %s %s by %s', reference, coalesce(minor::text, 'no amount'),
				coalesce(left(currency_says, 16), 'no currency'), gateway_says, due, p."currency", p."gateway");
			INSERT INTO "ErrorLog" ("level", "message", "context", "userId")
			SELECT 'ERROR', complaint, jsonb_build_object('purchaseId', p."id"::text, 'transaction', trx), p."userId"
			WHERE NOT EXISTS (SELECT FROM "ErrorLog" WHERE "createdAt" > wanzami.now() - interval '1 day' AND "message" = complaint);
			RETURN 'mismatch';
		END IF;
		UPDATE "PpvPurchase" SET "status" = 'SUCCESS', "paystackTrxId" = coalesce(trx, ''), "rawPayload" = payload,
			"accessExpiresAt" = wanzami.now() + days * interval '1 day', "updatedAt" = wanzami.now()
		WHERE "id" = p."id";
		PERFORM wanzami.ppv_thank(p);
	ELSIF says = 'failed' AND p."status" IN ('PENDING', 'CANCELLED') THEN
		UPDATE "PpvPurchase" SET "status" = 'FAILED', "rawPayload" = payload, "updatedAt" = wanzami.now() WHERE "id" = p."id";
	ELSIF says = 'expired' AND p."status" = 'PENDING' THEN
		UPDATE "PpvPurchase" SET "status" = 'CANCELLED', "updatedAt" = wanzami.now() WHERE "id" = p."id";
	ELSIF says = 'reversed' AND (p."status" = 'SUCCESS' OR p."accessExpiresAt" IS NULL) AND (minor IS NULL OR minor >= due) THEN
		INSERT INTO wanzami.ppv_reversal (purchase_id) VALUES (p."id") ON CONFLICT DO NOTHING;
		UPDATE "PpvPurchase" SET "status" = 'FAILED', "rawPayload" = payload, "updatedAt" = wanzami.now() WHERE "id" = p."id";
	ELSIF says = 'restored' AND p."accessExpiresAt" IS NOT NULL AND EXISTS (SELECT FROM wanzami.ppv_reversal WHERE purchase_id = p."id") THEN
		DELETE FROM wanzami.ppv_reversal WHERE purchase_id = p."id";
		UPDATE "PpvPurchase" SET "status" = 'SUCCESS', "rawPayload" = payload, "updatedAt" = wanzami.now() WHERE "id" = p."id";
	ELSE
		RETURN 'nothing';
	END IF;
	RETURN 'changed';
END $$;
