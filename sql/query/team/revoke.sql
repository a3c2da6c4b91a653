-- DELETE /api/admin/invitations/:id (docs/compatibility.md#invitation-revoke): deletes an invitation unless it has been
-- accepted. Returns 200.
-- $1: id, userId.
WITH revoked AS (
	DELETE FROM "Invitation" WHERE "id" = ($1 ->> 'id')::bigint AND "acceptedAt" IS NULL RETURNING "id", "email"
)
SELECT wanzami.audit(($1 ->> 'userId')::bigint, 'INVITE_REVOKE', "id"::text, jsonb_build_object('email', "email")) FROM revoked;
SELECT 200 AS status, '{"message":"Invite revoked"}' AS body
