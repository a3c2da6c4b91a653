-- Returns a trimmed text field of a body, or the default if the field is missing, blank or no text.
CREATE OR REPLACE FUNCTION wanzami.text_or(body jsonb, field text, otherwise text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
	SELECT CASE WHEN jsonb_typeof(body -> field) = 'string' AND wanzami.trim(body ->> field) <> '' THEN wanzami.trim(body ->> field)
		ELSE otherwise END
$$;
