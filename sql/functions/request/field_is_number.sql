-- Returns true if field_numeric() finds a number in the field.
CREATE OR REPLACE FUNCTION wanzami.field_is_number(body jsonb, field text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
	SELECT wanzami.field_numeric(body, field) IS NOT NULL
$$;
