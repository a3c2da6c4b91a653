-- An edit without those of the named fields that are no numbers and do not clear one either: they change nothing (contract media §4.6).
CREATE FUNCTION wanzami.edit_numbers(body jsonb, VARIADIC names text[]) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
	SELECT body - ARRAY(SELECT n FROM unnest(names) n WHERE NOT (wanzami.field_is_number(body, n) OR wanzami.field_is_empty(body, n)))
$$;

-- What an audit row tells of an edit: which of the named fields it has, in their order.
CREATE FUNCTION wanzami.edit_fields(body jsonb, VARIADIC names text[]) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
	SELECT jsonb_build_object('fields', coalesce(jsonb_agg(n ORDER BY i) FILTER (WHERE body ? n), '[]')) FROM unnest(names) WITH ORDINALITY x (n, i)
$$;
