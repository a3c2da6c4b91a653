-- How the events of many requests are checked at once (contract media §7.1): what is in order costs little, what is not is
-- looked at again by wanzami.events_issues.

-- Whether nothing is wrong with the shape of an event.
CREATE FUNCTION wanzami.event_ok(event jsonb) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
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

-- The first of its ids that is there and is none.
CREATE FUNCTION wanzami.event_bad_id(event jsonb) RETURNS text LANGUAGE sql IMMUTABLE AS $$
	SELECT CASE
		WHEN event ? 'profileId' AND wanzami.event_id(event -> 'profileId') IS NULL THEN 'profileId'
		WHEN event ? 'titleId' AND wanzami.event_id(event -> 'titleId') IS NULL THEN 'titleId'
		WHEN event ? 'episodeId' AND wanzami.event_id(event -> 'episodeId') IS NULL THEN 'episodeId'
		WHEN event ? 'sessionId' AND wanzami.event_id(event -> 'sessionId') IS NULL THEN 'sessionId' END
$$;
