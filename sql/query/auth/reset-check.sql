-- POST /api/auth/reset-password, step 1 of 2 (docs/compatibility.md#reset-password): returns one row; fits tells if the token
-- is the account's and has not expired.
-- $2: email, token.
SELECT EXISTS (SELECT FROM "User" WHERE "email" = lower($2 ->> 'email')
	AND wanzami.token_fits("resetToken", "resetTokenExpires", $2 ->> 'token')) AS fits
