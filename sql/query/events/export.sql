-- Cron job event-export, step 2 (docs/compatibility.md#event-export): returns the events since $1, oldest first, with the
-- columns of the export.
-- $1: time of the oldest event.
SELECT e."id", e."profileId", e."titleId", e."episodeId", e."sessionId", e."eventType", wanzami.iso(e."occurredAt") AS "occurredAt",
	e."country", e."deviceId", e."metadata"::text AS metadata
FROM "EngagementEvent" e WHERE e."occurredAt" >= $1::timestamp
ORDER BY e."occurredAt", e."id"
