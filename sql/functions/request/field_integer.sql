-- Returns a field as a 32-bit integer, NULL if it holds no number. A fraction or a number out of range ends the request with
-- 400.
CREATE OR REPLACE FUNCTION wanzami.field_integer(body jsonb, field text) RETURNS integer LANGUAGE plpgsql VOLATILE AS $$
DECLARE value numeric := wanzami.field_numeric(body, field);
BEGIN
	IF value <> trunc(value) OR value NOT BETWEEN -2147483648 AND 2147483647 THEN
		PERFORM wanzami.refuse(400, 'Invalid ' || field);
	END IF;
	RETURN value::integer;
END $$;
