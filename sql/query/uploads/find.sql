-- POST /api/admin/uploads/:id/complete, step 1 of 2 (docs/compatibility.md#upload-complete): checks key and uploadId. The
-- column body is the response if the upload has already been completed, else NULL; bytes and part_size are the plan of its
-- parts, 0 if unknown.
-- $1: id.
-- $2: key, uploadId.
SELECT wanzami.refuse(404, 'Job not found after completion') WHERE NOT EXISTS (SELECT FROM "UploadJob" WHERE "id" = ($1 ->> 'id')::bigint);
SELECT wanzami.refuse(409, 'This upload has been canceled') FROM "UploadJob" WHERE "id" = ($1 ->> 'id')::bigint AND "status" = 'CANCELED';
SELECT wanzami.refuse(400, 'key and uploadId are not those of this job') FROM "UploadJob" WHERE "id" = ($1 ->> 'id')::bigint
	AND "status" NOT IN ('PROCESSING', 'COMPLETED', 'CANCELED') AND ("payload" ->> 'key', "payload" ->> 'uploadId') IS DISTINCT FROM ($2 ->> 'key', $2 ->> 'uploadId');
SELECT 200 AS status, CASE WHEN "status" IN ('PROCESSING', 'COMPLETED')
	THEN json_build_object('job', json_build_object('id', "id"::text, 'status', 'PROCESSING'))::text END AS body,
	coalesce("bytesTotal", 0) AS bytes, coalesce(("payload" ->> 'partSize')::bigint, 0) AS part_size
FROM "UploadJob" WHERE "id" = ($1 ->> 'id')::bigint
