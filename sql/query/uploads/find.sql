-- POST /api/admin/uploads/:id/complete, first half (docs/compatibility.md#upload-complete): which upload of the store that is.
-- Done says that there is nothing left to do.
SELECT wanzami.refuse(404, 'Job not found after completion') WHERE NOT EXISTS (SELECT FROM "UploadJob" WHERE "id" = ($1 ->> 'id')::bigint);
SELECT wanzami.refuse(409, 'This upload has been canceled') FROM "UploadJob" WHERE "id" = ($1 ->> 'id')::bigint AND "status" = 'CANCELED';
SELECT wanzami.refuse(400, 'key and uploadId are not those of this job') FROM "UploadJob" WHERE "id" = ($1 ->> 'id')::bigint
	AND "status" NOT IN ('PROCESSING', 'COMPLETED') AND ("payload" ->> 'key', "payload" ->> 'uploadId') IS DISTINCT FROM ($2 ->> 'key', $2 ->> 'uploadId');
SELECT 200 AS status, CASE WHEN "status" IN ('PROCESSING', 'COMPLETED')
	THEN json_build_object('job', json_build_object('id', "id"::text, 'status', 'PROCESSING'))::text END AS body
FROM "UploadJob" WHERE "id" = ($1 ->> 'id')::bigint
