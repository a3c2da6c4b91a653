-- Cron job event-cleanup, step 4: adds the counts of past hours to shard 0, in the order in which triggers lock them. Returns nothing.
WITH past AS MATERIALIZED (
	SELECT h.hour, h.type, h.shard FROM wanzami.event_hour h WHERE h.shard > 0 AND h.hour < date_trunc('hour', wanzami.now())
	ORDER BY h.hour, h.type, h.shard FOR UPDATE
), gone AS (
	DELETE FROM wanzami.event_hour h USING past p WHERE h.hour = p.hour AND h.type = p.type AND h.shard = p.shard RETURNING h.hour, h.type, h.n
)
INSERT INTO wanzami.event_hour AS h (hour, type, shard, n) SELECT g.hour, g.type, 0, sum(g.n) FROM gone g GROUP BY 1, 2 ORDER BY 1, 2
ON CONFLICT (hour, type, shard) DO UPDATE SET n = h.n + excluded.n
