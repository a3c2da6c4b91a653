-- Returns what is wrong with one field of an event, NULL if it is valid. An absent field has the value NULL.
CREATE OR REPLACE FUNCTION wanzami.event_issue(place integer, field text, value jsonb) RETURNS json LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
	path json := json_build_array(place, field);
	kind text := coalesce(jsonb_typeof(value), 'undefined');
	kinds text := (SELECT string_agg(quote_literal(e), ' | ' ORDER BY n) FROM unnest(enum_range(NULL::"EventType")) WITH ORDINALITY x(e, n));
BEGIN
	IF field = 'eventType' THEN
		IF kind = 'undefined' THEN
			RETURN json_build_object('code', 'invalid_type', 'expected', kinds, 'received', kind, 'path', path, 'message', 'Required');
		ELSIF kind <> 'string' THEN
			RETURN wanzami.event_mistyped(path, kinds, kind);
		ELSIF value #>> '{}' <> ALL (enum_range(NULL::"EventType")::text[]) THEN
			RETURN json_build_object('received', value, 'code', 'invalid_enum_value', 'options', enum_range(NULL::"EventType"), 'path', path,
				'message', 'Invalid enum value. Expected ' || kinds || ', received ''' || (value #>> '{}') || '''');
		END IF;
	ELSIF kind = 'undefined' THEN
		RETURN NULL;
	ELSIF field IN ('profileId', 'titleId', 'episodeId', 'sessionId') THEN
		IF kind NOT IN ('string', 'number') THEN
			RETURN json_build_object('code', 'invalid_union', 'unionErrors', (
				SELECT json_agg(json_build_object('issues', json_build_array(wanzami.event_mistyped(path, e, kind)), 'name', 'ZodError') ORDER BY n)
				FROM unnest(ARRAY['string', 'number']) WITH ORDINALITY x(e, n)), 'path', path, 'message', 'Invalid input');
		END IF;
	ELSIF kind <> (CASE field WHEN 'metadata' THEN 'object' ELSE 'string' END) THEN
		RETURN wanzami.event_mistyped(path, CASE field WHEN 'metadata' THEN 'object' ELSE 'string' END, kind);
	ELSIF field = 'occurredAt' AND wanzami.event_time(value #>> '{}') IS NULL THEN
		RETURN json_build_object('code', 'invalid_string', 'validation', 'datetime', 'message', 'Invalid datetime', 'path', path);
	END IF;
	RETURN NULL;
END $$;
