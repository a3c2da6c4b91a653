-- POST /api/events (contract media §7.1, EVT-1, EVT-2): all of a batch or nothing. A title, episode or session that is not there
-- is kept by its number in the metadata.
SELECT CASE WHEN e.issues IS NOT NULL THEN wanzami.refuse_with(400, json_build_object('message', 'Invalid event payload', 'issues', e.issues)) END
FROM (SELECT wanzami.events_issues(wanzami.events_of($2)) AS issues) e;
SELECT wanzami.refuse(400, 'No events provided') WHERE wanzami.events_of($2) = '[]';
SELECT wanzami.refuse(400, 'Too many events, at most 500 at once') WHERE jsonb_array_length(wanzami.events_of($2)) > 500;
SELECT wanzami.refuse(400, 'One or more profileIds do not belong to the user')
FROM jsonb_array_elements(wanzami.events_of($2)) e(event)
WHERE wanzami.event_id(e.event -> 'profileId') IS NOT NULL AND NOT EXISTS (
	SELECT FROM "Profile" p WHERE p."id" = wanzami.event_id(e.event -> 'profileId') AND p."userId" = ($1 ->> 'userId')::bigint);
SELECT wanzami.refuse(400, 'Invalid ' || i.field) FROM (
	SELECT f.name AS field FROM jsonb_array_elements(wanzami.events_of($2)) WITH ORDINALITY e(event, n),
		unnest(ARRAY['profileId', 'titleId', 'episodeId', 'sessionId']) WITH ORDINALITY f(name, n)
	WHERE e.event ? f.name AND wanzami.event_id(e.event -> f.name) IS NULL
	ORDER BY e.n, f.n LIMIT 1) i;
WITH event AS (
	SELECT e.n, e.event, wanzami.event_id(e.event -> 'titleId') AS title, wanzami.event_id(e.event -> 'episodeId') AS episode,
		wanzami.event_id(e.event -> 'sessionId') AS session
	FROM jsonb_array_elements(wanzami.events_of($2)) WITH ORDINALITY e(event, n)
), known AS (
	SELECT v.*, (SELECT t."id" FROM "Title" t WHERE t."id" = v.title FOR KEY SHARE) AS known_title,
		(SELECT p."id" FROM "Episode" p WHERE p."id" = v.episode FOR KEY SHARE) AS known_episode,
		(SELECT s."id" FROM "Session" s WHERE s."id" = v.session AND s."userId" = ($1 ->> 'userId')::bigint FOR KEY SHARE) AS known_session
	FROM event v
), stored AS (
	INSERT INTO "EngagementEvent" ("profileId", "titleId", "episodeId", "sessionId", "eventType", "occurredAt", "country", "deviceId",
		"metadata", "createdAt")
	SELECT wanzami.event_id(k.event -> 'profileId'), k.known_title, k.known_episode, k.known_session, (k.event ->> 'eventType')::"EventType",
		least(coalesce(wanzami.event_time(k.event ->> 'occurredAt'), wanzami.now()), wanzami.now() + interval '5 minutes'),
		coalesce(upper(k.event ->> 'country'), $1 ->> 'country'), coalesce(k.event ->> 'deviceId', $1 ->> 'deviceId'),
		nullif(coalesce(k.event -> 'metadata', '{}') || jsonb_strip_nulls(jsonb_build_object(
			'experiment', $1 -> 'experiment', 'variant', $1 -> 'variant',
			'unresolvedTitleId', CASE WHEN k.known_title IS NULL THEN k.title::text END,
			'unresolvedEpisodeId', CASE WHEN k.known_episode IS NULL THEN k.episode::text END,
			'unresolvedSessionId', CASE WHEN k.known_session IS NULL THEN k.session::text END)),
			CASE WHEN k.event ? 'metadata' THEN NULL ELSE '{}'::jsonb END), wanzami.now()
	FROM known k ORDER BY k.n
	RETURNING 1
)
SELECT 201 AS status, json_build_object('count', count(*))::text AS body FROM stored
