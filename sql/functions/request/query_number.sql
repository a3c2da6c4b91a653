-- Converts a query parameter to a number as JavaScript does (docs/compatibility.md#query-parameters). Returns NULL if it is no
-- number or has more digits than a double can hold.
CREATE OR REPLACE FUNCTION wanzami.query_number(query jsonb, name text) RETURNS numeric LANGUAGE sql IMMUTABLE AS $$
	SELECT CASE
		WHEN value = '' THEN 0
		WHEN value ~* '^0x[0-9a-f]{1,8}$' THEN ('x' || lpad(substr(value, 3), 16, '0'))::bit(64)::bigint
		WHEN value ~ '^[+-]?([0-9]{1,17}(\.[0-9]{0,17})?|\.[0-9]{1,17})([eE][+-]?[0-9]{1,2})?$' THEN value::numeric
	END FROM wanzami.trim(query ->> name) AS value
$$;
