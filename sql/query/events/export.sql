-- The events since $1, oldest first, in the order of the columns of the export (docs/compatibility.md#event-export).
SELECT e."id", e."profileId", e."titleId", e."episodeId", e."sessionId", e."eventType", wanzami.iso(e."occurredAt") AS "occurredAt",
	e."country", e."deviceId", e."metadata"::text AS metadata
FROM "EngagementEvent" e WHERE e."occurredAt" >= $1::timestamp
ORDER BY e."occurredAt", e."id"
