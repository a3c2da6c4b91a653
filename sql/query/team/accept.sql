-- POST /api/admin/invitations/accept, step 2 of 2 (docs/compatibility.md#invitation-accept): uses the invitation up and
-- creates the account and its first session. Returns 200 with user and tokens.
-- $1: foundRole, foundId, passwordHash, newDeviceId, deviceLimit, refreshDigest, refreshSeconds, accessToken, refreshToken.
-- $2: token, email, name.
WITH taken AS (
	UPDATE "Invitation" i SET "acceptedAt" = wanzami.now(), "token" = wanzami.digest(gen_random_uuid()::text)
	FROM wanzami.invitation_open($2 ->> 'token', $2 ->> 'email') o
	WHERE i."id" = o."id" AND i."acceptedAt" IS NULL AND i."expiresAt" >= wanzami.now() AND i."role"::text = $1 ->> 'foundRole'
	RETURNING i."id"
)
SELECT wanzami.refuse(400, 'Invalid or expired invite') WHERE NOT EXISTS (SELECT FROM taken);
INSERT INTO "User" ("id", "email", "password", "name", "role", "emailVerified", "createdAt", "updatedAt")
VALUES (($1 ->> 'foundId')::bigint, lower($2 ->> 'email'), $1 ->> 'passwordHash', $2 ->> 'name', ($1 ->> 'foundRole')::"Role", true,
	wanzami.now(), wanzami.now())
ON CONFLICT ("email") DO NOTHING;
SELECT wanzami.refuse(409, 'Email already registered') WHERE NOT EXISTS (SELECT FROM "User" WHERE "id" = ($1 ->> 'foundId')::bigint);
UPDATE "Invitation" SET "expiresAt" = wanzami.now()
WHERE "email" = lower($2 ->> 'email') AND "acceptedAt" IS NULL AND "expiresAt" > wanzami.now();
SELECT wanzami.audit(($1 ->> 'foundId')::bigint, 'INVITE_ACCEPT', $1 ->> 'foundId', jsonb_build_object('role', $1 -> 'foundRole'));
SELECT wanzami.device_seen(($1 ->> 'foundId')::bigint, $1 ->> 'newDeviceId', ($1 ->> 'deviceLimit')::int);
INSERT INTO "Session" ("userId", "deviceId", "refreshToken", "createdAt", "expiresAt")
VALUES (($1 ->> 'foundId')::bigint, $1 ->> 'newDeviceId', $1 ->> 'refreshDigest', wanzami.now(),
	wanzami.now() + ($1 ->> 'refreshSeconds')::bigint * interval '1 second');
SELECT 200 AS status, json_build_object(
	'user', json_build_object('id', u."id"::text, 'email', u."email", 'role', u."role", 'name', u."name"),
	'accessToken', $1 ->> 'accessToken', 'refreshToken', $1 ->> 'refreshToken', 'deviceId', $1 ->> 'newDeviceId',
	'permissions', array_to_json(wanzami.permissions(u."role")))::text AS body
FROM "User" u WHERE u."id" = ($1 ->> 'foundId')::bigint
