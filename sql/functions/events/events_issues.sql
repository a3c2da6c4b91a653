-- Returns all issues of a batch of events, in the order of events and fields.
CREATE OR REPLACE FUNCTION wanzami.events_issues(events jsonb) RETURNS json LANGUAGE sql IMMUTABLE AS $$
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
