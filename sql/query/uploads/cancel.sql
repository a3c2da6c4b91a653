-- DELETE /api/admin/uploads/:id (docs/compatibility.md#upload-resume): cancels an upload that has not been completed. A repeated call changes
-- nothing. Returns 200 with the upload's status, and in the columns key and upload what the handler deletes from object storage, NULL if that is nothing. The
-- cron job store-cleanup deletes it again: parts may have been on their way, and object storage away.
-- $1: id.
SELECT wanzami.refuse(404, 'Job not found') WHERE NOT EXISTS (SELECT FROM "UploadJob" WHERE "id" = ($1 ->> 'id')::bigint FOR UPDATE);
SELECT wanzami.refuse(409, 'This upload has been completed') FROM "UploadJob" u WHERE "id" = ($1 ->> 'id')::bigint AND "status" <> 'CANCELED'
	AND ("status" IN ('PROCESSING', 'COMPLETED') OR EXISTS (SELECT FROM wanzami.transcode_job t WHERE t.upload_job_id = u."id"));
WITH before AS MATERIALIZED (
	SELECT "id", "payload" ->> 'key' AS key, coalesce("payload" ->> 'uploadId', '') AS upload FROM "UploadJob"
	WHERE "id" = ($1 ->> 'id')::bigint AND "status" <> 'CANCELED'
), canceled AS (
	UPDATE "UploadJob" u SET "status" = 'CANCELED', "payload" = "payload" - 'uploadId', "updatedAt" = wanzami.now() FROM before b WHERE u."id" = b."id"
), trash AS (
	INSERT INTO wanzami.object_trash (key, reason, upload_job_id) SELECT key, 'abandoned', "id" FROM before WHERE key <> ''
	ON CONFLICT (key) DO NOTHING
)
SELECT 200 AS status, b.key, b.upload, json_build_object('job', json_build_object('id', $1 ->> 'id', 'status', 'CANCELED'))::text AS body
FROM (SELECT 1) one LEFT JOIN before b ON b.key <> ''
