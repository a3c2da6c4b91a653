-- POST /api/auth/login and POST /api/admin/login, step 2 of 2 (docs/compatibility.md#login): opens a session after the
-- password was checked. The account is compared again, because it can change while the password is hashed. Returns 200 with
-- user, tokens and profiles.
-- $1: foundId, foundPassword, foundRole, newDeviceId, deviceLimit, refreshDigest, agent, address, refreshSeconds, path,
--	accessToken, refreshToken.
SELECT wanzami.refuse(401, 'Invalid credentials') WHERE NOT EXISTS (
	SELECT FROM "User" WHERE "id" = ($1 ->> 'foundId')::bigint AND "password" = $1 ->> 'foundPassword' AND "role"::text = $1 ->> 'foundRole' FOR UPDATE);
SELECT wanzami.device_seen(($1 ->> 'foundId')::bigint, $1 ->> 'newDeviceId', ($1 ->> 'deviceLimit')::int);
INSERT INTO "Session" ("userId", "deviceId", "refreshToken", "userAgent", "ipAddress", "createdAt", "expiresAt")
VALUES (($1 ->> 'foundId')::bigint, $1 ->> 'newDeviceId', $1 ->> 'refreshDigest', $1 ->> 'agent', $1 ->> 'address', wanzami.now(),
	wanzami.now() + ($1 ->> 'refreshSeconds')::bigint * interval '1 second');
SELECT wanzami.profile_ensure(($1 ->> 'foundId')::bigint, NULL, NULL);
SELECT wanzami.audit(($1 ->> 'foundId')::bigint, 'ADMIN_LOGIN', $1 ->> 'foundId', NULL) WHERE $1 ->> 'path' ILIKE '/api/admin/%';
SELECT 200 AS status, json_build_object(
	'user', json_build_object('id', u."id"::text, 'email', u."email", 'role', u."role", 'name', u."name"),
	'accessToken', $1 ->> 'accessToken', 'refreshToken', $1 ->> 'refreshToken', 'deviceId', $1 ->> 'newDeviceId',
	'permissions', array_to_json(wanzami.permissions(u."role")), 'profiles', wanzami.profiles(u."id"))::text AS body
FROM "User" u WHERE u."id" = ($1 ->> 'foundId')::bigint
