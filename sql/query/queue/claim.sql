-- Transcode worker: claims the transcode job that has waited longest and increments its fencing token, which every later
-- write names. Returns no row if none is due.
-- $1: process.
-- $2: lease in milliseconds.
UPDATE wanzami.transcode_job j
SET state = 'running', attempts = attempts + 1, fence = fence + 1, lease_owner = $1, lease_until = now() + $2::bigint * interval '1 ms',
	progress = '{}', updated_at = now()
FROM (SELECT upload_job_id FROM wanzami.transcode_job WHERE state = 'queued' AND run_after <= now()
	ORDER BY number LIMIT 1 FOR UPDATE SKIP LOCKED) due
WHERE j.upload_job_id = due.upload_job_id
RETURNING j.upload_job_id, j.fence, j.attempts, j.source_key, array_to_string(j.renditions, ',') AS renditions
