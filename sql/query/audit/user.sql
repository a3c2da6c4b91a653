-- GET /api/admin/users/:id/audit (docs/compatibility.md#audit-lists): returns 200 with the account, null if it was deleted, and the audit rows of what this
-- person has done and of what was done to the account, newest first.
-- $1: id, query.limit, query.offset.
WITH found AS (
	SELECT a."id" FROM "AdminAuditLog" a WHERE a."userId" = ($1 ->> 'id')::bigint
	UNION
	SELECT a."id" FROM "AdminAuditLog" a WHERE a."resource" = $1 ->> 'id' AND a."action" IN ('USER_ROLE_UPDATE', 'USER_DELETE', 'PPV_RESET')
)
SELECT 200 AS status, json_build_object('user', (SELECT json_build_object('id', u."id"::text, 'email', u."email", 'name', u."name", 'role', u."role",
		'ppvBanned', u."ppvBanned", 'ppvStrikeCount', u."ppvStrikeCount", 'createdAt', wanzami.iso(u."createdAt")) FROM "User" u WHERE u."id" = ($1 ->> 'id')::bigint),
	'entries', wanzami.audit_shown(ARRAY(SELECT f."id" FROM found f JOIN "AdminAuditLog" a ON a."id" = f."id"
	ORDER BY a."createdAt" DESC, a."id" DESC LIMIT least(500, coalesce(($1 #>> '{query,limit}')::bigint, 100)) OFFSET ($1 #>> '{query,offset}')::bigint)))::text AS body
