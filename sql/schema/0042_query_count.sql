-- Where a long list begins or ends, if the client says so: a whole number, NULL otherwise (contract people §5 item 23). An empty
-- text says nothing, though it is 0 elsewhere; else as in 0008_people.sql.
CREATE OR REPLACE FUNCTION wanzami.query_count(query jsonb, name text) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
	SELECT value::bigint FROM wanzami.query_number(query, name) AS value
	WHERE value BETWEEN 0 AND 1e15 AND value = trunc(value) AND wanzami.trim(query ->> name) <> ''
$$;
