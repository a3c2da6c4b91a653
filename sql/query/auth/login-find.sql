-- POST /api/auth/login and POST /api/admin/login, step 1 of 2 (docs/compatibility.md#login): finds the account of the e-mail
-- address. Returns one row; its columns are NULL if there is none.
-- $2: email.
SELECT u."id"::text AS id, u."email" AS email, u."password" AS password, u."role"::text AS role, u."emailVerified" AS verified,
	array_to_json(wanzami.permissions(u."role"))::text AS permissions
FROM (SELECT 1) one LEFT JOIN "User" u ON u."email" = lower($2 ->> 'email')
