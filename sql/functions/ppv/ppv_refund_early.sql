-- Keeps a refund of Flutterwave for the purchase whose charge has not arrived yet.
CREATE OR REPLACE FUNCTION wanzami.ppv_refund_early(trx text, fact text, amount numeric) RETURNS void LANGUAGE sql AS $$
	INSERT INTO wanzami.ppv_early_refund AS e (transaction, key, minor) VALUES (left(trx, 128), left(coalesce(fact, ''), 128), amount)
	ON CONFLICT (transaction, key) DO UPDATE SET minor = CASE WHEN e.minor IS NOT NULL AND excluded.minor IS NOT NULL
		THEN greatest(e.minor, excluded.minor) END
$$;
