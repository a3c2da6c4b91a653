-- Transcode worker, after its lease was lost: puts the objects that it has written back into the trash, due now, even if the
-- trash has already handled them.
-- $1: upload id.
-- $2: fencing token.
-- $3: JSON array of object keys.
INSERT INTO wanzami.object_trash (key, reason, upload_job_id, fence)
SELECT k, 'unfinished', $1::bigint, $2::bigint FROM jsonb_array_elements_text($3::jsonb) k
WHERE NOT EXISTS (SELECT FROM wanzami.rendition r WHERE r.object_key = k)
AND NOT EXISTS (SELECT FROM wanzami.preview p WHERE k = ANY (p.sheets || p.posters))
ON CONFLICT (key) DO UPDATE SET delete_after = now(), attempts = 0
