-- PATCH /api/admin/uploads/:id/progress (docs/compatibility.md#upload-progress): stores the number of uploaded bytes while
-- the upload is UPLOADING. Returns 200 with the upload.
-- $1: id.
-- $2: bytesUploaded.
SELECT wanzami.refuse(404, 'Job not found') WHERE NOT EXISTS (SELECT FROM "UploadJob" WHERE "id" = ($1 ->> 'id')::bigint);
WITH counted AS (
	UPDATE "UploadJob" SET "bytesUploaded" = ($2 ->> 'bytesUploaded')::bigint, "updatedAt" = wanzami.now()
	WHERE "id" = ($1 ->> 'id')::bigint AND "status" = 'UPLOADING'
	RETURNING "id", "bytesUploaded", "status"
)
SELECT 200 AS status, json_build_object('job', json_build_object('id', u."id"::text,
	'bytesUploaded', coalesce(c."bytesUploaded", u."bytesUploaded"), 'status', u."status"))::text AS body
FROM "UploadJob" u LEFT JOIN counted c ON true WHERE u."id" = ($1 ->> 'id')::bigint
