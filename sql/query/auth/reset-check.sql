-- POST /api/auth/reset-password, step 1 of 2 (docs/compatibility.md#reset-password): refuses a wrong or expired token with
-- 400 before the new password is hashed.
-- $2: email, token.
SELECT wanzami.refuse(400, 'Invalid or expired reset token') WHERE NOT EXISTS (
	SELECT FROM "User" WHERE "email" = lower($2 ->> 'email') AND wanzami.token_fits("resetToken", "resetTokenExpires", $2 ->> 'token'))
