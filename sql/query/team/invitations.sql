-- GET /api/admin/invitations (docs/compatibility.md#invitation-list: tokens are shown once, when they are made).
SELECT 200 AS status, json_build_object('invites', coalesce((SELECT json_agg(r) FROM (
	SELECT "id"::text AS "id", "email", "role", '' AS "token", wanzami.iso("expiresAt") AS "expiresAt", wanzami.iso("acceptedAt") AS "acceptedAt",
		wanzami.iso(i."createdAt") AS "createdAt", "createdBy"::text AS "createdBy"
	FROM "Invitation" i ORDER BY i."createdAt" DESC, i."id" DESC
	LIMIT wanzami.query_count($1 -> 'query', 'limit') OFFSET wanzami.query_count($1 -> 'query', 'offset')
) r), '[]'))::text AS body
