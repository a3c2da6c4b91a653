-- Thanks for a purchase that has become SUCCESS for the first time. If the buyer has access to the title by another purchase, this one
-- has been paid twice (two tabs): it is refunded by the cron job payments, and nobody is thanked. The lock keeps two purchases of a buyer
-- from becoming SUCCESS without seeing each other.
CREATE OR REPLACE FUNCTION wanzami.ppv_first(p "PpvPurchase") RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	PERFORM pg_advisory_xact_lock(hashtextextended('wanzami.ppv ' || p."userId" || ' ' || p."titleId", 0));
	IF EXISTS (SELECT FROM "PpvPurchase" o WHERE o."userId" = p."userId" AND o."titleId" = p."titleId" AND o."id" <> p."id"
		AND o."status" = 'SUCCESS' AND o."accessExpiresAt" > wanzami.now()) THEN
		INSERT INTO wanzami.ppv_refund (purchase_id) VALUES (p."id") ON CONFLICT DO NOTHING;
	ELSE
		PERFORM wanzami.ppv_thank(p);
	END IF;
END $$;
