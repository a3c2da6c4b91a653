-- Returns the elements of an array field as texts, an empty array if the field is no array.
CREATE OR REPLACE FUNCTION wanzami.field_texts(body jsonb, field text) RETURNS text[] LANGUAGE sql IMMUTABLE AS $$
	SELECT CASE WHEN jsonb_typeof(body -> field) = 'array'
		THEN ARRAY(SELECT coalesce(e, 'null') FROM jsonb_array_elements_text(body -> field) WITH ORDINALITY x(e, n) ORDER BY n)
		ELSE '{}' END
$$;
