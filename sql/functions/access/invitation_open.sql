-- Returns the open invitation for a token and an e-mail address. Tokens of the Node service are stored in clear text
-- (docs/compatibility.md#invitation-accept, #mail-tokens).
CREATE OR REPLACE FUNCTION wanzami.invitation_open(presented text, address text) RETURNS SETOF "Invitation" LANGUAGE sql STABLE AS $$
	SELECT i.* FROM "Invitation" i
	WHERE i."token" IN (presented, wanzami.digest(presented)) AND presented NOT LIKE 'sha256:%' AND i."email" = lower(address)
	AND i."acceptedAt" IS NULL AND i."expiresAt" >= wanzami.now()
$$;
