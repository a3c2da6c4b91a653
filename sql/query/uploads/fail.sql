-- POST /api/admin/uploads/:id/complete, step 2 of 2, object storage has refused (docs/compatibility.md#upload-complete):
-- sets the upload to FAILED. The client can complete it again with other parts, or upload the film again. Returns the status
-- in failure, or 409 if it was canceled meanwhile: object storage has refused because its parts are gone.
-- $1: error, id, failure.
UPDATE "UploadJob" SET "status" = 'FAILED', "error" = $1 ->> 'error', "updatedAt" = wanzami.now()
WHERE "id" = ($1 ->> 'id')::bigint AND "status" IN ('UPLOADING', 'PENDING', 'FAILED');
SELECT wanzami.refuse(409, 'This upload has been canceled') FROM "UploadJob" WHERE "id" = ($1 ->> 'id')::bigint AND "status" = 'CANCELED';
SELECT ($1 ->> 'failure')::int AS status,
	json_build_object('message', 'Failed to complete multipart upload', 'error', $1 ->> 'error')::text AS body
