-- $1 who had asked. The answer to a claim was lost: what was claimed, if anything was, waits again, and this attempt does not count.
UPDATE wanzami.transcode_job SET state = 'queued', attempts = attempts - 1, lease_owner = NULL, lease_until = NULL, run_after = now(), updated_at = now()
WHERE lease_owner = $1 AND state = 'running'
