-- GET /api/admin/users (docs/compatibility.md#staff-list): returns 200 with the administrators, newest first.
-- $1: query.limit, query.offset.
SELECT 200 AS status, json_build_object('users', coalesce((SELECT json_agg(r) FROM (
	SELECT u."id"::text AS "id", u."email", u."role", u."name", wanzami.iso(u."createdAt") AS "createdAt"
	FROM "User" u WHERE u."role" <> 'USER' ORDER BY u."createdAt" DESC, u."id" DESC
	LIMIT ($1 #>> '{query,limit}')::bigint OFFSET ($1 #>> '{query,offset}')::bigint
) r), '[]'))::text AS body
