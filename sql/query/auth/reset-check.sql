-- POST /api/auth/reset-password, first half (docs/compatibility.md#reset-password): whether hashing is worth it.
SELECT wanzami.refuse(400, 'Invalid or expired reset token') WHERE NOT EXISTS (
	SELECT FROM "User" WHERE "email" = lower($2 ->> 'email') AND wanzami.token_fits("resetToken", "resetTokenExpires", $2 ->> 'token'))
