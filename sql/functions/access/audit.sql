-- Writes a row of the audit log (docs/compatibility.md#audit-log).
CREATE OR REPLACE FUNCTION wanzami.audit(user_id bigint, action text, resource text, detail jsonb) RETURNS void LANGUAGE sql AS $$
	INSERT INTO "AdminAuditLog" ("userId", "action", "resource", "detail", "createdAt") VALUES (user_id, action, resource, detail, wanzami.now())
$$;
