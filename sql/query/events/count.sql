-- Cron job event-cleanup, step 3: counts the next $1 events that were stored before there were counts, the newest first. Returns the id up to
-- which events are not counted, 0 when none is left.
-- The first command locks the table before event_uncounted, as TRUNCATE does.
-- $1: events.
SELECT FROM "EngagementEvent" LIMIT 0;
SELECT FROM wanzami.event_uncounted FOR UPDATE;
WITH slice AS MATERIALIZED (
	SELECT e."id", e."occurredAt", e."eventType" FROM wanzami.event_uncounted u, LATERAL (
		SELECT x."id", x."occurredAt", x."eventType" FROM "EngagementEvent" x WHERE u.upto > 0 AND x."id" <= u.upto ORDER BY x."id" DESC LIMIT $1::int) e
), counted AS (
	INSERT INTO wanzami.event_hour AS h (hour, type, shard, n)
	SELECT date_trunc('hour', s."occurredAt"), s."eventType", 0, count(*) FROM slice s GROUP BY 1, 2 ORDER BY 1, 2
	ON CONFLICT (hour, type, shard) DO UPDATE SET n = h.n + excluded.n
)
UPDATE wanzami.event_uncounted SET upto = coalesce((SELECT min(s."id") - 1 FROM slice s), 0) WHERE upto > 0;
SELECT coalesce(max(upto), 0) AS upto FROM wanzami.event_uncounted
