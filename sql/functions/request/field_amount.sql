-- Returns the amount of a payment: a number, or a text that is a number. Returns NULL for anything else.
CREATE OR REPLACE FUNCTION wanzami.field_amount(body jsonb, field text) RETURNS numeric LANGUAGE sql IMMUTABLE AS $$
	SELECT CASE WHEN jsonb_typeof(body -> field) <> 'boolean' THEN wanzami.field_numeric(body, field) END
$$;
