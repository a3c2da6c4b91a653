-- Trigger function: counts changed events by their new time and type in wanzami.event_hour, except those that were not counted yet.
CREATE OR REPLACE FUNCTION wanzami.events_recount() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE uncounted bigint;
BEGIN
	SELECT u.upto INTO uncounted FROM wanzami.event_uncounted u FOR SHARE;
	INSERT INTO wanzami.event_hour AS h (hour, type, shard, n)
	SELECT date_trunc('hour', c."occurredAt"), c."eventType", 1 + pg_backend_pid() % 16, sum(c.n) FROM (
		SELECT a."occurredAt", a."eventType", 1 AS n FROM added a WHERE a."id" > uncounted
		UNION ALL
		SELECT g."occurredAt", g."eventType", -1 FROM gone g WHERE g."id" > uncounted) c
	GROUP BY 1, 2 HAVING sum(c.n) <> 0 ORDER BY 1, 2
	ON CONFLICT (hour, type, shard) DO UPDATE SET n = h.n + excluded.n;
	RETURN NULL;
END $$;
