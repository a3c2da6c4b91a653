-- DELETE /api/admin/users/:id (docs/compatibility.md#user-delete): deletes an account. Returns 200.
-- $1: userId, id, deviceId, need, session, issued.
SELECT wanzami.audit(($1 ->> 'userId')::bigint, 'USER_DELETE', $1 ->> 'id',
	jsonb_build_object('role', wanzami.user_change(($1 ->> 'id')::bigint, $1, false)));
DELETE FROM "User" WHERE "id" = ($1 ->> 'id')::bigint;
SELECT 200 AS status, '{"message":"User removed"}' AS body
