-- Returns true if a token is that of a reset link of the user that has not expired (docs/compatibility.md#forgot-password).
CREATE OR REPLACE FUNCTION wanzami.reset_fits(u "User", presented text) RETURNS boolean LANGUAGE sql STABLE AS $$
	SELECT wanzami.token_fits(u."resetToken", u."resetTokenExpires", presented) OR EXISTS (
		SELECT FROM wanzami.reset_token t WHERE t.user_id = u."id" AND wanzami.token_fits(t.digest, t.expires, presented))
$$;
