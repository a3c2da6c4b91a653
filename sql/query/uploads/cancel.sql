-- DELETE /api/admin/uploads/:id (docs/compatibility.md#upload-resume): cancels an upload that has not been completed. The cron
-- job store-cleanup aborts it in object storage and deletes its parts. A repeated call changes nothing. Returns 200 with the
-- upload's status.
-- $1: id.
SELECT wanzami.refuse(404, 'Job not found') WHERE NOT EXISTS (SELECT FROM "UploadJob" WHERE "id" = ($1 ->> 'id')::bigint FOR UPDATE);
SELECT wanzami.refuse(409, 'This upload has been completed') FROM "UploadJob" u WHERE "id" = ($1 ->> 'id')::bigint AND "status" <> 'CANCELED'
	AND ("status" IN ('PROCESSING', 'COMPLETED') OR EXISTS (SELECT FROM wanzami.transcode_job t WHERE t.upload_job_id = u."id"));
WITH canceled AS (
	UPDATE "UploadJob" u SET "status" = 'CANCELED', "payload" = "payload" - 'uploadId', "updatedAt" = wanzami.now()
	WHERE "id" = ($1 ->> 'id')::bigint AND "status" <> 'CANCELED'
	RETURNING "id", "payload" ->> 'key' AS key
)
INSERT INTO wanzami.object_trash (key, reason, upload_job_id) SELECT key, 'abandoned', "id" FROM canceled WHERE key <> ''
ON CONFLICT (key) DO NOTHING;
SELECT 200 AS status, json_build_object('job', json_build_object('id', $1 ->> 'id', 'status', 'CANCELED'))::text AS body
