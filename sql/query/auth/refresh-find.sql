-- POST /api/auth/refresh, first half (docs/compatibility.md#refresh): the sessions of the token's user and device, newest
-- first, as JSON [[id, kept hash, expired], ...]; and what the new access token has to say. One row. Those that have expired
-- count only when no other is left: each refresh leaves one.
SELECT u."id"::text AS id, u."email" AS email, u."role"::text AS role, array_to_json(wanzami.permissions(u."role"))::text AS permissions,
	(SELECT json_agg(json_build_array(s."id"::text, s."refreshToken", s."expiresAt" < wanzami.now()) ORDER BY s."createdAt" DESC, s."id" DESC)::text
		FROM "Session" s WHERE s."userId" = u."id" AND s."deviceId" = $1 ->> 'tokenDevice'
		AND (s."expiresAt" >= wanzami.now() OR NOT EXISTS (SELECT FROM "Session" x
			WHERE x."userId" = u."id" AND x."deviceId" = $1 ->> 'tokenDevice' AND x."expiresAt" >= wanzami.now()))) AS sessions
FROM (SELECT 1) one LEFT JOIN "User" u ON u."id" = ($1 ->> 'tokenUser')::bigint
