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
			THEN 'Processing this film broke the decoder ' ELSE 'The machine that processed this film was lost ' END
			|| CASE j.attempts WHEN 1 THEN 'once' WHEN 2 THEN 'twice' ELSE j.attempts || ' times' END
			|| '; the file may be damaged. Please export it anew and upload it again.', true, pause_ms);
		reaped := reaped + 1;
	END LOOP;
	RETURN reaped;
END $$;
