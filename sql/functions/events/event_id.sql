-- Returns the id in a field of an event (docs/compatibility.md#event-ingest): a number (also written as 101.0), or a text,
-- decimal or hexadecimal after 0x. Returns NULL if it is no id.
CREATE OR REPLACE FUNCTION wanzami.event_id(value jsonb) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
	SELECT coalesce(wanzami.integer_of(value #>> '{}'), CASE jsonb_typeof(value)
		WHEN 'number' THEN wanzami.integer_of(trim_scale(value::numeric)::text) ELSE wanzami.hexadecimal(value #>> '{}') END)
$$;
