-- Parses a 64-bit integer; surrounding white space is allowed, an empty text is 0. Returns NULL if the text is no such integer.
CREATE OR REPLACE FUNCTION wanzami.integer_of(value text) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
	SELECT CASE WHEN value ~ E'^[ \t-\r]*[+-]?[0-9]{1,18}[ \t-\r]*$' THEN value::bigint WHEN value ~ E'^[ \t-\r]*$' THEN 0
		WHEN value ~ E'^[ \t-\r]*[+-]?[0-9]{19,40}[ \t-\r]*$'
			AND value::numeric BETWEEN -9223372036854775808 AND 9223372036854775807 THEN value::bigint END
$$;
