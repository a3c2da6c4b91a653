-- POST /api/auth/google/callback, first half (docs/compatibility.md#google-callback): who this is, or will be. One row.
SELECT coalesce(u."id", nextval(pg_get_serial_sequence('"User"', 'id')))::text AS id, lower($1 ->> 'googleEmail') AS email,
	coalesce(u."role", 'USER')::text AS role, array_to_json(wanzami.permissions(coalesce(u."role", 'USER')))::text AS permissions,
	coalesce(u."emailVerified", false) AS proven
FROM (SELECT $2) unused LEFT JOIN "User" u ON u."email" = lower($1 ->> 'googleEmail')
