-- POST /api/admin/invitations/accept, first half (docs/compatibility.md#invitation-accept): whether hashing is worth it, and
-- who this will be.
SELECT wanzami.refuse(400, 'Invalid or expired invite') WHERE NOT EXISTS (SELECT FROM wanzami.invitation_open($2 ->> 'token', $2 ->> 'email'));
SELECT wanzami.refuse(409, 'Email already registered') FROM "User" WHERE "email" = lower($2 ->> 'email');
SELECT nextval(pg_get_serial_sequence('"User"', 'id'))::text AS id, i."email" AS email, i."role"::text AS role,
	array_to_json(wanzami.permissions(i."role"))::text AS permissions
FROM wanzami.invitation_open($2 ->> 'token', $2 ->> 'email') i
