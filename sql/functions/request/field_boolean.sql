-- Returns a boolean field of a body, NULL if it is absent or null. Any other type ends the request with 400.
CREATE OR REPLACE FUNCTION wanzami.field_boolean(body jsonb, field text) RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$
BEGIN
	IF jsonb_typeof(body -> field) NOT IN ('boolean', 'null') THEN
		PERFORM wanzami.refuse(400, 'Invalid ' || field);
	END IF;
	RETURN (body ->> field)::boolean;
END $$;
