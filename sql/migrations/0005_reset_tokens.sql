-- Tokens of mailed reset links that are valid besides "User"."resetToken", which holds the newest: each link works for an hour, so that a
-- request by somebody else cannot end it. The token is stored as digest (docs/compatibility.md#mail-tokens).
CREATE TABLE wanzami.reset_token (
	user_id BIGINT NOT NULL REFERENCES "User" ON DELETE CASCADE,
	digest TEXT NOT NULL,
	expires TIMESTAMP(3) NOT NULL,
	PRIMARY KEY (user_id, digest)
);
