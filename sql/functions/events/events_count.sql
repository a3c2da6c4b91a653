-- Trigger function: adds the inserted events to the counts of wanzami.event_hour. In the order of the key, so that transactions that
-- change the same rows do not wait for each other in a circle.
CREATE OR REPLACE FUNCTION wanzami.events_count() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	INSERT INTO wanzami.event_hour AS h (hour, type, shard, n)
	SELECT date_trunc('hour', a."occurredAt"), a."eventType", 1 + pg_backend_pid() % 16, count(*) FROM added a GROUP BY 1, 2 ORDER BY 1, 2
	ON CONFLICT (hour, type, shard) DO UPDATE SET n = h.n + excluded.n;
	RETURN NULL;
END $$;
