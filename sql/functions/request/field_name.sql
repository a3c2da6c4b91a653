-- Returns a text field that must be present; anything else ends the request with 400 (docs/compatibility.md#title-create,
-- #episode-create).
CREATE OR REPLACE FUNCTION wanzami.field_name(body jsonb, field text) RETURNS text LANGUAGE plpgsql VOLATILE AS $$
BEGIN
	IF jsonb_typeof(body -> field) <> 'string' THEN
		PERFORM wanzami.refuse(400, 'Invalid ' || field);
	END IF;
	RETURN body ->> field;
END $$;
