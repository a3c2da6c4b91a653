-- POST /api/admin/uploads/init, first half (docs/compatibility.md#upload-init): what is refused before anything is made. 0
-- counts as absent.
SELECT wanzami.refuse(404, 'Title not found') WHERE nullif(($2 ->> 'titleId')::bigint, 0) IS NOT NULL
	AND NOT EXISTS (SELECT FROM "Title" WHERE "id" = ($2 ->> 'titleId')::bigint);
SELECT wanzami.refuse(404, 'Episode not found') WHERE $2 ->> 'kind' = 'EPISODE' AND nullif(($2 ->> 'episodeId')::bigint, 0) IS NOT NULL
	AND NOT EXISTS (SELECT FROM "Episode" WHERE "id" = ($2 ->> 'episodeId')::bigint);
SELECT wanzami.refuse(400, 'titleId or titleName required for EPISODE uploads') WHERE $2 ->> 'kind' = 'EPISODE'
	AND nullif(($2 ->> 'episodeId')::bigint, 0) IS NULL AND nullif(($2 ->> 'titleId')::bigint, 0) IS NULL
	AND coalesce($2 ->> 'titleName', '') = '';
SELECT 200 AS status, NULL AS body
