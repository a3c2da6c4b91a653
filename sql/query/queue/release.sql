-- Transcode worker that stops: returns the transcode job to the queue at once; the attempt does not count. Returns no row if
-- the lease was lost.
-- $1: upload id.
-- $2: fencing token.
WITH mine AS (
	UPDATE wanzami.transcode_job SET state = 'queued', attempts = attempts - 1, lease_owner = NULL, lease_until = NULL, run_after = now(),
		progress = '{}', updated_at = now()
	WHERE upload_job_id = $1::bigint AND fence = $2::bigint AND state = 'running' RETURNING upload_job_id
), unfinished AS (
	UPDATE wanzami.object_trash t SET delete_after = now() FROM mine
	WHERE t.upload_job_id = mine.upload_job_id AND t.fence = $2::bigint AND t.attempts = 0
)
SELECT 1 FROM mine
