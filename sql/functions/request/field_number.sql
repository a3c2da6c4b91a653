-- Returns a field as a 32-bit integer; the request ends with 400 if the field holds no such number.
CREATE OR REPLACE FUNCTION wanzami.field_number(body jsonb, field text) RETURNS integer LANGUAGE plpgsql VOLATILE AS $$
BEGIN
	IF NOT wanzami.field_is_number(body, field) THEN
		PERFORM wanzami.refuse(400, 'Invalid ' || field);
	END IF;
	RETURN wanzami.field_integer(body, field);
END $$;
