-- DELETE /api/admin/titles/:id (docs/compatibility.md#title-delete): deletes a title with everything below it, keeps what
-- had been sold in the audit row, and adds its objects to the trash; triggers on transcode_job and rendition add theirs.
-- Returns 204.
-- $1: id, userId.
SELECT wanzami.refuse(404, 'Title not found') WHERE NOT EXISTS (SELECT FROM "Title" WHERE "id" = ($1 ->> 'id')::bigint FOR UPDATE);
SELECT wanzami.audit(($1 ->> 'userId')::bigint, 'TITLE_DELETE', $1 ->> 'id', wanzami.sold(($1 ->> 'id')::bigint));
SELECT wanzami.discard_url(u.url) FROM "Title" t, unnest(ARRAY[t."posterUrl", t."thumbnailUrl", t."trailerUrl", t."previewSpriteUrl",
	t."previewVttUrl"]) u(url) WHERE t."id" = ($1 ->> 'id')::bigint
UNION ALL
SELECT wanzami.discard_url(u.url) FROM "Episode" e, unnest(ARRAY[e."previewSpriteUrl", e."previewVttUrl"]) u(url) WHERE e."titleId" = ($1 ->> 'id')::bigint
UNION ALL
SELECT wanzami.discard_url(u.url) FROM "Season" s, unnest(ARRAY[s."posterUrl", s."thumbnailUrl", s."previewSpriteUrl", s."previewVttUrl"]) u(url)
WHERE s."titleId" = ($1 ->> 'id')::bigint
UNION ALL
SELECT wanzami.discard_url(v."url") FROM "AssetVersion" v
WHERE v."titleId" = ($1 ->> 'id')::bigint OR v."episodeId" IN (SELECT "id" FROM "Episode" WHERE "titleId" = ($1 ->> 'id')::bigint)
UNION ALL
SELECT wanzami.discard_upload(u) FROM "UploadJob" u
WHERE u."titleId" = ($1 ->> 'id')::bigint OR u."episodeId" IN (SELECT "id" FROM "Episode" WHERE "titleId" = ($1 ->> 'id')::bigint);
SELECT wanzami.discard_replaced(ARRAY(SELECT "id" FROM "UploadJob"
	WHERE "titleId" = ($1 ->> 'id')::bigint OR "episodeId" IN (SELECT "id" FROM "Episode" WHERE "titleId" = ($1 ->> 'id')::bigint)));
DELETE FROM "AssetVersion" WHERE "titleId" = ($1 ->> 'id')::bigint;
DELETE FROM "UploadJob" WHERE "titleId" = ($1 ->> 'id')::bigint;
DELETE FROM "Episode" WHERE "titleId" = ($1 ->> 'id')::bigint;
DELETE FROM "Title" WHERE "id" = ($1 ->> 'id')::bigint;
SELECT 204 AS status, NULL AS body
