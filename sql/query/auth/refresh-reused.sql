-- POST /api/auth/refresh, the token has been replaced (docs/compatibility.md#refresh): removes all sessions of its device,
-- so that a stolen successor becomes useless. Returns 401.
-- The lock comes first, as in reset-password.sql.
-- $1: tokenUser, tokenDevice.
SELECT FROM "User" WHERE "id" = ($1 ->> 'tokenUser')::bigint FOR UPDATE;
DELETE FROM "Session" WHERE "userId" = ($1 ->> 'tokenUser')::bigint AND "deviceId" = $1 ->> 'tokenDevice';
SELECT 401 AS status, '{"message":"Invalid refresh token"}' AS body
