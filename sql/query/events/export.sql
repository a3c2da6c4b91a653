-- Cron job event-export, step 2 (docs/compatibility.md#event-export): returns the events since $1, and older ones that were stored
-- since $2, oldest first, with the columns of the export.
-- $1: time of the oldest event.
-- $2: time of storing, or infinity.
SELECT e."id", e."profileId", e."titleId", e."episodeId", e."sessionId", e."eventType", wanzami.iso(e."occurredAt") AS "occurredAt",
	e."country", e."deviceId", e."metadata"::text AS metadata
FROM (
	SELECT * FROM "EngagementEvent" WHERE "occurredAt" >= $1::timestamp
	UNION ALL
	SELECT * FROM "EngagementEvent" WHERE $2::timestamp < 'infinity' AND "createdAt" >= $2::timestamp AND "occurredAt" < $1::timestamp
) e
ORDER BY e."occurredAt", e."id"
