-- GET /api/admin/titles (docs/compatibility.md#title-list): returns 200 with all titles, newest first, or with those that
-- the query parameters select, by pages of 500 (src/http/pages.h). With sort there is one page.
-- after is an array: createdAt and id of the last title of the page before, and the number of titles so far.
-- $1: query.limit, after, query.sort, query.q, query.type, query.state, query.offset.
WITH asked AS MATERIALIZED (
	SELECT x.after, coalesce((x.after ->> 0)::timestamp, 'infinity') AS at, coalesce((x.after ->> 1)::bigint, 9223372036854775807) AS id,
		least(500, ($1 #>> '{query,limit}')::bigint - coalesce((x.after ->> 2)::bigint, 0)) AS rows
	FROM (SELECT ($1 ->> 'after')::jsonb AS after) x
), page AS MATERIALIZED (
	SELECT p.id, 0 AS place FROM asked a, LATERAL (
		SELECT t."id" FROM "Title" t WHERE $1 #> '{query,sort}' IS NULL AND wanzami.title_found(t, $1 -> 'query') AND wanzami.title_sifted(t, $1 -> 'query')
		AND (t."createdAt", t."id") < (a.at, a.id)
		ORDER BY t."createdAt" DESC, t."id" DESC LIMIT a.rows OFFSET CASE WHEN a.after IS NULL THEN ($1 #>> '{query,offset}')::bigint END) p (id)
	UNION ALL
	SELECT id, place FROM wanzami.titles_sorted($1 -> 'query', ($1 #>> '{query,offset}')::bigint)
), told AS (
	SELECT string_agg(wanzami.title_edited(t, coalesce(e.count, 0), coalesce(s.count, 0)) || '}', ',' ORDER BY p.place, t."createdAt" DESC, t."id" DESC) AS items,
		count(*) FILTER (WHERE p.place = 0) AS count, (array_agg(json_build_array(t."createdAt", t."id"::text) ORDER BY t."createdAt", t."id"))[1] AS last
	FROM page p JOIN "Title" t ON t."id" = p.id
	LEFT JOIN (SELECT "titleId", count(*) AS count FROM "Episode" WHERE "titleId" IN (SELECT id FROM page) GROUP BY "titleId") e ON e."titleId" = t."id"
	LEFT JOIN (SELECT "titleId", count(*) AS count FROM "Season" WHERE "titleId" IN (SELECT id FROM page) GROUP BY "titleId") s ON s."titleId" = t."id"
)
SELECT 200 AS status, CASE WHEN a.after IS NULL THEN '{"titles":[' WHEN t.items IS NOT NULL THEN ',' ELSE '' END || coalesce(t.items, '') ||
		CASE WHEN t.count = 500 THEN '' ELSE ']}' END AS body,
	CASE WHEN t.count = 500 THEN json_build_array(t.last ->> 0, t.last ->> 1, coalesce((a.after ->> 2)::bigint, 0) + t.count)::text END AS next
FROM asked a, told t
