-- Each process, once a minute: stores what it has done in that minute, and its start. A row that is there already changes nothing, so that
-- the statement can be repeated. Deletes old rows, at most some hundred at a time; those that others delete are skipped. Rows of traffic
-- are changed in the order of their key, so that processes do not block each other.
-- $1: the figures (src/http/minutes.c).
-- $2: seconds since they were made.
-- $3: true if the start of the process has to be stored.
WITH given AS MATERIALIZED (
	SELECT x.*, $2::double precision < 60 AS prompt, date_trunc('minute', now() - $2::double precision * interval '1 second') AS at
	FROM jsonb_to_record($1::jsonb) x (process text, instance text, role text, version text, started double precision, traffic jsonb, film_ms bigint,
		busy_ms bigint, memory bigint, connections int, in_flight int)
), queue AS (
	SELECT count(*) AS depth, greatest(0, extract(epoch FROM now() - min(greatest(created_at, run_after)))) AS oldest
	FROM wanzami.transcode_job WHERE state = 'queued'
), added AS (
	INSERT INTO wanzami.minute SELECT g.at, g.process, g.instance, g.role, g.version, to_timestamp(g.started), (g.traffic #>> '{0,1,0}')::int, g.film_ms, g.busy_ms,
		g.memory, g.connections, g.in_flight, CASE WHEN g.prompt THEN q.depth END, CASE WHEN g.prompt THEN q.oldest END
	FROM given g, queue q
	ON CONFLICT DO NOTHING RETURNING at
), summed AS (
	INSERT INTO wanzami.traffic AS t
	SELECT step, date_bin(step * interval '1 second', a.at, 'epoch'), e ->> 0, ARRAY(SELECT v::bigint FROM jsonb_array_elements_text(e -> 1) v)
	FROM added a, given g, jsonb_array_elements(g.traffic) e, unnest('{60,600}'::int[]) step
	ORDER BY 1, 2, 3
	ON CONFLICT (step, at, what) DO UPDATE SET n = ARRAY(SELECT a + b FROM unnest(t.n, excluded.n) u (a, b))
), old AS (
	DELETE FROM wanzami.minute WHERE (at, process) IN (SELECT at, process FROM wanzami.minute WHERE at < now() - interval '1445 minutes'
		ORDER BY at LIMIT 100 FOR UPDATE SKIP LOCKED)
), passed AS (
	DELETE FROM wanzami.traffic WHERE (step, at, what) IN (SELECT step, at, what FROM wanzami.traffic WHERE step = 60 AND at < now() - interval '65 minutes'
		ORDER BY at LIMIT 300 FOR UPDATE SKIP LOCKED)
), gone AS (
	DELETE FROM wanzami.traffic WHERE (step, at, what) IN (SELECT step, at, what FROM wanzami.traffic WHERE step = 600 AND at < now() - interval '1455 minutes'
		ORDER BY at LIMIT 300 FOR UPDATE SKIP LOCKED)
), start AS (
	INSERT INTO wanzami.process_start SELECT to_timestamp(started), process, role, version FROM given WHERE $3::boolean ON CONFLICT DO NOTHING
)
DELETE FROM wanzami.process_start WHERE $3::boolean AND started_at < (SELECT started_at FROM wanzami.process_start ORDER BY started_at DESC OFFSET 199 LIMIT 1)
