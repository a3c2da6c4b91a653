-- Returns a query parameter; of one that is repeated, the first value (§2.3).
CREATE OR REPLACE FUNCTION wanzami.query_first(query jsonb, name text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
	SELECT coalesce(query ->> name, query ->> (name || '[0]'))
$$;
