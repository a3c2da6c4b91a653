-- POST /api/auth/login and /api/admin/login, first half (docs/compatibility.md#login): who might this be? One row, with NULLs
-- for an unknown address.
SELECT u."id"::text AS id, u."email" AS email, u."password" AS password, u."role"::text AS role, u."emailVerified" AS verified,
	array_to_json(wanzami.permissions(u."role"))::text AS permissions
FROM (SELECT 1) one LEFT JOIN "User" u ON u."email" = lower($2 ->> 'email')
