-- Returns true if the shape of an event is valid. This is the fast check for batches; events_issues() describes what is wrong with
-- the events that fail it.
CREATE OR REPLACE FUNCTION wanzami.event_ok(event jsonb) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
	SELECT jsonb_typeof(event) = 'object'
	AND jsonb_typeof(event -> 'eventType') IS NOT DISTINCT FROM 'string'
	AND event ->> 'eventType' IN ('PLAY_START', 'PLAY_END', 'SCRUB', 'SKIP', 'SEARCH', 'ADD_TO_LIST', 'THUMBS_UP', 'THUMBS_DOWN', 'IMPRESSION')
	AND coalesce(jsonb_typeof(event -> 'profileId'), 'number') IN ('number', 'string')
	AND coalesce(jsonb_typeof(event -> 'titleId'), 'number') IN ('number', 'string')
	AND coalesce(jsonb_typeof(event -> 'episodeId'), 'number') IN ('number', 'string')
	AND coalesce(jsonb_typeof(event -> 'sessionId'), 'number') IN ('number', 'string')
	AND coalesce(jsonb_typeof(event -> 'country'), 'string') = 'string'
	AND coalesce(jsonb_typeof(event -> 'deviceId'), 'string') = 'string'
	AND coalesce(jsonb_typeof(event -> 'metadata'), 'object') = 'object'
	AND (NOT event ? 'occurredAt' OR jsonb_typeof(event -> 'occurredAt') = 'string' AND wanzami.event_time(event ->> 'occurredAt') IS NOT NULL)
$$;
