-- Returns the names of the changed fields for the audit log, in declaration order.
CREATE OR REPLACE FUNCTION wanzami.edit_fields(body jsonb, VARIADIC names text[]) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
	SELECT jsonb_build_object('fields', coalesce(jsonb_agg(n ORDER BY i) FILTER (WHERE body ? n), '[]')) FROM unnest(names) WITH ORDINALITY x (n, i)
$$;
