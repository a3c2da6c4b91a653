-- Writes a payment that a person has to look at to the error log, at most once a day with the same text.
CREATE OR REPLACE FUNCTION wanzami.ppv_complain(p "PpvPurchase", complaint text, trx text) RETURNS void LANGUAGE sql AS $$
	INSERT INTO "ErrorLog" ("level", "message", "context", "userId")
	SELECT 'ERROR', complaint, jsonb_build_object('purchaseId', p."id"::text, 'transaction', trx), p."userId"
	WHERE NOT EXISTS (SELECT FROM "ErrorLog" WHERE "createdAt" > wanzami.now() - interval '1 day' AND "message" = complaint)
$$;
