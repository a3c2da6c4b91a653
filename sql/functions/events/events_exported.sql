-- Returns the time before which every stored event is in an export, as far as exports that began before a time tell: -infinity without any. Only
-- those count that had to have all events (sql/query/events/export-since.sql). It is ten minutes before the start of the last one, for transactions
-- that had not ended then.
CREATE OR REPLACE FUNCTION wanzami.events_exported(before timestamp) RETURNS timestamp LANGUAGE sql STABLE AS $$
	SELECT coalesce(timezone('UTC', max(r.started_at)) - interval '10 minutes', '-infinity') FROM wanzami.job_run r
	WHERE r.name = 'event-export' AND r.outcome = 'ok' AND r.detail ? 'added' AND timezone('UTC', r.started_at) < before
$$;
