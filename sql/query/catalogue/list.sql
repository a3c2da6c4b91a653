-- GET /api/admin/titles (docs/compatibility.md#title-list): returns 200 with all titles, newest first, or with the page that
-- limit, offset and q select.
-- $1: query.limit, query.offset, query.q.
SELECT 200 AS status, '{"titles":[' || coalesce(string_agg(wanzami.title_edited(t, coalesce(e.count, 0), coalesce(s.count, 0)) || '}', ','
	ORDER BY t."createdAt" DESC, t."id" DESC), '') || ']}' AS body
FROM "Title" t
LEFT JOIN (SELECT "titleId", count(*) AS count FROM "Episode" GROUP BY "titleId") e ON e."titleId" = t."id"
LEFT JOIN (SELECT "titleId", count(*) AS count FROM "Season" GROUP BY "titleId") s ON s."titleId" = t."id"
-- Without one of these parameters the inner query is skipped: name each new filter here.
WHERE NOT $1 -> 'query' ?| ARRAY['limit', 'offset', 'q'] OR t."id" IN (
	SELECT p."id" FROM "Title" p WHERE wanzami.title_found(p, $1 -> 'query') ORDER BY p."createdAt" DESC, p."id" DESC
	LIMIT ($1 #>> '{query,limit}')::bigint OFFSET ($1 #>> '{query,offset}')::bigint)
