-- GET /api/admin/invitations (docs/compatibility.md#invitation-list): returns 200 with the invitations, newest first. token
-- is always empty; it is returned only at creation.
-- $1: query.limit, query.offset.
SELECT 200 AS status, json_build_object('invites', coalesce((SELECT json_agg(r) FROM (
	SELECT "id"::text AS "id", "email", "role", '' AS "token", wanzami.iso("expiresAt") AS "expiresAt", wanzami.iso("acceptedAt") AS "acceptedAt",
		wanzami.iso(i."createdAt") AS "createdAt", "createdBy"::text AS "createdBy"
	FROM "Invitation" i ORDER BY i."createdAt" DESC, i."id" DESC
	LIMIT ($1 #>> '{query,limit}')::bigint OFFSET ($1 #>> '{query,offset}')::bigint
) r), '[]'))::text AS body
