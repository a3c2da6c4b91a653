-- GET /api/admin/ppv/purchases (docs/compatibility.md#purchase-list): returns 200 with the purchases, newest first, and
-- their count and revenue.
-- $1: query.limit, query.offset, query.status, query.gateway.
SELECT wanzami.refuse(400, 'Invalid ' || name) FROM (VALUES
	('limit', wanzami.query_first($1 -> 'query', 'limit') !~ '^([0-9]{1,18})?$'),
	('offset', wanzami.query_first($1 -> 'query', 'offset') !~ '^([0-9]{1,18})?$'),
	('status', upper(wanzami.query_first($1 -> 'query', 'status')) NOT IN ('', 'PENDING', 'SUCCESS', 'FAILED', 'CANCELLED'))) field (name, wrong) WHERE wrong;
WITH wanted AS (
	SELECT nullif(upper(wanzami.query_first($1 -> 'query', 'status')), '')::"PpvPurchaseStatus" AS status, nullif(upper(wanzami.query_first($1 -> 'query', 'gateway')), '') AS gateway,
		least(coalesce(nullif(wanzami.query_first($1 -> 'query', 'limit'), '')::bigint, 200), 500) AS most, coalesce(nullif(wanzami.query_first($1 -> 'query', 'offset'), '')::bigint, 0) AS skip
)
SELECT 200 AS status, '{"totalCount":' || n.found || ',"totalSuccessAmountNaira":' || n.naira || ',"items":[' || coalesce((
		SELECT string_agg(wanzami.ppv_purchase(i.p) || ',"user":' || json_build_object('id', u."id"::text, 'email', u."email", 'name', u."name")
			|| ',"title":' || json_build_object('id', t."id"::text, 'name', t."name", 'type', t."type", 'ppvPriceNaira', t."ppvPriceNaira",
				'ppvCurrency', t."ppvCurrency") || '}', ',' ORDER BY (i.p)."createdAt" DESC, (i.p)."id" DESC)
		FROM (SELECT p FROM "PpvPurchase" p WHERE (w.status IS NULL OR p."status" = w.status) AND (w.gateway IS NULL OR p."gateway" = w.gateway)
			ORDER BY p."createdAt" DESC, p."id" DESC LIMIT w.most OFFSET w.skip) i
		JOIN "User" u ON u."id" = (i.p)."userId" JOIN "Title" t ON t."id" = (i.p)."titleId"), '') || ']}' AS body
FROM wanted w, LATERAL (
	SELECT count(*) FILTER (WHERE w.status IS NULL OR p."status" = w.status) AS found,
		coalesce(sum(p."amountNaira") FILTER (WHERE p."status" = 'SUCCESS'), 0) AS naira
	FROM "PpvPurchase" p WHERE w.gateway IS NULL OR p."gateway" = w.gateway) n
