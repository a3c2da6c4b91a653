-- POST /api/auth/reset-password, step 2 of 2 (docs/compatibility.md#reset-password): sets the password, removes the tokens
-- and ends all sessions; queues the welcome mail if it has waited for that
-- and the address is verified by it. Returns 200, or 400 if the token has been used meanwhile.
-- The lock comes first: the session of a refresh that holds it is in the snapshot of the next command.
-- $1: passwordHash, welcome.
-- $2: email, token.
SELECT FROM "User" WHERE "email" = lower($2 ->> 'email') FOR UPDATE;
WITH before AS MATERIALIZED (
	SELECT "id" FROM "User" WHERE "email" = lower($2 ->> 'email') AND NOT "emailVerified"
), changed AS (
	UPDATE "User" u SET "password" = $1 ->> 'passwordHash', "resetToken" = NULL, "resetTokenExpires" = NULL, "emailVerified" = true,
		"updatedAt" = wanzami.now()
	WHERE u."email" = lower($2 ->> 'email') AND wanzami.reset_fits(u, $2 ->> 'token')
	RETURNING u
), ended AS (
	DELETE FROM "Session" s USING changed c WHERE s."userId" = (c.u)."id"
), used AS (
	DELETE FROM wanzami.reset_token k USING changed c WHERE k.user_id = (c.u)."id"
), welcomed AS MATERIALIZED (
	SELECT wanzami.welcome(c.u) FROM changed c WHERE (c.u)."id" IN (SELECT "id" FROM before) AND $1 ->> 'welcome' = 'verified'
)
SELECT CASE WHEN EXISTS (SELECT FROM changed) THEN 200 ELSE 400 END AS status, (SELECT count(*) FROM welcomed) AS welcomed,
	CASE WHEN EXISTS (SELECT FROM changed) THEN '{"message":"Password updated. Please log in."}'
		ELSE '{"message":"Invalid or expired reset token"}' END AS body
