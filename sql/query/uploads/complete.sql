-- POST /api/admin/uploads/:id/complete, step 2 of 2 (docs/compatibility.md#upload-complete): records the uploaded object,
-- sets its renditions and the upload to PROCESSING and enqueues the transcode job. READY renditions stay playable until they
-- are replaced. An audio track has no renditions. An upload that was canceled meanwhile stays canceled, and the joined object goes to the trash. Returns 200
-- with the upload's status, or 409.
-- $1: id, uri, size.
-- $2: renditions.
SELECT wanzami.refuse(404, 'Job not found after completion')
WHERE NOT EXISTS (SELECT FROM "UploadJob" WHERE "id" = ($1 ->> 'id')::bigint FOR UPDATE);
WITH wanted AS (
	SELECT u."id", u."titleId", u."episodeId", ARRAY(SELECT r FROM unnest(enum_range(NULL::"Rendition")) r WHERE (
		CASE WHEN u."payload" ? 'audio' THEN '[]'::jsonb
		WHEN jsonb_array_length(coalesce($2 -> 'renditions', '[]')) > 0 THEN $2 -> 'renditions'
		WHEN u."payload" -> 'renditions' ?| ARRAY['R4K', 'R2K', 'R1080', 'R720', 'R360'] THEN u."payload" -> 'renditions'
		ELSE '["R1080","R720","R360"]' END) ? r::text) AS renditions
	FROM "UploadJob" u WHERE u."id" = ($1 ->> 'id')::bigint AND u."status" IN ('UPLOADING', 'FAILED', 'PENDING')
), job AS (
	UPDATE "UploadJob" u SET "status" = 'PROCESSING', "bytesUploaded" = coalesce(nullif(u."bytesTotal", 0), u."bytesUploaded"), "error" = NULL,
		"updatedAt" = wanzami.now()
	FROM wanted w WHERE u."id" = w."id"
), again AS (
	UPDATE "AssetVersion" v SET "status" = 'PROCESSING', "url" = $1 ->> 'uri', "updatedAt" = wanzami.now()
	FROM wanted w WHERE v."rendition" = ANY (w.renditions) AND v."status" <> 'READY'
	AND wanzami.same_film(v."titleId", v."episodeId", w."titleId", w."episodeId")
), asset AS (
	INSERT INTO "AssetVersion" ("titleId", "episodeId", "rendition", "url", "status", "createdAt", "updatedAt")
	SELECT w."titleId", w."episodeId", r, $1 ->> 'uri', 'PROCESSING', wanzami.now(), wanzami.now()
	FROM wanted w, unnest(w.renditions) r
	WHERE NOT EXISTS (SELECT FROM "AssetVersion" v WHERE v."rendition" = r
		AND wanzami.same_film(v."titleId", v."episodeId", w."titleId", w."episodeId"))
)
SELECT wanzami.transcode_enqueue(w."id", w.renditions) FROM wanted w;
UPDATE wanzami.transcode_job SET source_size = ($1 ->> 'size')::bigint
WHERE upload_job_id = ($1 ->> 'id')::bigint AND state = 'queued' AND attempts = 0;
INSERT INTO wanzami.object_trash AS t (key, reason, upload_job_id) SELECT "payload" ->> 'key', 'abandoned', "id" FROM "UploadJob"
WHERE "id" = ($1 ->> 'id')::bigint AND "status" = 'CANCELED' AND "payload" ->> 'key' <> ''
ON CONFLICT (key) DO UPDATE SET attempts = 0, delete_after = least(t.delete_after, excluded.delete_after);
SELECT CASE "status" WHEN 'CANCELED' THEN 409 ELSE 200 END AS status, CASE "status" WHEN 'CANCELED' THEN '{"message":"This upload has been canceled"}'
	ELSE json_build_object('job', json_build_object('id', "id"::text, 'status', 'PROCESSING'))::text END AS body
FROM "UploadJob" WHERE "id" = ($1 ->> 'id')::bigint
