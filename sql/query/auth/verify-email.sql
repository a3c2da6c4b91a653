-- POST /api/auth/verify-email (docs/compatibility.md#verify-email): marks the e-mail address as verified and queues the
-- welcome mail at the first time if it has waited for that. The same token is accepted again until it expires. Returns 200, or 400 for a wrong token.
-- $1: welcome.
-- $2: email, token.
WITH before AS MATERIALIZED (
	SELECT "id" FROM "User" WHERE "email" = lower($2 ->> 'email') AND NOT "emailVerified"
), verified AS (
	UPDATE "User" u SET "emailVerified" = true, "updatedAt" = wanzami.now()
	WHERE "email" = lower($2 ->> 'email') AND wanzami.token_fits("verificationToken", "verificationTokenExpires", $2 ->> 'token')
	RETURNING u
), welcomed AS MATERIALIZED (
	SELECT wanzami.welcome(v.u) FROM verified v WHERE (v.u)."id" IN (SELECT "id" FROM before) AND $1 ->> 'welcome' = 'verified'
)
SELECT CASE WHEN EXISTS (SELECT FROM verified) THEN 200 ELSE 400 END AS status, (SELECT count(*) FROM welcomed) AS welcomed,
	CASE WHEN EXISTS (SELECT FROM verified) THEN '{"message":"Email verified. You can now log in."}'
		ELSE '{"message":"Invalid or expired token"}' END AS body
