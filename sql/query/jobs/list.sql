-- Command wanzami job list: returns for each cron job the last slot as Unix time and the start, outcome and duration of its
-- last run.
-- $1: JSON array of the names of all cron jobs.
SELECT name.name, coalesce(floor(extract(epoch FROM l.slot))::bigint, 0) AS slot, to_char(r.started_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') AS started,
	CASE WHEN r.id IS NULL THEN 'never' WHEN r.outcome IS NOT NULL THEN r.outcome WHEN l.expires_at > now() THEN 'running' ELSE 'lost' END AS outcome,
	round(extract(epoch FROM r.finished_at - r.started_at)::numeric, 1) AS seconds
FROM jsonb_array_elements_text($1::jsonb) WITH ORDINALITY AS name (name, place)
LEFT JOIN wanzami.lease l ON l.name = name.name
LEFT JOIN LATERAL (SELECT * FROM wanzami.job_run r WHERE r.name = name.name ORDER BY id DESC LIMIT 1) r ON true
ORDER BY name.place
