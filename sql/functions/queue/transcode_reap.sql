-- Takes jobs from workers that died: jobs with an expired lease, and jobs of "owner", which reports that it has just restarted.
-- After a restart of the database, every worker has one lease duration to come back. Returns the number of jobs.
CREATE OR REPLACE FUNCTION wanzami.transcode_reap(owner text, lease_ms bigint, pause_ms bigint) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
	j wanzami.transcode_job;
	lease interval := lease_ms * interval '1 ms';
	reaped bigint := 0;
BEGIN
	FOR j IN
		SELECT * FROM wanzami.transcode_job WHERE state = 'running'
		AND (lease_owner = owner OR (lease_until < now() AND pg_postmaster_start_time() + lease < now()))
		FOR UPDATE SKIP LOCKED
	LOOP
		PERFORM wanzami.transcode_fail(j.upload_job_id, j.fence, CASE WHEN j.lease_owner = owner
			THEN 'The transcode worker crashed or ran out of memory while it processed this film'
			ELSE 'The task or host that processed this film was lost' END
			|| format(' (attempt %s of %s).', j.attempts, j.max_attempts)
			|| CASE WHEN j.attempts >= j.max_attempts THEN ' If other films succeed, export this film again and upload it.' ELSE '' END,
			true, pause_ms);
		reaped := reaped + 1;
	END LOOP;
	RETURN reaped;
END $$;
