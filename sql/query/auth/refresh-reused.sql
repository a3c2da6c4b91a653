-- A refresh token that was good once and has been replaced: whoever holds its successor, this device has to sign in again
-- (docs/compatibility.md#refresh).
DELETE FROM "Session" WHERE "userId" = ($1 ->> 'tokenUser')::bigint AND "deviceId" = $1 ->> 'tokenDevice';
SELECT 401 AS status, '{"message":"Invalid refresh token"}' AS body
