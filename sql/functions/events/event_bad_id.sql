-- Returns the name of the first field of an event that holds an invalid id, NULL if there is none.
CREATE OR REPLACE FUNCTION wanzami.event_bad_id(event jsonb) RETURNS text LANGUAGE sql IMMUTABLE AS $$
	SELECT CASE
		WHEN event ? 'profileId' AND wanzami.event_id(event -> 'profileId') IS NULL THEN 'profileId'
		WHEN event ? 'titleId' AND wanzami.event_id(event -> 'titleId') IS NULL THEN 'titleId'
		WHEN event ? 'episodeId' AND wanzami.event_id(event -> 'episodeId') IS NULL THEN 'episodeId'
		WHEN event ? 'sessionId' AND wanzami.event_id(event -> 'sessionId') IS NULL THEN 'sessionId' END
$$;
