-- Returns the sales of a title, or of all titles if the id is NULL, for the audit log before they are deleted
-- (docs/compatibility.md#sold-purchases). Returns NULL if there are none.
CREATE OR REPLACE FUNCTION wanzami.sold(title bigint) RETURNS jsonb LANGUAGE sql STABLE AS $$
	SELECT CASE WHEN count(*) > 0 THEN
		jsonb_build_object('purchases', jsonb_agg(jsonb_build_object('id', p."id"::text, 'userId', p."userId"::text, 'amountNaira', p."amountNaira",
			'currency', p."currency", 'gateway', p."gateway", 'paystackRef', p."paystackRef", 'createdAt', wanzami.iso(p."createdAt"),
			'accessExpiresAt', wanzami.iso(p."accessExpiresAt")) ORDER BY p."id")) END
	FROM "PpvPurchase" p WHERE (title IS NULL OR p."titleId" = title) AND p."status" = 'SUCCESS'
$$;
