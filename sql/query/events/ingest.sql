-- POST /api/events (docs/compatibility.md#event-ingest). Batch. Stores the events of many requests, for each request all or
-- none. A title, episode or session that does not exist is kept by its id in the metadata. Returns status and body of each
-- request, in their order. Events of players are beats of playback sessions (docs/compatibility.md#playback-sessions).
-- $1: array of the contexts: userId, deviceId, session, issued, country, experiment, variant.
-- $2: array of the bodies.
WITH request AS MATERIALIZED (
	SELECT r.n, r.about, (r.about ->> 'userId')::bigint AS caller, wanzami.events_of(r.body) AS events
	FROM ROWS FROM (jsonb_array_elements($1), jsonb_array_elements($2)) WITH ORDINALITY r(about, body, n)
), event AS MATERIALIZED (
	SELECT r.n, r.about, r.caller, e.m, e.event, wanzami.event_ok(e.event) AS ok, wanzami.event_id(e.event -> 'profileId') AS profile,
		wanzami.event_id(e.event -> 'titleId') AS title, wanzami.event_id(e.event -> 'episodeId') AS episode,
		wanzami.event_id(e.event -> 'sessionId') AS session
	FROM request r, jsonb_array_elements(r.events) WITH ORDINALITY e(event, m)
	WHERE jsonb_array_length(r.events) <= 500
), checked AS MATERIALIZED (
	SELECT e.n, bool_and(e.ok) AS ok,
		bool_or(e.profile IS NOT NULL AND NOT EXISTS (SELECT FROM "Profile" p WHERE p."id" = e.profile AND p."userId" = e.caller)) AS foreign,
		(array_agg(wanzami.event_bad_id(e.event) ORDER BY e.m) FILTER (WHERE wanzami.event_bad_id(e.event) IS NOT NULL))[1] AS bad_id,
		bool_or(pg_column_size(e.event -> 'metadata') > 16384) AS large
	FROM event e GROUP BY e.n
), verdict AS MATERIALIZED (
	SELECT r.n, r.events, k.known, CASE WHEN NOT k.known THEN 'Invalid or expired token'
		WHEN jsonb_array_length(r.events) > 500 THEN 'Too many events, at most 500 at once'
		WHEN NOT c.ok THEN 'Invalid event payload'
		WHEN c.n IS NULL THEN 'No events provided'
		WHEN c.foreign THEN 'One or more profileIds do not belong to the user'
		WHEN c.bad_id IS NOT NULL THEN 'Invalid ' || c.bad_id
		WHEN c.large THEN 'Event metadata too large, at most 16 KiB' END AS refusal
	FROM request r LEFT JOIN checked c ON c.n = r.n, LATERAL (
		-- The same check as sql/query/guard.sql for other routes.
		SELECT EXISTS (SELECT FROM "User" u WHERE u."id" = r.caller)
			AND wanzami.session_stands(r.caller, r.about ->> 'deviceId', r.about ->> 'session', (r.about ->> 'issued')::bigint) AS known) k
), found AS (
	SELECT e.*, (SELECT t."id" FROM "Title" t WHERE t."id" = e.title) AS known_title,
		(SELECT p."id" FROM "Episode" p WHERE p."id" = e.episode) AS known_episode,
		(SELECT s."id" FROM "Session" s WHERE s."id" = e.session AND s."userId" = e.caller) AS known_session
	FROM event e WHERE e.n IN (SELECT v.n FROM verdict v WHERE v.refusal IS NULL)
), stored AS (
	INSERT INTO "EngagementEvent" ("profileId", "titleId", "episodeId", "sessionId", "eventType", "occurredAt", "country", "deviceId",
		"metadata", "createdAt")
	SELECT f.profile, f.known_title, f.known_episode, f.known_session, (f.event ->> 'eventType')::"EventType",
		least(coalesce(wanzami.event_time(f.event ->> 'occurredAt'), wanzami.now()), wanzami.now() + interval '5 minutes'),
		coalesce(upper(f.event ->> 'country'), f.about ->> 'country'), coalesce(f.event ->> 'deviceId', f.about ->> 'deviceId'),
		nullif(coalesce(f.event -> 'metadata', '{}') || jsonb_strip_nulls(jsonb_build_object(
			'experiment', f.about -> 'experiment', 'variant', f.about -> 'variant',
			'unresolvedTitleId', CASE WHEN f.known_title IS NULL THEN f.title::text END,
			'unresolvedEpisodeId', CASE WHEN f.known_episode IS NULL THEN f.episode::text END,
			'unresolvedSessionId', CASE WHEN f.known_session IS NULL THEN f.session::text END)),
			CASE WHEN f.event ? 'metadata' THEN NULL ELSE '{}'::jsonb END), wanzami.now()
	FROM found f ORDER BY f.n, f.m
), playing AS MATERIALIZED (
	-- The newest sign of each film that a user plays on a device.
	SELECT DISTINCT ON (d.session) d.session, f.caller, f.profile, f.known_title, f.known_episode, d.device,
		f.event #>> '{metadata,reason}' IN ('ended', 'unmount') AS ended
	FROM found f, LATERAL (SELECT wanzami.playback_device(coalesce(f.event ->> 'deviceId', f.about ->> 'deviceId')) AS device) v,
	LATERAL (SELECT v.device, md5(concat_ws(' ', 'event', f.caller, f.known_title, 'e', f.known_episode, 'd', v.device))::uuid AS session) d
	WHERE (f.event ->> 'eventType' = 'PLAY_START'
		OR f.event ->> 'eventType' = 'PLAY_END' AND f.event #>> '{metadata,reason}' IN ('progress', 'seek', 'ended', 'unmount'))
	AND (f.known_title IS NOT NULL OR f.known_episode IS NOT NULL)
	AND coalesce(wanzami.event_time(f.event ->> 'occurredAt'), wanzami.now()) > wanzami.playback_since()
	ORDER BY d.session, f.n DESC, f.m DESC
), beat AS (
	-- In the order of the key, so that batches do not wait for each other in a circle. An end is a beat that does not count any more.
	INSERT INTO wanzami.playback_session AS s (session, user_id, profile_id, title_id, episode_id, device, by_event, started, seen)
	SELECT p.session, p.caller, p.profile, p.known_title, p.known_episode, p.device, true, wanzami.now(),
		CASE WHEN p.ended THEN wanzami.playback_since() ELSE wanzami.now() END
	FROM playing p ORDER BY p.session
	ON CONFLICT (session) DO UPDATE SET profile_id = excluded.profile_id, seen = excluded.seen,
		started = CASE WHEN s.seen > wanzami.playback_since() THEN s.started ELSE excluded.started END
	WHERE s.seen < wanzami.now() - interval '5 seconds' OR excluded.seen < wanzami.now()
)
SELECT CASE WHEN v.refusal IS NULL THEN 201 WHEN v.known THEN 400 ELSE 401 END AS status,
	CASE WHEN v.refusal IS NULL THEN json_build_object('count', jsonb_array_length(v.events))
		WHEN v.refusal = 'Invalid event payload' THEN json_build_object('message', v.refusal, 'issues', wanzami.events_issues(v.events))
		ELSE json_build_object('message', v.refusal) END::text AS body
FROM verdict v ORDER BY v.n
