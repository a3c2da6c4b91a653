-- Returns what the service is doing, as lines for people. `wanzami status` and the console's operations page show them. Processes are
-- found by their connections: application_name holds the role and the version ("wanzami api 0.1.0").
CREATE OR REPLACE FUNCTION wanzami.status() RETURNS TABLE (section text, name text, value text) LANGUAGE sql STABLE AS $$
	SELECT 'Processes', coalesce(host(client_addr), 'this machine') || ' ' || substr(application_name, 9), count(*) || ' connections'
		|| CASE WHEN count(*) FILTER (WHERE state = 'active') > 0 THEN ', ' || count(*) FILTER (WHERE state = 'active') || ' busy' ELSE '' END
	FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'wanzami %' AND pid <> pg_backend_pid()
	GROUP BY 2
	UNION ALL
	SELECT * FROM (VALUES
		('Database', 'PostgreSQL', current_setting('server_version') || ', up since ' || to_char(pg_postmaster_start_time(), 'YYYY-MM-DD HH24:MI:SSOF')),
		('Database', 'schema', (SELECT max(m.name) FROM wanzami.migration m WHERE m.sha256 IS NOT NULL)),
		('Database', 'size', pg_size_pretty(pg_database_size(current_database()))),
		('Database', 'connections', (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend') || ' of ' || current_setting('max_connections')))
		database (section, name, value)
	UNION ALL
	SELECT 'Transcoding', w.state, n || CASE WHEN w.state = 'queued' AND oldest IS NOT NULL THEN ', the oldest since ' || oldest ELSE '' END
	FROM (SELECT s.state, count(j.*) AS n, date_trunc('second', now() - min(greatest(j.created_at, j.run_after)))::text AS oldest
		FROM unnest('{queued,running}'::text[]) s (state) LEFT JOIN wanzami.transcode_job j USING (state) GROUP BY 1) w
	UNION ALL
	SELECT 'Transcoding', 'failed in the last day', count(*)::text FROM wanzami.transcode_job WHERE state = 'failed' AND updated_at > now() - interval '1 day'
	UNION ALL
	SELECT 'Transcoding', 'upload ' || upload_job_id, coalesce(progress ->> 'percent', '0') || ' %, attempt ' || attempts || ' of ' || max_attempts
		|| ', by ' || lease_owner || ', lease until ' || to_char(lease_until, 'HH24:MI:SSOF')
	FROM wanzami.transcode_job WHERE state = 'running'
	UNION ALL
	SELECT 'Transcoding', 'upload ' || upload_job_id, 'waits until ' || to_char(run_after, 'HH24:MI:SSOF') || ' after attempt ' || attempts || ' of ' || max_attempts
		|| ': ' || error
	FROM wanzami.transcode_job WHERE state = 'queued' AND attempts > 0 AND error IS NOT NULL
	UNION ALL
	SELECT 'Mail', 'waiting', count(*) || coalesce(', the oldest since ' || date_trunc('second', now() - min(created_at)), '')
	FROM wanzami.mail_outbox WHERE sent_at IS NULL AND failed_at IS NULL AND next_attempt_at < 'infinity'
	UNION ALL
	SELECT 'Mail', 'paused', 'since ' || to_char(since, 'YYYY-MM-DD HH24:MI:SSOF') || ', ' || failures || ' failures, next try at '
		|| to_char(paused_until, 'HH24:MI:SSOF') || ': ' || error
	FROM wanzami.mail_relay WHERE failures > 0
	UNION ALL
	SELECT 'Mail', 'held by wanzami restored', count(*) || ', see docs/mail.md' FROM wanzami.mail_outbox
	WHERE sent_at IS NULL AND failed_at IS NULL AND next_attempt_at = 'infinity' HAVING count(*) > 0
	UNION ALL
	SELECT 'Mail', 'given up in the last day', count(*)::text FROM wanzami.mail_outbox WHERE failed_at > now() - interval '1 day'
	UNION ALL
	SELECT 'Leases', l.name, CASE WHEN l.owner = '' THEN 'not held yet'
		ELSE l.owner || CASE WHEN expires_at > now() THEN ', until ' ELSE ', ran out ' END || to_char(expires_at, 'YYYY-MM-DD HH24:MI:SSOF') END
	FROM wanzami.lease l
	UNION ALL
	SELECT 'Jobs', j.name, coalesce(j.outcome, 'running') || ', ' || to_char(j.started_at, 'YYYY-MM-DD HH24:MI:SSOF')
		|| coalesce(', took ' || date_trunc('second', j.finished_at - j.started_at), '') || coalesce(': ' || (j.detail ->> 'error'), '')
	FROM (SELECT DISTINCT ON (r.name) r.* FROM wanzami.job_run r ORDER BY r.name, r.started_at DESC) j
	UNION ALL
	SELECT 'Payments', p."paystackRef", CASE r.state WHEN 'due' THEN 'paid twice, will be refunded' || coalesce(': ' || r.last_error, '')
		ELSE 'refund it in the dashboard of ' || p."gateway" || ': ' || r.last_error END
	FROM wanzami.ppv_refund r JOIN "PpvPurchase" p ON p."id" = r.purchase_id WHERE r.state IN ('due', 'refused')
	UNION ALL
	SELECT 'Payments', u.reference, CASE u.state WHEN 'due' THEN 'has no purchase, will be verified with ' || u.gateway
		ELSE 'has no purchase (' || u.gateway || '): ' || u.last_error END
	FROM wanzami.ppv_unknown u
	UNION ALL
	SELECT 'Payments', p."paystackRef", 'is paid here, but ' || p."gateway" || ' ' || u.last_error
	FROM wanzami.ppv_unlisted u JOIN "PpvPurchase" p ON p."id" = u.purchase_id WHERE u.last_error IS NOT NULL AND p."status" = 'SUCCESS'
	UNION ALL
	SELECT 'Store', 'objects to be removed', count(*)::text FROM wanzami.object_trash WHERE delete_after <= now()
$$;
