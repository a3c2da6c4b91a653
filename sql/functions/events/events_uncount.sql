-- Trigger function: takes the deleted events off the counts of wanzami.event_hour, except those that were not counted yet.
CREATE OR REPLACE FUNCTION wanzami.events_uncount() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE uncounted bigint;
BEGIN
	-- The lock makes a deletion and the counting of older events wait for each other.
	SELECT u.upto INTO uncounted FROM wanzami.event_uncounted u FOR SHARE;
	INSERT INTO wanzami.event_hour AS h (hour, type, shard, n)
	SELECT date_trunc('hour', g."occurredAt"), g."eventType", 1 + pg_backend_pid() % 16, -count(*) FROM gone g WHERE g."id" > uncounted
	GROUP BY 1, 2 ORDER BY 1, 2
	ON CONFLICT (hour, type, shard) DO UPDATE SET n = h.n + excluded.n;
	RETURN NULL;
END $$;
