-- POST /api/auth/refresh, step 1 of 2 (docs/compatibility.md#refresh): returns one row with the token's user and, in
-- sessions, the sessions of the token's device as JSON [[id, stored hash, expired], …], expired ones last. A replaced session is
-- kept as an expired one (sql/query/sessions/purge.sql).
-- $1: tokenDevice, tokenUser.
SELECT u."id"::text AS id, u."email" AS email, u."role"::text AS role, array_to_json(wanzami.permissions(u."role"))::text AS permissions,
	(SELECT json_agg(json_build_array(s."id"::text, s."refreshToken", s."expiresAt" < wanzami.now())
			ORDER BY s."expiresAt" < wanzami.now(), s."createdAt" DESC, s."id" DESC)::text
		FROM "Session" s WHERE s."userId" = u."id" AND s."deviceId" = $1 ->> 'tokenDevice') AS sessions
FROM (SELECT 1) one LEFT JOIN "User" u ON u."id" = ($1 ->> 'tokenUser')::bigint
