-- Returns a numeric query parameter if it is above 0 and at most "most", otherwise the default.
CREATE OR REPLACE FUNCTION wanzami.query_within(query jsonb, name text, most numeric, otherwise numeric) RETURNS numeric LANGUAGE sql IMMUTABLE AS $$
	SELECT CASE WHEN value > 0 AND value <= most THEN value ELSE otherwise END FROM wanzami.query_number(query, name) AS value
$$;
