-- Removes from an edit those named fields that are neither a number nor empty: they change nothing
-- (docs/compatibility.md#title-update).
CREATE OR REPLACE FUNCTION wanzami.edit_numbers(body jsonb, VARIADIC names text[]) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
	SELECT body - ARRAY(SELECT n FROM unnest(names) n WHERE NOT (wanzami.field_is_number(body, n) OR wanzami.field_is_empty(body, n)))
$$;
