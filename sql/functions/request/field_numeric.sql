-- Returns the number in a field: a JSON number, true or false as 1 and 0, or a text that is a number (decimal, or hexadecimal after
-- 0x). Returns NULL for anything else; an empty text and null are no numbers (docs/compatibility.md#clearing-fields).
CREATE OR REPLACE FUNCTION wanzami.field_numeric(body jsonb, field text) RETURNS numeric LANGUAGE sql IMMUTABLE AS $$
	SELECT CASE jsonb_typeof(body -> field)
		WHEN 'number' THEN (body ->> field)::numeric
		WHEN 'boolean' THEN (body ->> field)::boolean::int
		WHEN 'string' THEN CASE
			WHEN body ->> field ~ '^\s*[+-]?([0-9]{1,15}(\.[0-9]*)?|\.[0-9]{1,15})([eE][+-]?[0-9]{1,2})?\s*$' THEN (body ->> field)::numeric
			ELSE wanzami.hexadecimal(body ->> field) END
	END
$$;
