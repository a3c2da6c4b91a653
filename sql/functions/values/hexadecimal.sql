-- Parses hexadecimal digits after 0x, at most 15 of them. Returns NULL for any other text.
CREATE OR REPLACE FUNCTION wanzami.hexadecimal(digits text) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
	SELECT ('x' || lpad(substring(digits FROM '^\s*0[xX]([0-9a-fA-F]{1,15})\s*$'), 16, '0'))::bit(64)::bigint
$$;
