-- POST /api/admin/uploads/:id/parts (docs/compatibility.md#upload-resume): refuses uploads that take no more parts, and returns
-- what the handler needs to sign the parts that have not arrived. The upload counts as moved: the reaper leaves it for a week.
-- $1: id.
SELECT wanzami.refuse(404, 'Job not found') WHERE NOT EXISTS (SELECT FROM "UploadJob" WHERE "id" = ($1 ->> 'id')::bigint FOR UPDATE);
SELECT wanzami.refuse(409, CASE "status" WHEN 'CANCELED' THEN 'This upload has been canceled' WHEN 'FAILED' THEN 'This upload has ended'
	ELSE 'This upload has been completed' END)
FROM "UploadJob" u WHERE "id" = ($1 ->> 'id')::bigint AND ("status" NOT IN ('UPLOADING', 'PENDING', 'FAILED') OR coalesce("payload" ->> 'key', '') = ''
	OR coalesce("payload" ->> 'uploadId', '') = '' OR EXISTS (SELECT FROM wanzami.transcode_job t WHERE t.upload_job_id = u."id"));
UPDATE "UploadJob" u SET "updatedAt" = wanzami.now() WHERE "id" = ($1 ->> 'id')::bigint
RETURNING 200 AS status, NULL AS body, "payload" ->> 'key' AS key, "payload" ->> 'uploadId' AS upload,
	coalesce("bytesTotal", 0) AS bytes, coalesce(("payload" ->> 'partSize')::bigint, 0) AS part_size,
	json_build_object('id', "id"::text, 'status', "status", 'fileName', "payload" ->> 'fileName', 'bytesUploaded', "bytesUploaded",
		'bytesTotal', nullif("bytesTotal", 0))::text AS job
