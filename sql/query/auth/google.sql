-- POST /api/auth/google/callback, step 2 of 2 (docs/compatibility.md#google-callback): creates the account with profile if
-- it is new, queues the welcome mail of a new account, and of one that was not verified if it has waited for that, and opens a session. An account whose e-mail address was not verified may have been created by
-- somebody else: its password, tokens and sessions are removed. Returns 200 with the tokens.
-- $1: foundId, googleEmail, passwordHash, googleName, country, welcome, foundRole, newDeviceId, deviceLimit,
--	refreshDigest, refreshSeconds, accessToken, refreshToken.
WITH made AS (
	INSERT INTO "User" ("id", "email", "password", "name", "emailVerified", "createdAt", "updatedAt")
	SELECT ($1 ->> 'foundId')::bigint, lower($1 ->> 'googleEmail'), $1 ->> 'passwordHash',
		coalesce(nullif($1 ->> 'googleName', ''), lower($1 ->> 'googleEmail')), true, wanzami.now(), wanzami.now()
	WHERE $1 ->> 'passwordHash' IS NOT NULL
	ON CONFLICT ("email") DO NOTHING
	RETURNING "id", "email", "name"
), profile AS (
	INSERT INTO "Profile" ("userId", "name", "country", "createdAt", "updatedAt")
	SELECT "id", coalesce(nullif($1 ->> 'googleName', ''), 'Primary'), $1 ->> 'country', wanzami.now(), wanzami.now() FROM made
)
INSERT INTO wanzami.mail_outbox (to_address, template, vars) SELECT "email", 'welcome', jsonb_build_object('name', "name") FROM made;
WITH adopted AS (
	UPDATE "User" SET "emailVerified" = true, "password" = $1 ->> 'passwordHash', "verificationToken" = NULL, "verificationTokenExpires" = NULL,
		"resetToken" = NULL, "resetTokenExpires" = NULL, "updatedAt" = wanzami.now()
	WHERE "id" = ($1 ->> 'foundId')::bigint AND NOT "emailVerified" AND $1 ->> 'passwordHash' IS NOT NULL
	RETURNING "User" AS u
), revoked AS (
	DELETE FROM wanzami.reset_token k USING adopted a WHERE k.user_id = (a.u)."id"
), ended AS (
	DELETE FROM "Session" s USING adopted a WHERE s."userId" = (a.u)."id"
)
SELECT wanzami.welcome(a.u) FROM adopted a WHERE $1 ->> 'welcome' = 'verified';
SELECT wanzami.refuse(400, 'Google auth failed') WHERE NOT EXISTS (SELECT FROM "User" WHERE "id" = ($1 ->> 'foundId')::bigint
	AND "email" = lower($1 ->> 'googleEmail') AND "emailVerified" AND "role"::text = $1 ->> 'foundRole' FOR UPDATE);
SELECT wanzami.device_seen(($1 ->> 'foundId')::bigint, $1 ->> 'newDeviceId', ($1 ->> 'deviceLimit')::int);
INSERT INTO "Session" ("userId", "deviceId", "refreshToken", "createdAt", "expiresAt")
VALUES (($1 ->> 'foundId')::bigint, $1 ->> 'newDeviceId', $1 ->> 'refreshDigest', wanzami.now(),
	wanzami.now() + ($1 ->> 'refreshSeconds')::bigint * interval '1 second');
INSERT INTO "Profile" ("userId", "name", "country", "createdAt", "updatedAt")
SELECT u."id", coalesce(nullif($1 ->> 'googleName', ''), u."name"), $1 ->> 'country', wanzami.now(), wanzami.now() FROM "User" u
WHERE u."id" = ($1 ->> 'foundId')::bigint AND NOT EXISTS (SELECT FROM "Profile" p WHERE p."userId" = u."id");
SELECT 200 AS status, json_build_object('accessToken', $1 ->> 'accessToken', 'refreshToken', $1 ->> 'refreshToken',
	'deviceId', $1 ->> 'newDeviceId', 'needsOnboarding', CASE jsonb_typeof(p."preferences" -> 'preferredGenres')
		WHEN 'array' THEN p."preferences" -> 'preferredGenres' = '[]' ELSE true END)::text AS body
FROM "Profile" p WHERE p."userId" = ($1 ->> 'foundId')::bigint ORDER BY p."createdAt", p."id" LIMIT 1
