-- GET /api/admin/email/audience/users and GET /api/admin/email/audience (docs/compatibility.md#campaign-audience): returns
-- 200 with the viewers' e-mail addresses, or with those that limit, offset and q select, by pages of 5,000 (src/http/pages.h).
-- Viewers who have unsubscribed, or whose address was refused, are in no list. total always counts all others, suppressed all who get no
-- campaigns, by the first reason that applies. Clients expect unverified and banned viewers in the list; there they have the reason as suppressed.
-- after is an array: createdAt and id of the last viewer of the page before, and the number of viewers so far.
-- $1: query.limit, after, query.q, query.offset.
WITH asked AS MATERIALIZED (
	SELECT x.after, coalesce((x.after ->> 0)::timestamp, '-infinity') AS at, coalesce((x.after ->> 1)::bigint, 0) AS id,
		least(5000, ($1 #>> '{query,limit}')::bigint - coalesce((x.after ->> 2)::bigint, 0)) AS rows
	FROM (SELECT ($1 ->> 'after')::jsonb AS after) x
), page AS MATERIALIZED (
	SELECT u.* FROM asked a, LATERAL (
		SELECT u."email", u."name", u."createdAt", u."id", u."emailVerified", u."ppvBanned" FROM "User" u WHERE u."role" = 'USER' AND wanzami.user_found(u, $1 -> 'query')
			AND NOT EXISTS (SELECT FROM wanzami.campaign_silent x WHERE x.address = wanzami.digest(u."email"))
		AND (u."createdAt", u."id") > (a.at, a.id)
		ORDER BY u."createdAt", u."id" LIMIT a.rows OFFSET CASE WHEN a.after IS NULL THEN ($1 #>> '{query,offset}')::bigint END) u
), told AS (
	SELECT string_agg((CASE WHEN u."emailVerified" AND NOT u."ppvBanned" THEN json_build_object('email', u."email", 'name', u."name")
		ELSE json_build_object('email', u."email", 'name', u."name", 'suppressed', CASE WHEN u."emailVerified" THEN 'banned' ELSE 'unverified' END) END)::text,
		',' ORDER BY u."createdAt", u."id") AS items, count(*) AS count,
		(array_agg(json_build_array(u."createdAt", u."id"::text) ORDER BY u."createdAt" DESC, u."id" DESC))[1] AS last FROM page u
)
SELECT 200 AS status, CASE WHEN a.after IS NULL THEN '{"recipients":[' WHEN t.items IS NOT NULL THEN ',' ELSE '' END || coalesce(t.items, '') ||
		CASE WHEN t.count = 5000 THEN '' ELSE (SELECT '],"total":' || count(*) FILTER (WHERE x.address IS NULL) || ',"suppressed":' || json_build_object(
			'unsubscribed', count(*) FILTER (WHERE NOT x.refused), 'refused', count(*) FILTER (WHERE x.refused),
			'unverified', count(*) FILTER (WHERE x.address IS NULL AND NOT u."emailVerified"),
			'banned', count(*) FILTER (WHERE x.address IS NULL AND u."emailVerified" AND u."ppvBanned")) || '}'
		FROM "User" u LEFT JOIN wanzami.campaign_silent x ON x.address = wanzami.digest(u."email") WHERE u."role" = 'USER') END AS body,
	CASE WHEN t.count = 5000 THEN json_build_array(t.last ->> 0, t.last ->> 1, coalesce((a.after ->> 2)::bigint, 0) + t.count)::text END AS next
FROM asked a, told t
