-- GET /api/admin/uploads/:id/parts (docs/compatibility.md#upload-resume): returns what the handler needs to list the parts in
-- object storage. The column body is the response if the upload takes no more parts, else NULL.
-- $1: id.
SELECT wanzami.refuse(404, 'Job not found') WHERE NOT EXISTS (SELECT FROM "UploadJob" WHERE "id" = ($1 ->> 'id')::bigint);
SELECT 200 AS status, u."payload" ->> 'key' AS key, u."payload" ->> 'uploadId' AS upload, j.job::text AS job,
	coalesce(u."bytesTotal", 0) AS bytes, coalesce((u."payload" ->> 'partSize')::bigint, 0) AS part_size,
	CASE WHEN u."status" NOT IN ('UPLOADING', 'PENDING', 'FAILED') OR coalesce(u."payload" ->> 'key', '') = ''
		OR coalesce(u."payload" ->> 'uploadId', '') = '' OR EXISTS (SELECT FROM wanzami.transcode_job t WHERE t.upload_job_id = u."id")
	THEN json_build_object('job', j.job, 'parts', '[]'::json)::text END AS body
FROM "UploadJob" u, LATERAL (SELECT json_build_object('id', u."id"::text, 'status', u."status", 'fileName', u."payload" ->> 'fileName',
	'bytesUploaded', u."bytesUploaded", 'bytesTotal', nullif(u."bytesTotal", 0)) AS job) j
WHERE u."id" = ($1 ->> 'id')::bigint
