-- Cron job event-cleanup, step 2 (docs/database.md#events): deletes the oldest $2 of the events that are older than $1 days. If events are exported,
-- those that the last successful export may not have stay. Returns their number.
-- $1: days.
-- $2: events.
-- $3: schedule of the export, or off.
WITH before AS MATERIALIZED (
	SELECT wanzami.now() - $1::int * interval '1 day' AS occurred, CASE WHEN $3::text <> 'off' THEN wanzami.events_exported('infinity') ELSE 'infinity' END AS stored
), old AS MATERIALIZED (
	SELECT x."id" FROM before b, LATERAL (SELECT e."id" FROM "EngagementEvent" e WHERE e."occurredAt" < b.occurred AND e."createdAt" < b.stored
		ORDER BY e."occurredAt" LIMIT $2::int) x
), gone AS (
	DELETE FROM "EngagementEvent" e USING old o WHERE e."id" = o."id" RETURNING 1
)
SELECT count(*) AS events FROM gone
