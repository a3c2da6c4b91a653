-- POST /api/admin/uploads/init, step 1 of 2 (docs/compatibility.md#upload-init): refuses unknown titles and episodes before
-- the upload is created in object storage. An id of 0 counts as absent.
-- $2: titleId, kind, episodeId, titleName.
SELECT wanzami.refuse(404, 'Title not found') WHERE nullif(($2 ->> 'titleId')::bigint, 0) IS NOT NULL
	AND NOT EXISTS (SELECT FROM "Title" WHERE "id" = ($2 ->> 'titleId')::bigint);
SELECT wanzami.refuse(404, 'Episode not found') WHERE $2 ->> 'kind' = 'EPISODE' AND nullif(($2 ->> 'episodeId')::bigint, 0) IS NOT NULL
	AND NOT EXISTS (SELECT FROM "Episode" WHERE "id" = ($2 ->> 'episodeId')::bigint);
SELECT wanzami.refuse(400, 'titleId or titleName required for EPISODE uploads') WHERE $2 ->> 'kind' = 'EPISODE'
	AND nullif(($2 ->> 'episodeId')::bigint, 0) IS NULL AND nullif(($2 ->> 'titleId')::bigint, 0) IS NULL
	AND coalesce($2 ->> 'titleName', '') = '';
SELECT 200 AS status, NULL AS body
