-- POST /api/auth/refresh, step 2 of 2 (docs/compatibility.md#refresh): opens a new session for the device. The old one stays
-- valid for 60 seconds, because several tabs refresh with the same token. Returns 200 with the tokens.
-- $1: sessionId, tokenUser, tokenDevice, deviceLimit, refreshDigest, refreshSeconds, accessToken, refreshToken, permissions.
SELECT wanzami.refuse(401, 'Invalid refresh token') WHERE NOT EXISTS (
	SELECT FROM "Session" WHERE "id" = ($1 ->> 'sessionId')::bigint AND "expiresAt" >= wanzami.now());
SELECT wanzami.device_seen(($1 ->> 'tokenUser')::bigint, $1 ->> 'tokenDevice', ($1 ->> 'deviceLimit')::int);
INSERT INTO "Session" ("userId", "deviceId", "refreshToken", "userAgent", "ipAddress", "createdAt", "expiresAt")
SELECT s."userId", s."deviceId", $1 ->> 'refreshDigest', s."userAgent", s."ipAddress", wanzami.now(),
	-- An expiry in or after 2100 was set by hand and means that the session never expires.
	CASE WHEN s."expiresAt" >= '2100-01-01' THEN s."expiresAt" ELSE wanzami.now() + ($1 ->> 'refreshSeconds')::bigint * interval '1 second' END
FROM "Session" s WHERE s."id" = ($1 ->> 'sessionId')::bigint;
UPDATE "Session" SET "expiresAt" = least("expiresAt", wanzami.now() + interval '60 seconds') WHERE "id" = ($1 ->> 'sessionId')::bigint;
SELECT 200 AS status, json_build_object('accessToken', $1 ->> 'accessToken', 'refreshToken', $1 ->> 'refreshToken',
	'deviceId', $1 ->> 'tokenDevice', 'permissions', ($1 ->> 'permissions')::json)::text AS body
