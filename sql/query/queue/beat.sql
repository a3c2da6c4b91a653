-- $1 upload job, $2 fence, $3 lease in ms, $4 progress. We are alive: no row when the claim is lost. What we write is kept
-- from the trash for longer than the lease, so that a short absence of the database costs nothing.
WITH kept AS (
	UPDATE wanzami.transcode_job SET lease_until = now() + $3::bigint * interval '1 ms', progress = $4::jsonb, updated_at = now()
	WHERE upload_job_id = $1::bigint AND fence = $2::bigint AND state = 'running' RETURNING upload_job_id
), safe AS (
	UPDATE wanzami.object_trash t SET delete_after = now() + 4 * $3::bigint * interval '1 ms'
	FROM kept WHERE t.upload_job_id = kept.upload_job_id AND t.fence = $2::bigint AND t.attempts = 0
)
SELECT 1 FROM kept
