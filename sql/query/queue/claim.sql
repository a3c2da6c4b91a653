-- Transcode worker: claims the transcode job that has waited longest and increments its fencing token, which every later write
-- names. Returns no row if none is due. A process that claims works on no job: one that it holds was claimed by an earlier call
-- whose response was lost, and is claimed again; its attempt is counted already.
-- $1: process.
-- $2: lease in milliseconds.
UPDATE wanzami.transcode_job j
SET state = 'running', attempts = attempts + (j.state = 'queued')::int, fence = fence + 1, lease_owner = $1, lease_until = now() + $2::bigint * interval '1 ms',
	progress = '{}', updated_at = now()
FROM (SELECT upload_job_id FROM wanzami.transcode_job WHERE (state = 'queued' AND run_after <= now()) OR (state = 'running' AND lease_owner = $1)
	ORDER BY state DESC, number LIMIT 1 FOR UPDATE SKIP LOCKED) due
WHERE j.upload_job_id = due.upload_job_id
RETURNING j.upload_job_id, j.fence, j.attempts, j.source_key, array_to_string(j.renditions, ',') AS renditions
