-- Formats a timestamp as clients expect it: ISO 8601, UTC, milliseconds.
CREATE OR REPLACE FUNCTION wanzami.iso(t timestamp) RETURNS text LANGUAGE sql IMMUTABLE AS $$
	SELECT to_char(t, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
$$;
