-- The films behind renditions that were made so many days ago ($1; 0 is never) are trash
-- (docs/compatibility.md#source-retention).
WITH old AS (
	SELECT "id", "payload" ->> 'key' AS key FROM "UploadJob"
	WHERE $1::int > 0 AND "status" = 'COMPLETED' AND "updatedAt" < wanzami.now() - $1::int * interval '1 day'
	AND "payload" ->> 'key' <> '' AND NOT "payload" ? 'sourceRemoved'
	LIMIT 1000 FOR UPDATE SKIP LOCKED
), marked AS (
	UPDATE "UploadJob" u SET "payload" = u."payload" || '{"sourceRemoved":true}' FROM old o WHERE u."id" = o."id" RETURNING o.key
)
INSERT INTO wanzami.object_trash (key, reason) SELECT key, 'made' FROM marked ON CONFLICT (key) DO NOTHING;
-- Uploads that nobody has gone on with for a week are given up, and what the store has of them is trash
-- (docs/compatibility.md#upload-reaper): those whose parts stopped coming, and those that could not be completed. Parts that
-- still come are refused.
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
