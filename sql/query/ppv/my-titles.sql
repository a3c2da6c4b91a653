-- GET /api/ppv/my-titles (docs/compatibility.md#my-titles): returns 200 with the user's paid purchases, active and expired
-- ones apart.
-- $1: userId.
SELECT 200 AS status, '{"active":[' || coalesce(string_agg(i.item, ',' ORDER BY i."updatedAt" DESC, i."id" DESC) FILTER (WHERE i.active), '')
	|| '],"expired":[' || coalesce(string_agg(i.item, ',' ORDER BY i."updatedAt" DESC, i."id" DESC) FILTER (WHERE NOT i.active), '') || ']}' AS body
FROM (SELECT p."id", p."updatedAt", coalesce(p."accessExpiresAt" > wanzami.now(), false) AS active,
	wanzami.ppv_purchase(p) || ',"title":' || wanzami.title_stored(t)::text || '}' AS item
	FROM "PpvPurchase" p JOIN "Title" t ON t."id" = p."titleId"
	WHERE p."userId" = ($1 ->> 'userId')::bigint AND p."status" = 'SUCCESS') i
