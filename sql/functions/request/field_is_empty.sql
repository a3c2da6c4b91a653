-- Returns true if the field is present and clears a value: null or a blank text.
CREATE OR REPLACE FUNCTION wanzami.field_is_empty(body jsonb, field text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
	SELECT coalesce(jsonb_typeof(body -> field) = 'null' OR (jsonb_typeof(body -> field) = 'string' AND btrim(body ->> field) = ''), false)
$$;
