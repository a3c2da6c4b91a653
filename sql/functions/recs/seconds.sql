-- Parses a position in a film as players report it: a number, or a text that is one. Returns NULL for anything else.
CREATE OR REPLACE FUNCTION wanzami.seconds(value jsonb) RETURNS numeric LANGUAGE sql IMMUTABLE AS $$
	SELECT CASE WHEN btrim(value #>> '{}') ~ '^[+-]?[0-9]{1,12}(\.[0-9]{1,30})?([eE][+-]?[0-9]{1,2})?$' THEN btrim(value #>> '{}')::numeric END
$$;
