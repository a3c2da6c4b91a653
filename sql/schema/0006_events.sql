-- How batches of viewing events are read (contract media §7.1).

-- The events of a body: an object with a list, a list, or one event.
CREATE FUNCTION wanzami.events_of(body jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
	SELECT CASE WHEN jsonb_typeof(body -> 'events') = 'array' THEN body -> 'events' WHEN jsonb_typeof(body) = 'array' THEN body
		ELSE jsonb_build_array(body) END
$$;

-- What is wrong with one field of an event, NULL when nothing is; an absent field has the value NULL.
CREATE FUNCTION wanzami.event_issue(place integer, field text, value jsonb) RETURNS json LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
	path json := json_build_array(place, field);
	kind text := coalesce(jsonb_typeof(value), 'undefined');
	kinds text := (SELECT string_agg(quote_literal(e), ' | ' ORDER BY n) FROM unnest(enum_range(NULL::"EventType")) WITH ORDINALITY x(e, n));
BEGIN
	IF field = 'eventType' THEN
		IF kind <> 'string' THEN
			RETURN json_build_object('expected', kinds, 'received', kind, 'code', 'invalid_type', 'path', path, 'message',
				CASE kind WHEN 'undefined' THEN 'Required' ELSE 'Expected ' || kinds || ', received ' || kind END);
		ELSIF value #>> '{}' <> ALL (enum_range(NULL::"EventType")::text[]) THEN
			RETURN json_build_object('received', value, 'code', 'invalid_enum_value', 'options', enum_range(NULL::"EventType"), 'path', path,
				'message', 'Invalid enum value. Expected ' || kinds || ', received ' || quote_literal(value #>> '{}'));
		END IF;
	ELSIF kind = 'undefined' THEN
		RETURN NULL;
	ELSIF field LIKE '%Id' AND field <> 'deviceId' THEN
		IF kind NOT IN ('string', 'number') THEN
			RETURN json_build_object('code', 'invalid_union', 'path', path, 'message', 'Invalid input');
		END IF;
	ELSIF kind <> (CASE field WHEN 'metadata' THEN 'object' ELSE 'string' END) THEN
		RETURN json_build_object('code', 'invalid_type', 'expected', CASE field WHEN 'metadata' THEN 'object' ELSE 'string' END, 'received', kind,
			'path', path, 'message', 'Expected ' || CASE field WHEN 'metadata' THEN 'object' ELSE 'string' END || ', received ' || kind);
	ELSIF field = 'occurredAt' AND wanzami.event_time(value #>> '{}') IS NULL THEN
		RETURN json_build_object('code', 'invalid_string', 'validation', 'datetime', 'message', 'Invalid datetime', 'path', path);
	END IF;
	RETURN NULL;
END $$;

-- The time of an event, in UTC; NULL for what is no ISO 8601 time that ends in Z.
CREATE FUNCTION wanzami.event_time(stamp text) RETURNS timestamp LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
	IF stamp !~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}T([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]+)?)?Z$' THEN
		RETURN NULL;
	END IF;
	RETURN date_trunc('milliseconds', left(stamp, -1)::timestamp);
EXCEPTION WHEN datetime_field_overflow OR invalid_datetime_format THEN
	RETURN NULL;
END $$;

-- All that is wrong with a batch, in its order.
CREATE FUNCTION wanzami.events_issues(events jsonb) RETURNS json LANGUAGE sql IMMUTABLE AS $$
	SELECT json_agg(i.issue ORDER BY i.n, i.f) FROM (
		SELECT e.n, f.n AS f, wanzami.event_issue((e.n - 1)::int, f.name, e.event -> f.name) AS issue
		FROM jsonb_array_elements(events) WITH ORDINALITY e(event, n), unnest(ARRAY['eventType', 'profileId', 'titleId', 'episodeId', 'sessionId',
			'occurredAt', 'country', 'deviceId', 'metadata']) WITH ORDINALITY f(name, n)
		WHERE jsonb_typeof(e.event) = 'object'
		UNION ALL
		SELECT e.n, 0, json_build_object('code', 'invalid_type', 'expected', 'object', 'received', jsonb_typeof(e.event), 'path',
			json_build_array(e.n - 1), 'message', 'Expected object, received ' || jsonb_typeof(e.event))
		FROM jsonb_array_elements(events) WITH ORDINALITY e(event, n) WHERE jsonb_typeof(e.event) <> 'object'
	) i WHERE i.issue IS NOT NULL
$$;

-- An id of an event, a number or a text of digits; an empty text is 0. NULL when it is none.
CREATE FUNCTION wanzami.event_id(value jsonb) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
	SELECT CASE WHEN btrim(value #>> '{}') = '' THEN 0 WHEN btrim(value #>> '{}') ~ '^[+-]?[0-9]{1,18}$' THEN btrim(value #>> '{}')::bigint END
$$;
