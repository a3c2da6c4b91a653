-- Transcode worker: records the object keys in the trash before the first byte is stored. Returns no row if the lease was
-- lost.
-- $1: upload id.
-- $2: fencing token.
-- $3: lease in milliseconds.
-- $4: JSON array of object keys.
WITH mine AS (
	SELECT upload_job_id FROM wanzami.transcode_job WHERE upload_job_id = $1::bigint AND fence = $2::bigint AND state = 'running' FOR UPDATE
), noted AS (
	INSERT INTO wanzami.object_trash (key, delete_after, reason, upload_job_id, fence)
	SELECT k, now() + 4 * $3::bigint * interval '1 ms', 'unfinished', upload_job_id, $2::bigint FROM mine, jsonb_array_elements_text($4::jsonb) k
	ON CONFLICT (key) DO NOTHING
)
SELECT 1 FROM mine
