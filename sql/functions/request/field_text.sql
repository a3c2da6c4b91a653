-- Returns a text field of a body, NULL if it is absent or null. Any other type ends the request with 400. The field_* functions
-- that can end a request are VOLATILE, so that the planner does not evaluate them early.
CREATE OR REPLACE FUNCTION wanzami.field_text(body jsonb, field text) RETURNS text LANGUAGE plpgsql VOLATILE AS $$
BEGIN
	IF jsonb_typeof(body -> field) NOT IN ('string', 'null') THEN
		PERFORM wanzami.refuse(400, 'Invalid ' || field);
	END IF;
	RETURN body ->> field;
END $$;
