-- GET /metrics and CloudWatch: returns the numbers of the queues and, as text in Prometheus format, the outcomes of the cron
-- jobs in the last 24 hours and the last run of each.
SELECT
	(SELECT count(*) FROM wanzami.transcode_job WHERE state = 'queued') AS queue_depth,
	(SELECT coalesce(greatest(0, extract(epoch FROM now() - min(greatest(created_at, run_after))))::bigint, 0)
		FROM wanzami.transcode_job WHERE state = 'queued') AS queue_oldest,
	(SELECT count(*) FROM wanzami.transcode_job WHERE state = 'running') AS queue_running,
	(SELECT coalesce(min((progress ->> 'percent')::numeric), 0) FROM wanzami.transcode_job WHERE state = 'running') AS queue_percent,
	-- Mails that wait for their next try count as waiting, later batches of campaigns as planned; mails that a person has to look at do not count.
	m.waiting AS mail_waiting, m.planned AS mail_planned, m.oldest AS mail_oldest, r.failures AS mail_failures, r.sent AS mail_sent, r.given_up AS mail_given_up,
	(SELECT string_agg(format(E'wanzami_scheduled_jobs{job="%s",outcome="%s"} %s\n', name, outcome, n), '' ORDER BY name, outcome) FROM (
		SELECT name, coalesce(outcome, 'running') AS outcome, count(*) AS n FROM wanzami.job_run
		WHERE started_at > now() - interval '1 day' GROUP BY 1, 2) j) AS jobs,
	(SELECT string_agg(format(E'wanzami_scheduled_job_last_seconds{job="%s"} %s\n', name, seconds), '' ORDER BY name) FROM (
		SELECT DISTINCT ON (name) name, round(extract(epoch FROM finished_at - started_at), 3) AS seconds FROM wanzami.job_run
		WHERE finished_at IS NOT NULL ORDER BY name, started_at DESC) j) AS job_seconds,
	(SELECT string_agg(format(E'wanzami_scheduled_job_last_ok_timestamp_seconds{job="%s"} %s\n', name, at), '' ORDER BY name) FROM (
		SELECT name, extract(epoch FROM max(finished_at))::bigint AS at FROM wanzami.job_run WHERE outcome = 'ok' GROUP BY name) j) AS job_ok
FROM wanzami.mail_relay r, (
	SELECT count(*) FILTER (WHERE late) AS waiting, count(*) FILTER (WHERE NOT late) AS planned,
		coalesce(greatest(0, extract(epoch FROM now() - min(created_at) FILTER (WHERE late))), 0)::bigint AS oldest
	FROM (SELECT created_at, attempts > 0 OR next_attempt_at <= now() AS late FROM wanzami.mail_outbox
		WHERE sent_at IS NULL AND failed_at IS NULL AND next_attempt_at < 'infinity') w) m
