-- GET /api/admin/ppv/purchases (docs/compatibility.md#purchase-list): returns 200 with the purchases, newest first, and
-- their count and revenue.
-- $1: query.status, query.gateway, query.userId, query.q, query.limit, query.offset.
WITH asked AS (
	SELECT ($1 #>> '{query,status}')::"PpvPurchaseStatus" AS status, nullif(upper($1 #>> '{query,gateway}'), '') AS gateway, ($1 #>> '{query,userId}')::bigint AS buyer,
		nullif(btrim($1 #>> '{query,q}'), '') AS sought,
		least(($1 #>> '{query,limit}')::bigint, 500) AS most, ($1 #>> '{query,offset}')::bigint AS skip
), wanted AS MATERIALIZED (
	SELECT a.*, (SELECT u."id" FROM "User" u WHERE u."email" = lower(a.sought)) AS owner FROM asked a
)
SELECT 200 AS status, '{"totalCount":' || n.found || ',"totalSuccessAmountNaira":' || n.naira || ',"items":[' || coalesce((
		SELECT string_agg(wanzami.ppv_purchase(i.p) || ',"user":' || json_build_object('id', u."id"::text, 'email', u."email", 'name', u."name")
			|| ',"title":' || json_build_object('id', t."id"::text, 'name', t."name", 'type', t."type", 'ppvPriceNaira', t."ppvPriceNaira",
				'ppvCurrency', t."ppvCurrency") || '}', ',' ORDER BY (i.p)."createdAt" DESC, (i.p)."id" DESC)
		FROM (SELECT p FROM "PpvPurchase" p WHERE (w.status IS NULL OR p."status" = w.status) AND (w.gateway IS NULL OR p."gateway" = w.gateway)
			AND (w.buyer IS NULL OR p."userId" = w.buyer) AND (w.sought IS NULL OR p."paystackRef" = w.sought OR p."userId" = w.owner)
			ORDER BY p."createdAt" DESC, p."id" DESC LIMIT w.most OFFSET w.skip) i
		JOIN "User" u ON u."id" = (i.p)."userId" JOIN "Title" t ON t."id" = (i.p)."titleId"), '') || ']}' AS body
FROM wanted w, LATERAL (
	SELECT count(*) FILTER (WHERE w.status IS NULL OR p."status" = w.status) AS found,
		coalesce(sum(p."amountNaira") FILTER (WHERE p."status" = 'SUCCESS'), 0) AS naira
	FROM "PpvPurchase" p WHERE (w.gateway IS NULL OR p."gateway" = w.gateway) AND (w.buyer IS NULL OR p."userId" = w.buyer)
		AND (w.sought IS NULL OR p."paystackRef" = w.sought OR p."userId" = w.owner)) n
