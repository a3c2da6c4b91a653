-- None of the sessions of a refresh token's device is alive (docs/compatibility.md#refresh).
DELETE FROM "Session" WHERE "userId" = ($1 ->> 'tokenUser')::bigint AND "deviceId" = $1 ->> 'tokenDevice' AND "expiresAt" < wanzami.now();
SELECT 401 AS status, '{"message":"Session expired"}' AS body
