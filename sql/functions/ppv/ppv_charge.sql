-- Adds a charge of the right amount to the ledger of a purchase. The first one sets the transaction and the end of the access. Refunds of
-- this transaction that arrived before it are added, too. A second charge under the same reference needs a person.
CREATE OR REPLACE FUNCTION wanzami.ppv_charge(p "PpvPurchase", trx text, days integer) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	early record;
	again boolean := EXISTS (SELECT FROM wanzami.ppv_fact WHERE purchase_id = p."id" AND kind = 'charge');
BEGIN
	PERFORM wanzami.ppv_fact_add(p."id", 'charge', trx, NULL);
	IF again THEN
		PERFORM wanzami.ppv_refuse_refund(p, format('it was paid twice, the second time with transaction %s', left(coalesce(trx, 'without an id'), 64)));
	ELSE
		UPDATE "PpvPurchase" SET "paystackTrxId" = coalesce(trx, ''),
			"accessExpiresAt" = coalesce("accessExpiresAt", wanzami.now() + days * interval '1 day') WHERE "id" = p."id";
	END IF;
	FOR early IN DELETE FROM wanzami.ppv_early_refund WHERE p."gateway" = 'FLUTTERWAVE' AND transaction = trx RETURNING key, minor LOOP
		PERFORM wanzami.ppv_fact_add(p."id", 'refund', early.key, early.minor);
	END LOOP;
END $$;
