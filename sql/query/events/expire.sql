-- Cron job event-cleanup, step 4 (docs/database.md#events): deletes the oldest $2 of the events that are older than $1 days. If events are exported,
-- those since the start of the last successful export stay. Returns their number.
-- $1: days.
-- $2: events.
-- $3: schedule of the export, or off.
WITH before AS MATERIALIZED (
	SELECT least(wanzami.now() - $1::int * interval '1 day', CASE WHEN $3::text <> 'off' THEN coalesce((
		SELECT timezone('UTC', max(r.started_at)) FROM wanzami.job_run r WHERE r.name = 'event-export' AND r.outcome = 'ok'), '-infinity') END) AS time
), old AS MATERIALIZED (
	SELECT e."id" FROM before b, "EngagementEvent" e WHERE e."occurredAt" < b.time ORDER BY e."occurredAt" LIMIT $2::int
), gone AS (
	DELETE FROM "EngagementEvent" e USING old o WHERE e."id" = o."id" RETURNING 1
)
SELECT count(*) AS events FROM gone
