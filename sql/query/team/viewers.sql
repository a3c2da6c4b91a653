-- GET /api/admin/users/all (docs/compatibility.md#viewer-list): returns 200 with the viewers, newest first, by pages of 2,000
-- (src/http/pages.h).
-- after is an array: createdAt and id of the last viewer of the page before, and the number of viewers so far.
-- $1: query.limit, after, query.q, query.offset.
WITH asked AS MATERIALIZED (
	SELECT x.after, coalesce((x.after ->> 0)::timestamp, 'infinity') AS at, coalesce((x.after ->> 1)::bigint, 9223372036854775807) AS id,
		least(2000, ($1 #>> '{query,limit}')::bigint - coalesce((x.after ->> 2)::bigint, 0)) AS rows
	FROM (SELECT ($1 ->> 'after')::jsonb AS after) x
), page AS MATERIALIZED (
	SELECT u.* FROM asked a, LATERAL (
		SELECT * FROM "User" u WHERE u."role" = 'USER' AND wanzami.user_found(u, $1 -> 'query')
		AND (u."createdAt", u."id") < (a.at, a.id)
		ORDER BY u."createdAt" DESC, u."id" DESC LIMIT a.rows OFFSET CASE WHEN a.after IS NULL THEN ($1 #>> '{query,offset}')::bigint END) u
), item AS (
	SELECT u."createdAt", u."id", json_build_object('id', u."id"::text, 'email', u."email", 'role', u."role", 'name', u."name",
		'createdAt', wanzami.iso(u."createdAt"), 'totalWatchTime', NULL, 'ppvPurchases', NULL, 'totalSpent', NULL,
		'status', CASE WHEN NOT u."emailVerified" THEN 'Unverified' WHEN s.last < wanzami.now() - interval '30 days' THEN 'Inactive' ELSE 'Active' END,
		'lastLogin', wanzami.iso(s.last), 'profileCount', p.count)::text AS item
	FROM page u, LATERAL (SELECT max(x."createdAt") AS last FROM "Session" x WHERE x."userId" = u."id") s,
		LATERAL (SELECT count(*) AS count FROM "Profile" x WHERE x."userId" = u."id") p
), told AS (
	SELECT string_agg(i.item, ',' ORDER BY i."createdAt" DESC, i."id" DESC) AS items, count(*) AS count,
		(array_agg(json_build_array(i."createdAt", i."id"::text) ORDER BY i."createdAt", i."id"))[1] AS last FROM item i
)
SELECT 200 AS status, CASE WHEN a.after IS NULL THEN '{"users":[' WHEN t.items IS NOT NULL THEN ',' ELSE '' END || coalesce(t.items, '') ||
		CASE WHEN t.count = 2000 THEN '' ELSE ']}' END AS body,
	CASE WHEN t.count = 2000 THEN json_build_array(t.last ->> 0, t.last ->> 1, coalesce((a.after ->> 2)::bigint, 0) + t.count)::text END AS next
FROM asked a, told t
