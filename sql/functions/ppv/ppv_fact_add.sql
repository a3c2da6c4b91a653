-- Adds a fact to the ledger of a purchase. A refund that is reported again with another amount keeps the larger one, so that the order of
-- the reports does not matter.
CREATE OR REPLACE FUNCTION wanzami.ppv_fact_add(purchase bigint, fact_kind text, fact_key text, amount numeric) RETURNS void LANGUAGE sql AS $$
	INSERT INTO wanzami.ppv_fact AS f (purchase_id, kind, key, minor) VALUES (purchase, fact_kind, left(coalesce(fact_key, ''), 128), amount)
	ON CONFLICT (purchase_id, kind, key) DO UPDATE SET minor = CASE WHEN excluded.minor IS NOT NULL THEN greatest(f.minor, excluded.minor) END
	WHERE f.kind = 'refund' AND f.minor IS NOT NULL
$$;
