-- GET /api/admin/operations (docs/compatibility.md#operations): returns 200 with the last hour in minutes, or the last day in steps of ten
-- minutes, of all processes together. Percentiles come from the sums of the buckets. A step in which no process stored anything is null.
-- $1: query.hours.
WITH span AS MATERIALIZED (
	-- The rows of a minute are there 25 s after it has begun (src/http/minutes.c), so the hour ends with the last full minute before that.
	SELECT step, steps, upto, date_bin(step * interval '1 second', upto - interval '1 second', 'epoch') - (steps - 1) * step * interval '1 second' AS since
	FROM (SELECT CASE h WHEN 1 THEN 60 ELSE 600 END AS step, CASE h WHEN 1 THEN 60 ELSE 144 END AS steps,
		date_trunc('minute', now() - interval '25 seconds') + interval '1 minute' AS upto FROM (SELECT ($1 #>> '{query,hours}')::int AS h) asked) s
), bins AS MATERIALIZED (
	-- seconds: those of the step that have passed.
	SELECT at, least(step, extract(epoch FROM upto - at)) AS seconds FROM span, generate_series(since, upto - interval '1 second', step * interval '1 second') at
), seen AS MATERIALIZED (
	SELECT t.at, t.what, t.n FROM span s, wanzami.traffic t WHERE t.step = s.step AND t.at >= s.since AND t.at < s.upto
), ranked AS MATERIALIZED (
	SELECT what, row_number() OVER (ORDER BY sum(n[1]) DESC, what) AS place FROM seen WHERE what NOT LIKE '=%' AND what <> 'other routes' GROUP BY 1
), chosen AS MATERIALIZED (
	SELECT what, place, what AS name FROM ranked WHERE place <= 12
	UNION ALL SELECT what, 13, 'other routes' FROM ranked WHERE place > 12
	UNION ALL SELECT 'other routes', 13, 'other routes'
	UNION ALL SELECT '=all', 0, ''
), numbers AS MATERIALIZED (
	-- A row for each line and step, and one for the whole of each line: at is NULL.
	SELECT place, min(name) AS name, at, ARRAY[sum(n[1]), sum(n[2]), sum(n[3]), sum(n[4]), sum(n[5]), sum(n[6]), sum(n[7]), sum(n[8]), sum(n[9]), sum(n[10]), sum(n[11]),
		sum(n[12]), sum(n[13]), sum(n[14]), sum(n[15])]::bigint[] AS n
	FROM seen JOIN chosen USING (what) GROUP BY GROUPING SETS ((place, at), (place))
), lines AS MATERIALIZED (
	SELECT l.place, json_build_object(
		'requests', json_agg(CASE WHEN a.at IS NOT NULL THEN round(coalesce(x.n[1], 0) / b.seconds, 3) END ORDER BY b.at),
		'refused', json_agg(CASE WHEN a.at IS NOT NULL THEN coalesce(x.n[2], 0) END ORDER BY b.at),
		'failed', json_agg(CASE WHEN a.at IS NOT NULL THEN coalesce(x.n[3], 0) END ORDER BY b.at),
		'p50', json_agg(wanzami.percentile_request(x.n, 0.5) ORDER BY b.at),
		'p99', json_agg(wanzami.percentile_request(x.n, 0.99) ORDER BY b.at)) AS line
	FROM (SELECT DISTINCT place FROM chosen) l CROSS JOIN bins b LEFT JOIN seen a ON a.what = '=all' AND a.at = b.at
	LEFT JOIN numbers x ON x.place = l.place AND x.at = b.at GROUP BY 1
), servers AS MATERIALIZED (
	SELECT w.what, json_build_object('p50', json_agg(wanzami.percentile_call(x.n, 0.5) ORDER BY b.at), 'p99', json_agg(wanzami.percentile_call(x.n, 0.99) ORDER BY b.at)) AS line
	FROM unnest('{=database,=valkey,=store}'::text[]) w (what) CROSS JOIN bins b LEFT JOIN seen x ON x.what = w.what AND x.at = b.at GROUP BY 1
), gauges AS MATERIALIZED (
	SELECT at, sum(memory)::bigint AS memory, sum(film) AS film, sum(busy) AS busy, max(depth) AS depth, round(max(oldest)) AS oldest FROM (
		SELECT date_bin(step * interval '1 second', m.at, 'epoch') AS at, avg(memory) AS memory, sum(film_ms) AS film, sum(busy_ms) AS busy,
			max(queue_depth) AS depth, max(queue_oldest)::numeric AS oldest
		FROM span s, wanzami.minute m WHERE m.at >= s.since AND m.at < s.upto GROUP BY 1, process) p GROUP BY 1
), newest AS MATERIALIZED (
	SELECT DISTINCT ON (process) * FROM wanzami.minute WHERE at > now() - interval '3 minutes' ORDER BY process, at DESC
)
SELECT 200 AS status, json_build_object(
	'step', step, 'since', wanzami.iso(since AT TIME ZONE 'UTC'),
	'all', (SELECT line FROM lines WHERE place = 0),
	'routes', (SELECT coalesce(json_agg(json_build_object('route', x.name, 'requests', x.n[1], 'refused', x.n[2], 'failed', x.n[3],
		'p50', wanzami.percentile_request(x.n, 0.5), 'p99', wanzami.percentile_request(x.n, 0.99), 'line', l.line) ORDER BY x.place), '[]')
		FROM numbers x JOIN lines l USING (place) WHERE x.at IS NULL AND x.place > 0),
	'servers', (SELECT json_object_agg(substr(what, 2), line) FROM servers),
	'transcoding', (SELECT json_build_object('depth', json_agg(depth ORDER BY b.at), 'oldest', json_agg(oldest ORDER BY b.at),
		'speed', json_agg(CASE WHEN busy > 0 THEN round(film / busy, 2) END ORDER BY b.at)) FROM bins b LEFT JOIN gauges USING (at)),
	'memory', (SELECT json_agg(memory ORDER BY b.at) FROM bins b LEFT JOIN gauges USING (at)),
	'processes', (SELECT coalesce(json_agg(p), '[]') FROM (
		SELECT split_part(m.process, '#', 1) AS process, m.role, m.version, wanzami.iso(m.started_at AT TIME ZONE 'UTC') AS "startedAt", round(m.requests / 60.0, 3) AS requests,
			m.in_flight AS "inFlight", m.connections, m.memory, j.upload_job_id::text AS upload, (j.progress ->> 'percent')::numeric AS percent,
			(SELECT left(coalesce(t."name", u."payload" ->> 'fileName'), 300) FROM "UploadJob" u LEFT JOIN "Title" t ON t."id" = u."titleId" WHERE u."id" = j.upload_job_id) AS film
		FROM newest m LEFT JOIN wanzami.transcode_job j ON j.state = 'running' AND j.lease_owner = m.instance ORDER BY m.role, m.process LIMIT 100) p),
	'cron', (SELECT coalesce(json_agg(c), '[]') FROM (
		SELECT DISTINCT ON (name) name, coalesce(outcome, 'running') AS outcome, wanzami.iso(started_at AT TIME ZONE 'UTC') AS "startedAt",
			round(extract(epoch FROM finished_at - started_at), 3) AS seconds, left(detail ->> 'error', 300) AS error, owner AS process
		FROM wanzami.job_run ORDER BY name, started_at DESC) c),
	-- Starts of the same version and role that follow each other are one deployment.
	'deployments', (SELECT coalesce(json_agg(json_build_object('version', version, 'role', role, 'startedAt', wanzami.iso(first AT TIME ZONE 'UTC'), 'starts', starts)
		ORDER BY first DESC, role), '[]')
		FROM (SELECT version, role, min(started_at) AS first, count(*) AS starts FROM (
			SELECT *, row_number() OVER (PARTITION BY role ORDER BY started_at, process) - row_number() OVER (PARTITION BY role, version ORDER BY started_at, process) AS run
			FROM wanzami.process_start) r GROUP BY role, version, run ORDER BY first DESC, role LIMIT 20) d)
	)::text AS body
FROM span, (SELECT $2) request
