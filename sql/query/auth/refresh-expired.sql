-- POST /api/auth/refresh, all sessions of the token's device have expired (docs/compatibility.md#refresh): removes them.
-- Returns 401.
-- $1: tokenUser, tokenDevice.
DELETE FROM "Session" WHERE "userId" = ($1 ->> 'tokenUser')::bigint AND "deviceId" = $1 ->> 'tokenDevice' AND "expiresAt" < wanzami.now();
SELECT 401 AS status, '{"message":"Session expired"}' AS body
