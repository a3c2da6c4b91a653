-- Transcode worker, after the response to a claim was lost: returns what it may have claimed to the queue; the attempt does
-- not count.
-- $1: process.
UPDATE wanzami.transcode_job SET state = 'queued', attempts = attempts - 1, lease_owner = NULL, lease_until = NULL, run_after = now(), updated_at = now()
WHERE lease_owner = $1 AND state = 'running'
