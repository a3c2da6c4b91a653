-- POST /api/auth/verify-email (docs/compatibility.md#verify-email): marks the e-mail address as verified. The same token is
-- accepted again until it expires. Returns 200, or 400 for a wrong token.
-- $2: email, token.
WITH verified AS (
	UPDATE "User" SET "emailVerified" = true, "updatedAt" = wanzami.now()
	WHERE "email" = lower($2 ->> 'email') AND wanzami.token_fits("verificationToken", "verificationTokenExpires", $2 ->> 'token')
	RETURNING "id"
)
SELECT CASE WHEN EXISTS (SELECT FROM verified) THEN 200 ELSE 400 END AS status,
	CASE WHEN EXISTS (SELECT FROM verified) THEN '{"message":"Email verified. You can now log in."}'
		ELSE '{"message":"Invalid or expired token"}' END AS body
