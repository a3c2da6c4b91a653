-- Transcode worker: renews the lease of a transcode job and stores its progress. The objects being written are kept from the
-- trash for four times the lease, so that a short outage of the database does not delete them. Returns no row if the lease was
-- lost. Another job that this process holds was claimed by a call whose response was lost: it returns to the queue, and the
-- attempt does not count.
-- $1: upload id.
-- $2: fencing token.
-- $3: lease in milliseconds.
-- $4: progress (JSON).
WITH kept AS (
	UPDATE wanzami.transcode_job SET lease_until = now() + $3::bigint * interval '1 ms', progress = $4::jsonb, updated_at = now()
	WHERE upload_job_id = $1::bigint AND fence = $2::bigint AND state = 'running' RETURNING upload_job_id, lease_owner
), released AS (
	UPDATE wanzami.transcode_job j SET state = 'queued', attempts = j.attempts - 1, lease_owner = NULL, lease_until = NULL, run_after = now(), updated_at = now()
	FROM kept WHERE j.lease_owner = kept.lease_owner AND j.state = 'running' AND j.upload_job_id <> kept.upload_job_id
), safe AS (
	UPDATE wanzami.object_trash t SET delete_after = now() + 4 * $3::bigint * interval '1 ms'
	FROM kept WHERE t.upload_job_id = kept.upload_job_id AND t.fence = $2::bigint AND t.attempts = 0
)
SELECT 1 FROM kept
