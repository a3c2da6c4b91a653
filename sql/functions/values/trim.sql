-- Removes white space from both ends of a text, the same characters as JavaScript's trim().
CREATE OR REPLACE FUNCTION wanzami.trim(value text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
	SELECT regexp_replace(value, '^[\s\u00a0\ufeff]+|[\s\u00a0\ufeff]+$', '', 'g')
$$;
