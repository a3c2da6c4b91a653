-- Returns the limit or offset of a list: a whole number from 0 to 1e15. Returns NULL if the client sent none, an empty text or
-- anything else (docs/compatibility.md#list-parts).
CREATE OR REPLACE FUNCTION wanzami.query_count(query jsonb, name text) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
	SELECT value::bigint FROM wanzami.query_number(query, name) AS value
	WHERE value BETWEEN 0 AND 1e15 AND value = trunc(value) AND wanzami.trim(query ->> name) <> ''
$$;
