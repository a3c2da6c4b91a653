-- GET /api/admin/users/all (docs/compatibility.md#viewer-list): returns 200 with the viewers, newest first.
-- $1: query.limit, query.offset.
SELECT 200 AS status, json_build_object('users', coalesce((SELECT json_agg(r) FROM (
	SELECT u."id"::text AS "id", u."email", u."role", u."name", wanzami.iso(u."createdAt") AS "createdAt", NULL AS "totalWatchTime",
		NULL AS "ppvPurchases", NULL AS "totalSpent",
		CASE WHEN NOT u."emailVerified" THEN 'Unverified' WHEN s.last < wanzami.now() - interval '30 days' THEN 'Inactive' ELSE 'Active' END AS "status",
		wanzami.iso(s.last) AS "lastLogin", coalesce(p.count, 0) AS "profileCount"
	FROM "User" u
	LEFT JOIN (SELECT "userId", max("createdAt") AS last FROM "Session" GROUP BY "userId") s ON s."userId" = u."id"
	LEFT JOIN (SELECT "userId", count(*) AS count FROM "Profile" GROUP BY "userId") p ON p."userId" = u."id"
	WHERE u."role" = 'USER' ORDER BY u."createdAt" DESC, u."id" DESC
	LIMIT ($1 #>> '{query,limit}')::bigint OFFSET ($1 #>> '{query,offset}')::bigint
) r), '[]'))::text AS body
