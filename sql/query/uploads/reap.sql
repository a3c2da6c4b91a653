-- Cron job upload-reaper: moves the sources of films to the trash $1 days after they were transcoded
-- (docs/compatibility.md#source-retention), and cancels uploads that have not changed for seven days
-- (docs/compatibility.md#upload-reaper). Returns the number of the latter.
-- $1: days to keep a source; 0 keeps it for ever.
WITH old AS (
	SELECT "id", "payload" ->> 'key' AS key FROM "UploadJob"
	WHERE $1::int > 0 AND "status" = 'COMPLETED' AND "updatedAt" < wanzami.now() - $1::int * interval '1 day'
	AND "payload" ->> 'key' <> '' AND NOT "payload" ? 'sourceRemoved'
	LIMIT 1000 FOR UPDATE SKIP LOCKED
), marked AS (
	UPDATE "UploadJob" u SET "payload" = u."payload" || '{"sourceRemoved":true}' FROM old o WHERE u."id" = o."id" RETURNING o.key
)
INSERT INTO wanzami.object_trash (key, reason) SELECT key, 'made' FROM marked ON CONFLICT (key) DO NOTHING;
-- Abandoned uploads: parts no longer arrive, or the completion failed. Their objects go to the trash; object storage refuses
-- further parts.
WITH idle AS (
	SELECT "id" FROM "UploadJob" u
	WHERE ("status" = 'UPLOADING' OR ("status" = 'FAILED' AND "payload" ->> 'uploadId' IS NOT NULL
		AND NOT EXISTS (SELECT FROM wanzami.transcode_job j WHERE j.upload_job_id = u."id")))
	AND "updatedAt" < wanzami.now() - interval '7 days'
	LIMIT 1000 FOR UPDATE SKIP LOCKED
), reaped AS (
	UPDATE "UploadJob" u SET "status" = CASE "status" WHEN 'UPLOADING' THEN 'CANCELED'::"UploadStatus" ELSE "status" END,
		"payload" = "payload" - 'uploadId', "updatedAt" = wanzami.now()
	FROM idle i WHERE u."id" = i."id"
	RETURNING u."id", u."payload" ->> 'key' AS key
), trash AS (
	INSERT INTO wanzami.object_trash (key, reason, upload_job_id) SELECT key, 'abandoned', "id" FROM reaped WHERE key <> ''
	ON CONFLICT (key) DO NOTHING
)
SELECT count(*) AS uploads FROM reaped
