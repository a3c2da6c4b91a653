-- POST /api/auth/verify-email (docs/compatibility.md#verify-email: the same token answers 200 until it expires).
WITH verified AS (
	UPDATE "User" SET "emailVerified" = true, "updatedAt" = wanzami.now()
	WHERE "email" = lower($2 ->> 'email') AND wanzami.token_fits("verificationToken", "verificationTokenExpires", $2 ->> 'token')
	RETURNING "id"
)
SELECT CASE WHEN EXISTS (SELECT FROM verified) THEN 200 ELSE 400 END AS status,
	CASE WHEN EXISTS (SELECT FROM verified) THEN '{"message":"Email verified. You can now log in."}'
		ELSE '{"message":"Invalid or expired token"}' END AS body
