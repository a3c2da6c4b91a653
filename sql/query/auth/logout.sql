-- POST /api/auth/logout and /api/admin/logout (docs/compatibility.md#logout): acts for the user whom a token has proven, and on
-- that token's device or, for that user, on the one in the body; on another than its own only while the token stands.
WITH proven AS (
	SELECT p.user_id, p.device FROM (SELECT ($1 ->> 'provenUser')::bigint AS user_id, $1 ->> 'provenDevice' AS device) p
	WHERE p.device = $1 ->> 'tokenDevice' OR EXISTS (SELECT FROM "Session" s WHERE s."userId" = p.user_id AND s."deviceId" = $1 ->> 'tokenDevice')
), sessions AS (
	DELETE FROM "Session" s USING proven p WHERE s."userId" = p.user_id AND s."deviceId" = p.device
), devices AS (
	DELETE FROM "Device" d USING proven p WHERE d."userId" = p.user_id AND d."deviceId" = p.device
)
SELECT 200 AS status, '{"message":"Logged out"}' AS body
