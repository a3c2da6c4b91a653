-- Returns a purchase as lists show it, as JSON text without the closing brace (docs/compatibility.md#my-titles,
-- #purchase-list).
CREATE OR REPLACE FUNCTION wanzami.ppv_purchase(p "PpvPurchase") RETURNS text LANGUAGE sql STABLE AS $$
	SELECT left(row_to_json(r)::text, -1) FROM (SELECT p."id"::text AS "id", p."userId"::text AS "userId", p."titleId"::text AS "titleId",
		p."amountNaira", p."currency", p."gateway", p."paystackRef", p."paystackTrxId", p."status",
		wanzami.iso(p."accessExpiresAt") AS "accessExpiresAt", wanzami.iso(p."createdAt") AS "createdAt",
		wanzami.iso(p."updatedAt") AS "updatedAt") r
$$;
