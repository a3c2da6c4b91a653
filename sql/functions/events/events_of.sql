-- Returns the list of events in a body: an object with a list, a list, or a single event (docs/compatibility.md#event-ingest).
CREATE OR REPLACE FUNCTION wanzami.events_of(body jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
	SELECT CASE WHEN jsonb_typeof(body -> 'events') = 'array' THEN body -> 'events' WHEN jsonb_typeof(body) = 'array' THEN body
		ELSE jsonb_build_array(body) END
$$;
