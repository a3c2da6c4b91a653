-- POST /api/admin/uploads/init, step 2 of 2 (docs/compatibility.md#upload-init): inserts the upload and missing rows of
-- title, season and episode, after the upload was created in object storage. Returns the upload's id.
-- $1: key, uploadId, partSize, renditions.
-- $2: titleId, kind, episodeId, titleName, fileName, seasonNumber, episodeNumber, episodeName, bytesTotal.
WITH given AS (
	SELECT nullif(($2 ->> 'titleId')::bigint, 0) AS title, CASE WHEN $2 ->> 'kind' = 'EPISODE' THEN nullif(($2 ->> 'episodeId')::bigint, 0) END AS episode
), title AS (
	INSERT INTO "Title" ("type", "name", "archived", "pendingReview", "createdAt", "updatedAt")
	SELECT CASE $2 ->> 'kind' WHEN 'MOVIE' THEN 'MOVIE' ELSE 'SERIES' END::"TitleType",
		coalesce(nullif($2 ->> 'titleName', ''), $2 ->> 'fileName'), true, true, wanzami.now(), wanzami.now()
	FROM given WHERE title IS NULL AND episode IS NULL
	RETURNING "id"
), film AS (
	SELECT coalesce(g.title, t."id") AS title FROM given g LEFT JOIN title t ON true
), season AS (
	INSERT INTO "Season" AS s ("titleId", "seasonNumber", "createdAt", "updatedAt")
	SELECT f.title, coalesce(($2 ->> 'seasonNumber')::int, 1), wanzami.now(), wanzami.now() FROM film f, given g
	WHERE $2 ->> 'kind' = 'EPISODE' AND g.episode IS NULL
	ON CONFLICT ("titleId", "seasonNumber") DO UPDATE SET "seasonNumber" = s."seasonNumber"
	RETURNING "id", "titleId", "seasonNumber"
), episode AS (
	INSERT INTO "Episode" ("titleId", "seasonId", "seasonNumber", "episodeNumber", "name", "pendingReview", "createdAt", "updatedAt")
	SELECT "titleId", "id", "seasonNumber", coalesce(($2 ->> 'episodeNumber')::int, 1),
		coalesce(nullif($2 ->> 'episodeName', ''), $2 ->> 'fileName'), true, wanzami.now(), wanzami.now()
	FROM season
	RETURNING "id"
)
INSERT INTO "UploadJob" ("titleId", "episodeId", "status", "bytesUploaded", "bytesTotal", "payload", "createdAt", "updatedAt")
SELECT CASE WHEN $2 ->> 'kind' <> 'EPISODE' THEN f.title END, coalesce(g.episode, e."id"), 'UPLOADING', 0, ($2 ->> 'bytesTotal')::bigint,
	jsonb_build_object('key', $1 ->> 'key', 'uploadId', $1 ->> 'uploadId', 'fileName', $2 ->> 'fileName',
		'partSize', ($1 ->> 'partSize')::bigint, 'renditions', ($1 ->> 'renditions')::jsonb), wanzami.now(), wanzami.now()
FROM given g LEFT JOIN film f ON true LEFT JOIN episode e ON true
RETURNING 200 AS status, "id"::text AS body
