-- PATCH /api/admin/users/:id/role and PATCH /api/admin/users/:id (docs/compatibility.md#role-change): changes the role of an
-- administrator. Returns 200 with the user.
-- $1: userId, deviceId, need, session, issued, id.
-- $2: role.
SELECT wanzami.refuse(400, 'Missing user id or role') WHERE coalesce($2 ->> 'role', '') <> ALL (enum_range(NULL::"Role")::text[]);
SELECT wanzami.refuse(400, 'Cannot set admin user to USER') WHERE $2 ->> 'role' = 'USER';
WITH before AS MATERIALIZED (
	SELECT wanzami.user_change(($1 ->> 'id')::bigint, $1, $2 ->> 'role' = 'SUPER_ADMIN') AS role
)
SELECT CASE WHEN b.role = 'USER' THEN wanzami.refuse(400, 'User is not an admin') END,
	wanzami.audit(($1 ->> 'userId')::bigint, 'USER_ROLE_UPDATE', $1 ->> 'id', jsonb_build_object('from', b.role, 'to', $2 ->> 'role')) FROM before b;
UPDATE "User" SET "role" = ($2 ->> 'role')::"Role", "updatedAt" = wanzami.now() WHERE "id" = ($1 ->> 'id')::bigint
RETURNING 200 AS status, json_build_object('user', json_build_object('id', "id"::text, 'email', "email", 'role', "role", 'name', "name"))::text AS body
