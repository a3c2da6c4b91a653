-- POST /api/admin/uploads/:id/retry (docs/compatibility.md#upload-retry): queues a transcode job that has failed for good
-- again. The sweep wakes a worker (src/transcode/sweep.h). Returns 200 with the upload's status.
-- $1: id.
SELECT wanzami.refuse(404, 'Job not found') WHERE NOT EXISTS (SELECT FROM "UploadJob" WHERE "id" = ($1 ->> 'id')::bigint FOR UPDATE);
SELECT wanzami.refuse(409, 'This upload has not failed in transcoding') WHERE NOT EXISTS (
	SELECT FROM "UploadJob" u JOIN wanzami.transcode_job j ON j.upload_job_id = u."id"
	WHERE u."id" = ($1 ->> 'id')::bigint AND u."status" = 'FAILED' AND j.state = 'failed');
SELECT wanzami.refuse(409, 'The uploaded file has been deleted') FROM wanzami.transcode_job j
WHERE j.upload_job_id = ($1 ->> 'id')::bigint AND EXISTS (SELECT FROM wanzami.object_trash t WHERE t.key = j.source_key);
SELECT wanzami.refuse(409, 'A later upload has replaced this one') FROM "UploadJob" u JOIN wanzami.transcode_job j ON j.upload_job_id = u."id"
WHERE u."id" = ($1 ->> 'id')::bigint AND EXISTS (SELECT FROM wanzami.transcode_job n JOIN "UploadJob" o ON o."id" = n.upload_job_id
	WHERE n.number > j.number AND n.state IN ('queued', 'running', 'done')
	AND (n.renditions && j.renditions OR (n.audio ->> 'language' = j.audio ->> 'language' AND n.audio ->> 'purpose' = j.audio ->> 'purpose'))
	AND wanzami.same_film(o."titleId", o."episodeId", u."titleId", u."episodeId"));
WITH job AS (
	UPDATE "UploadJob" SET "status" = 'PROCESSING', "error" = NULL, "updatedAt" = wanzami.now() WHERE "id" = ($1 ->> 'id')::bigint
	RETURNING "id", "titleId", "episodeId"
)
UPDATE "AssetVersion" v SET "status" = 'PROCESSING', "updatedAt" = wanzami.now()
FROM job u JOIN wanzami.transcode_job j ON j.upload_job_id = u."id"
WHERE v."status" = 'FAILED' AND v."rendition" = ANY (j.renditions) AND wanzami.same_film(v."titleId", v."episodeId", u."titleId", u."episodeId")
AND wanzami.asset_made_of(v."url", j.source_key);
SELECT wanzami.transcode_enqueue(upload_job_id, renditions) FROM wanzami.transcode_job WHERE upload_job_id = ($1 ->> 'id')::bigint;
SELECT 200 AS status, json_build_object('job', json_build_object('id', $1 ->> 'id', 'status', 'PROCESSING'))::text AS body
