-- GET /api/admin/dashboard/summary (docs/compatibility.md#dashboard): returns 200 with the numbers of the dashboard. Days
-- begin at midnight UTC.
-- $1: query.days, query.engagementHours, query.activeMinutes.
WITH asked AS MATERIALIZED (
	SELECT wanzami.now() AS now, date_trunc('day', wanzami.now()) AS today,
		greatest(1, trunc(($1 #>> '{query,days}')::numeric))::int AS days,
		wanzami.now() - ($1 #>> '{query,engagementHours}')::double precision * interval '1 hour' AS engaged_since,
		wanzami.now() - ($1 #>> '{query,activeMinutes}')::double precision * interval '1 minute' AS active_since
), sales AS MATERIALIZED (
	SELECT date_trunc('day', "createdAt") AS day, sum("amountNaira")::bigint AS revenue, count(*) AS count,
		coalesce(sum("amountNaira") FILTER (WHERE "createdAt" >= a.now - interval '7 days'), 0)::bigint AS week
	FROM asked a, "PpvPurchase" WHERE "status" = 'SUCCESS' AND "createdAt" >= a.today - greatest(a.days, 8) * interval '1 day' GROUP BY 1
), streams AS MATERIALIZED (
	SELECT date_trunc('day', e.hour) AS day, sum(e.n) AS count
	FROM asked a, wanzami.event_counts(a.today - (a.days - 1) * interval '1 day') e WHERE e.type = 'PLAY_START' GROUP BY 1
), buckets AS MATERIALIZED (
	SELECT extract(hour FROM e.hour)::int / 4 AS bucket, sum(e.n) AS count FROM asked a, wanzami.event_counts(a.engaged_since) e GROUP BY 1
), series AS MATERIALIZED (
	SELECT a.today - i * interval '1 day' AS day, to_char(a.today - i * interval '1 day', 'Mon FMDD') AS label
	FROM asked a, generate_series(a.days - 1, 0, -1) i
)
SELECT 200 AS status, json_build_object(
	'stats', json_build_object(
		'totalUsers', (SELECT count(*) FROM "User"),
		'activeViewersNow', (SELECT count(DISTINCT coalesce('profile ' || e."profileId", 'session ' || e."sessionId",
			'device ' || nullif(e."deviceId", ''))) FROM "EngagementEvent" e WHERE e."occurredAt" >= a.active_since),
		'ppvPurchasesToday', (SELECT coalesce(sum(count), 0) FROM sales WHERE day >= a.today),
		'totalPpvRevenueNaira', (SELECT coalesce(sum("amountNaira"), 0) FROM "PpvPurchase" WHERE "status" = 'SUCCESS'),
		'streamsLast24h', (SELECT coalesce(sum(e.n), 0) FROM wanzami.event_counts(a.now - interval '24 hours') e WHERE e.type = 'PLAY_START'),
		'newUsersLast7Days', (SELECT count(*) FROM "User" u WHERE u."createdAt" >= a.now - interval '7 days'),
		'ppvRevenueLast7DaysNaira', (SELECT coalesce(sum(week), 0) FROM sales),
		'moviesAndSeriesCount', (SELECT count(*) FROM "Title")),
	'dailyStreams', (SELECT json_agg(json_build_object('date', d.label, 'streams', coalesce(s.count, 0)) ORDER BY d.day)
		FROM series d LEFT JOIN streams s ON s.day = d.day),
	'dailyRevenue', (SELECT json_agg(json_build_object('date', d.label, 'revenue', coalesce(s.revenue, 0)) ORDER BY d.day)
		FROM series d LEFT JOIN sales s ON s.day = d.day),
	'contentEngagement', (SELECT json_agg(json_build_object('hour', lpad((4 * n)::text, 2, '0') || ':00', 'views', coalesce(b.count, 0)) ORDER BY n)
		FROM generate_series(0, 5) n LEFT JOIN buckets b ON b.bucket = n))::text AS body
FROM asked a
