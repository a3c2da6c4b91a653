-- $1 upload job, $2 fence, $3 lease in ms, $4 object keys as a JSON array. Written down before the first byte is stored; no row when the claim is lost.
WITH mine AS (
	SELECT upload_job_id FROM wanzami.transcode_job WHERE upload_job_id = $1::bigint AND fence = $2::bigint AND state = 'running' FOR UPDATE
), noted AS (
	INSERT INTO wanzami.object_trash (key, delete_after, reason, upload_job_id, fence)
	SELECT k, now() + 4 * $3::bigint * interval '1 ms', 'unfinished', upload_job_id, $2::bigint FROM mine, jsonb_array_elements_text($4::jsonb) k
	ON CONFLICT (key) DO NOTHING
)
SELECT 1 FROM mine
