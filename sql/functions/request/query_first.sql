-- Returns a query parameter; of one that is repeated, the first value (docs/compatibility.md#query-parameters).
CREATE OR REPLACE FUNCTION wanzami.query_first(query jsonb, name text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
	SELECT coalesce(query ->> name, query ->> (name || '[0]'))
$$;
