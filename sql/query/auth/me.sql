-- GET /api/auth/me and GET /api/admin/me (docs/compatibility.md#me): returns 200 with the user, permissions and
-- profiles.
-- $1: userId.
SELECT wanzami.profile_ensure(($1 ->> 'userId')::bigint, NULL, NULL);
SELECT 200 AS status, json_build_object(
	'user', json_build_object('id', u."id"::text, 'email', u."email", 'name', u."name", 'role', u."role"),
	'permissions', array_to_json(wanzami.permissions(u."role")), 'profiles', wanzami.profiles(u."id"))::text AS body
FROM "User" u WHERE u."id" = ($1 ->> 'userId')::bigint
