-- POST /api/auth/reset-password, step 1 of 2 (docs/compatibility.md#reset-password): returns one row; fits tells if the token
-- is the account's and has not expired.
-- $2: email, token.
SELECT EXISTS (SELECT FROM "User" u WHERE u."email" = lower($2 ->> 'email') AND wanzami.reset_fits(u, $2 ->> 'token')) AS fits
