-- Returns the audit rows with these ids as JSON, newest first, with the person who made the change; null if the account is gone.
CREATE OR REPLACE FUNCTION wanzami.audit_shown(ids bigint[]) RETURNS json LANGUAGE sql STABLE AS $$
	SELECT coalesce(json_agg(json_build_object('id', a."id"::text, 'action', a."action", 'resource', a."resource", 'detail', a."detail",
		'createdAt', wanzami.iso(a."createdAt"), 'user', CASE WHEN u."id" IS NOT NULL THEN json_build_object('id', u."id"::text, 'email', u."email", 'name', u."name") END)
		ORDER BY a."createdAt" DESC, a."id" DESC), '[]')
	FROM "AdminAuditLog" a LEFT JOIN "User" u ON u."id" = a."userId" WHERE a."id" = ANY (ids)
$$;
