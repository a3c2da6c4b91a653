-- POST /api/admin/invitations (docs/compatibility.md#invitation-create): creates an invitation for seven days, expires older
-- ones of the e-mail address and queues a mail. Returns 201 with the token.
-- $1: userId.
-- $2: email, role.
SELECT wanzami.refuse(409, 'Email already registered') FROM "User" WHERE "email" = lower($2 ->> 'email');
UPDATE "Invitation" SET "expiresAt" = wanzami.now()
WHERE "email" = lower($2 ->> 'email') AND "acceptedAt" IS NULL AND "expiresAt" > wanzami.now();
WITH token AS MATERIALIZED (
	SELECT gen_random_uuid()::text AS value
), created AS (
	INSERT INTO "Invitation" ("email", "role", "token", "expiresAt", "createdBy", "createdAt")
	SELECT lower($2 ->> 'email'), ($2 ->> 'role')::"Role", wanzami.digest(t.value), wanzami.now() + interval '7 days',
		($1 ->> 'userId')::bigint, wanzami.now()
	FROM token t
	RETURNING "id"
), mailed AS (
	INSERT INTO wanzami.mail_outbox (to_address, template, vars)
	SELECT lower($2 ->> 'email'), 'invitation', jsonb_build_object('email', lower($2 ->> 'email'), 'token', t.value) FROM token t
)
SELECT 201 AS status, json_build_object('message', 'Invite sent', 'token', t.value)::text AS body,
	wanzami.audit(($1 ->> 'userId')::bigint, 'INVITE_CREATE', c."id"::text, $2)
FROM token t, created c
