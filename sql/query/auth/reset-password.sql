-- The second half: the token is used up in the statement that sets the password; every session ends.
WITH changed AS (
	UPDATE "User" SET "password" = $1 ->> 'passwordHash', "resetToken" = NULL, "resetTokenExpires" = NULL, "emailVerified" = true,
		"updatedAt" = wanzami.now()
	WHERE "email" = lower($2 ->> 'email') AND wanzami.token_fits("resetToken", "resetTokenExpires", $2 ->> 'token')
	RETURNING "id"
), ended AS (
	DELETE FROM "Session" s USING changed c WHERE s."userId" = c."id"
)
SELECT CASE WHEN EXISTS (SELECT FROM changed) THEN 200 ELSE 400 END AS status,
	CASE WHEN EXISTS (SELECT FROM changed) THEN '{"message":"Password updated. Please log in."}'
		ELSE '{"message":"Invalid or expired reset token"}' END AS body
