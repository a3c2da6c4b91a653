-- POST /api/auth/google/callback, step 1 of 2 (docs/compatibility.md#google-callback): finds the account of the e-mail
-- address. Returns one row: the account, or the id and role that a new one gets.
-- $1: googleEmail.
SELECT coalesce(u."id", nextval(pg_get_serial_sequence('"User"', 'id')))::text AS id, lower($1 ->> 'googleEmail') AS email,
	coalesce(u."role", 'USER')::text AS role, array_to_json(wanzami.permissions(coalesce(u."role", 'USER')))::text AS permissions,
	coalesce(u."emailVerified", false) AS proven
FROM (SELECT $2) unused LEFT JOIN "User" u ON u."email" = lower($1 ->> 'googleEmail')
