-- POST /api/auth/logout and POST /api/admin/logout (docs/compatibility.md#logout): removes the sessions and the device row
-- of one device of the user that the token names, while the token's own session stands. The device row of the token's own device is
-- also removed if the device has no session. Returns 200 in every case.
-- The lock comes first, as in reset-password.sql.
-- $1: provenUser, provenDevice, tokenDevice, tokenSession, tokenIssued.
SELECT FROM "User" WHERE "id" = ($1 ->> 'provenUser')::bigint FOR UPDATE;
WITH proven AS (
	SELECT p.user_id, p.device FROM (SELECT ($1 ->> 'provenUser')::bigint AS user_id, $1 ->> 'provenDevice' AS device) p
	WHERE wanzami.session_stands(p.user_id, $1 ->> 'tokenDevice', $1 ->> 'tokenSession', ($1 ->> 'tokenIssued')::bigint)
	OR (p.device = $1 ->> 'tokenDevice' AND NOT EXISTS (SELECT FROM "Session" s WHERE s."userId" = p.user_id AND s."deviceId" = p.device))
), sessions AS (
	DELETE FROM "Session" s USING proven p WHERE s."userId" = p.user_id AND s."deviceId" = p.device
), devices AS (
	DELETE FROM "Device" d USING proven p WHERE d."userId" = p.user_id AND d."deviceId" = p.device
)
SELECT 200 AS status, '{"message":"Logged out"}' AS body
