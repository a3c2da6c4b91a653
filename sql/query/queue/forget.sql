-- $1 upload job, $2 fence, $3 object keys as a JSON array. Our claim was lost while we were writing: whatever the trash has
-- done with these objects already, it has to look at them once more.
INSERT INTO wanzami.object_trash (key, reason, upload_job_id, fence)
SELECT k, 'unfinished', $1::bigint, $2::bigint FROM jsonb_array_elements_text($3::jsonb) k
WHERE NOT EXISTS (SELECT FROM wanzami.rendition r WHERE r.object_key = k)
ON CONFLICT (key) DO UPDATE SET delete_after = now(), attempts = 0
