-- POST /api/auth/resend-verification (docs/compatibility.md#resend-verification): queues a mail with a new token if the
-- account is not verified and its last token is at least two minutes old. Returns the same 200 in every case.
-- A request without a mail writes as many rows, which the next mail-cleanup removes, so that the time of the response does not
-- reveal if an account exists (docs/compatibility.md#account-enumeration).
-- $2: email.
WITH token AS (
	SELECT gen_random_uuid()::text AS value
), renewed AS (
	UPDATE "User" u SET "verificationToken" = wanzami.digest(t.value), "verificationTokenExpires" = wanzami.now() + interval '24 hours',
		"updatedAt" = wanzami.now()
	FROM token t
	WHERE u."email" = lower($2 ->> 'email') AND NOT u."emailVerified"
	AND coalesce(u."verificationTokenExpires" < wanzami.now() + interval '24 hours' - interval '2 minutes', true)
	RETURNING u."name", t.value
)
INSERT INTO wanzami.mail_outbox (to_address, template, vars, sent_at)
SELECT $2 ->> 'email', 'verify', jsonb_build_object('name', r."name", 'email', $2 ->> 'email', 'token', r.value), NULL FROM renewed r
UNION ALL SELECT '', 'none', NULL, now() - interval '91 days' FROM generate_series(1, 2) WHERE NOT EXISTS (SELECT FROM renewed);
SELECT 200 AS status, '{"message":"Verification email resent."}' AS body
