-- Takes jobs from workers that died: jobs with an expired lease, and jobs of "owner", which reports that it has just restarted.
-- "ended" completes the sentence "The transcode worker …" for its jobs; an attempt with "excused" does not count (transcode_fail()).
-- After a restart of the database, every worker has one lease duration to come back. Returns the jobs with their new state.
CREATE OR REPLACE FUNCTION wanzami.transcode_sweep(owner text, lease_ms bigint, pause_ms bigint, ended text, excused boolean)
RETURNS SETOF wanzami.transcode_job LANGUAGE plpgsql AS $$
DECLARE
	j wanzami.transcode_job;
	lease interval := lease_ms * interval '1 ms';
	mine boolean;
	last boolean;
BEGIN
	FOR j IN
		SELECT * FROM wanzami.transcode_job WHERE state = 'running'
		AND (lease_owner = owner OR (lease_until < now() AND pg_postmaster_start_time() + lease < now()))
		FOR UPDATE SKIP LOCKED
	LOOP
		mine := j.lease_owner = owner;
		last := j.attempts >= j.max_attempts;
		PERFORM wanzami.transcode_fail(j.upload_job_id, j.fence, CASE WHEN mine
			THEN 'The transcode worker ' || coalesce(nullif(ended, ''), 'crashed or ran out of memory') || ' while it processed this film'
			ELSE 'The task or host that processed this film was lost' END
			|| format(' (attempt %s of %s).', j.attempts, j.max_attempts)
			|| CASE WHEN mine AND excused THEN ' The film may be sound: give the transcode worker more memory.'
				WHEN last THEN ' If other films succeed, export this film again and upload it.' ELSE '' END,
			true, pause_ms, '[]', mine AND excused);
		SELECT * INTO j FROM wanzami.transcode_job WHERE upload_job_id = j.upload_job_id;
		RETURN NEXT j;
	END LOOP;
END $$;
