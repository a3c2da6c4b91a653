-- Ends an attempt that failed. The job is queued again after a pause that doubles with each attempt, or fails for good after
-- the last attempt or if "again" is false. An attempt with "excused" does not count, because the worker lacked memory: the job
-- gets another one in its place, at most ten times. "told" are the notes on the film. The objects that the attempt has written
-- are released to the trash. Returns the new state, NULL if the fencing token is stale. lock_timeout is below the server's
-- deadlock_timeout: the worker gives way and tries again, so that deleting a title never fails because of it.
CREATE OR REPLACE FUNCTION wanzami.transcode_fail(job_id bigint, claim bigint, why text, again boolean, pause_ms bigint, told jsonb DEFAULT '[]',
	excused boolean DEFAULT false)
RETURNS text LANGUAGE plpgsql SET lock_timeout = '500ms' AS $$
DECLARE
	now_is text;
BEGIN
	PERFORM FROM "UploadJob" WHERE "id" = job_id FOR NO KEY UPDATE;
	UPDATE wanzami.transcode_job SET max_attempts = max_attempts + 1
	WHERE excused AND again AND upload_job_id = job_id AND fence = claim AND state = 'running' AND max_attempts < 13;
	UPDATE wanzami.transcode_job SET state = CASE WHEN again AND attempts < max_attempts THEN 'queued' ELSE 'failed' END,
		lease_owner = NULL, lease_until = NULL, error = why, notes = told, updated_at = now(),
		run_after = now() + pause_ms * interval '1 ms' * 2 ^ least(greatest(attempts - 1, 0), 7)
	WHERE upload_job_id = job_id AND fence = claim AND state = 'running'
	RETURNING state INTO now_is;
	IF now_is = 'failed' THEN
		PERFORM wanzami.upload_failed(job_id, why);
	END IF;
	IF now_is IS NOT NULL THEN
		UPDATE wanzami.object_trash SET delete_after = now() WHERE upload_job_id = job_id AND fence = claim AND attempts = 0;
	END IF;
	RETURN now_is;
END $$;
