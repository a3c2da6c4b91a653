-- GET /api/admin/events/summary (docs/compatibility.md#event-summary): returns 200 with the number of events by type in the
-- last hours and the 50 newest.
-- $1: query.hours.
WITH asked AS MATERIALIZED (
	SELECT wanzami.now() - ($1 #>> '{query,hours}')::double precision * interval '1 hour' AS since
)
SELECT 200 AS status, json_build_object('since', wanzami.iso(a.since),
	'counts', (SELECT coalesce(json_agg(json_build_object('eventType', c."eventType", 'count', c.n)), '[]') FROM (
		SELECT e.type AS "eventType", sum(e.n) AS n FROM wanzami.event_counts(a.since) e GROUP BY e.type HAVING sum(e.n) > 0 ORDER BY e.type) c),
	'recent', (SELECT coalesce(json_agg(r.item ORDER BY r."occurredAt" DESC, r."id" DESC), '[]') FROM (
		SELECT e."occurredAt", e."id", (left(json_build_object('id', e."id"::text, 'eventType', e."eventType", 'occurredAt', wanzami.iso(e."occurredAt"),
				'profileId', p."id"::text, 'profileName', p."name", 'titleId', t."id"::text, 'titleName', t."name",
				'country', e."country")::text, -1) ||
			-- The key is absent if the event has no completion.
			coalesce(', "completionPercent" : ' || CASE WHEN jsonb_typeof(e."metadata" -> 'completionPercent') = 'number' THEN e."metadata" ->> 'completionPercent'
				WHEN jsonb_typeof(e."metadata" -> 'completion') = 'number' THEN e."metadata" ->> 'completion' END, '') || ', ' ||
			substr(json_build_object('deviceId', e."deviceId",
				'metadata', CASE WHEN jsonb_typeof(e."metadata") IN ('object', 'array') THEN e."metadata" ELSE '{}' END)::text, 2))::json AS item
		FROM (SELECT * FROM "EngagementEvent" x WHERE x."occurredAt" >= a.since ORDER BY x."occurredAt" DESC, x."id" DESC LIMIT 50) e
		LEFT JOIN "Profile" p ON p."id" = e."profileId" LEFT JOIN "Title" t ON t."id" = e."titleId") r))::text AS body
FROM asked a
