-- POST /api/auth/logout and /api/admin/logout (contract people §3.4, §5 items 4 and 25): acts for the user whom a token has
-- proven, and on that token's device or, for that user, on the one in the body.
DELETE FROM "Session" WHERE "userId" = ($1 ->> 'provenUser')::bigint AND "deviceId" = $1 ->> 'provenDevice';
DELETE FROM "Device" WHERE "userId" = ($1 ->> 'provenUser')::bigint AND "deviceId" = $1 ->> 'provenDevice';
SELECT 200 AS status, '{"message":"Logged out"}' AS body
