-- Returns the references of the purchases that were charged with a transaction of Flutterwave.
CREATE OR REPLACE FUNCTION wanzami.ppv_by_transaction(trx text) RETURNS SETOF text LANGUAGE sql STABLE AS $$
	SELECT p."paystackRef" FROM "PpvPurchase" p WHERE p."gateway" = 'FLUTTERWAVE' AND (p."paystackTrxId" = trx
		OR EXISTS (SELECT FROM wanzami.ppv_fact f WHERE f.purchase_id = p."id" AND f.kind = 'charge' AND f.key = trx))
$$;
