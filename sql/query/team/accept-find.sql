-- POST /api/admin/invitations/accept, step 1 of 2 (docs/compatibility.md#invitation-accept): refuses a wrong token before
-- the password is hashed. Returns one row with the id, role and permissions of the new account.
-- $2: token, email.
SELECT wanzami.refuse(400, 'Invalid or expired invite') WHERE NOT EXISTS (SELECT FROM wanzami.invitation_open($2 ->> 'token', $2 ->> 'email'));
SELECT wanzami.refuse(409, 'Email already registered') FROM "User" WHERE "email" = lower($2 ->> 'email');
SELECT nextval(pg_get_serial_sequence('"User"', 'id'))::text AS id, i."email" AS email, i."role"::text AS role,
	array_to_json(wanzami.permissions(i."role"))::text AS permissions
FROM wanzami.invitation_open($2 ->> 'token', $2 ->> 'email') i
