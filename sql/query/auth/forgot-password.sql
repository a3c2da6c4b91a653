-- POST /api/auth/forgot-password (docs/compatibility.md#forgot-password): queues a mail with a reset token that is valid for
-- one hour, as are those of earlier mails. Returns the same 200 if the e-mail address has no account.
-- A request without a mail writes as many rows, which the next mail-cleanup removes, so that the time of the response does not
-- reveal if an account exists (docs/compatibility.md#account-enumeration).
-- $2: email.
WITH token AS (
	SELECT gen_random_uuid()::text AS value
), renewed AS (
	UPDATE "User" u SET "resetToken" = wanzami.digest(t.value), "resetTokenExpires" = wanzami.now() + interval '1 hour',
		"updatedAt" = wanzami.now()
	FROM token t
	WHERE u."email" = lower($2 ->> 'email')
	RETURNING u."id", u."name", t.value, u."resetToken", u."resetTokenExpires"
), expired AS (
	DELETE FROM wanzami.reset_token k USING renewed r WHERE k.user_id = r."id" AND k.expires < wanzami.now()
), stored AS (
	INSERT INTO wanzami.reset_token (user_id, digest, expires) SELECT "id", "resetToken", "resetTokenExpires" FROM renewed
)
INSERT INTO wanzami.mail_outbox (to_address, template, vars, sent_at)
SELECT $2 ->> 'email', 'reset', jsonb_build_object('name', r."name", 'email', $2 ->> 'email', 'token', r.value), NULL FROM renewed r
UNION ALL SELECT '', 'none', NULL, now() - interval '91 days' FROM generate_series(1, 3) WHERE NOT EXISTS (SELECT FROM renewed);
SELECT 200 AS status, '{"message":"If that account exists, a reset link has been sent."}' AS body
