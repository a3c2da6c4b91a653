-- Returns true if a mail token matches the stored one and has not expired. Tokens of the Node service are stored in clear text
-- until they expire.
CREATE OR REPLACE FUNCTION wanzami.token_fits(kept text, expires timestamp, presented text) RETURNS boolean LANGUAGE sql STABLE AS $$
	SELECT coalesce(expires >= wanzami.now() AND presented NOT LIKE 'sha256:%'
		AND CASE WHEN kept LIKE 'sha256:%' THEN kept = wanzami.digest(presented) ELSE kept = presented END, false)
$$;
