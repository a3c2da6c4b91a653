-- POST /api/admin/uploads/:id/complete when the store did not make an object of it ($1 error, failure): the job is FAILED
-- until it is tried again with better parts, or the film uploaded anew.
UPDATE "UploadJob" SET "status" = 'FAILED', "error" = $1 ->> 'error', "updatedAt" = wanzami.now()
WHERE "id" = ($1 ->> 'id')::bigint AND "status" IN ('UPLOADING', 'PENDING', 'FAILED');
SELECT ($1 ->> 'failure')::int AS status,
	json_build_object('message', 'Failed to complete multipart upload', 'error', $1 ->> 'error')::text AS body
