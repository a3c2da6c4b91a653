-- Returns the stored form of a mail token: only its SHA-256 (docs/compatibility.md#mail-tokens).
CREATE OR REPLACE FUNCTION wanzami.digest(token text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
	SELECT 'sha256:' || encode(sha256(convert_to(token, 'UTF8')), 'hex')
$$;
