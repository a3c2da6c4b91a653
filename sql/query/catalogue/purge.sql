-- POST /api/admin/titles/purge (docs/compatibility.md#title-purge): deletes the whole catalogue under a lock that excludes
-- additions, and adds all its objects to the trash. Rows with triggers are deleted first, with one
-- statement each: a cascade is a statement for each row. Returns 200 with deletedKeys, which counts only the objects that the old
-- service would have removed.
-- $1: bucket, userId.
SELECT wanzami.catalogue_lock();
WITH urls AS MATERIALIZED (
	SELECT u.url FROM "Title" t, unnest(ARRAY[t."posterUrl", t."thumbnailUrl", t."trailerUrl", t."previewSpriteUrl", t."previewVttUrl"]) u(url)
	UNION ALL
	SELECT "url" FROM "AssetVersion"
), counted AS (
	SELECT count(*) AS keys FROM urls WHERE wanzami.is_object(url, $1 ->> 'bucket')
)
SELECT wanzami.audit(($1 ->> 'userId')::bigint, 'TITLE_PURGE_ALL', 'all', jsonb_build_object('deletedKeys', keys) || coalesce(wanzami.sold(NULL), '{}'))
FROM counted;
SELECT wanzami.discard_deleted(ARRAY(
	SELECT wanzami.object_named(CASE WHEN wanzami.is_object(u.url, $1 ->> 'bucket') THEN regexp_replace(u.url, '^[^:]*://[^/]*/', 's3://-/') ELSE u.url END)
	FROM "Title" t, unnest(ARRAY[t."posterUrl", t."thumbnailUrl", t."trailerUrl", t."previewSpriteUrl", t."previewVttUrl"]) u(url) WHERE u.url <> ''
	UNION ALL
	SELECT wanzami.object_named(u.url) FROM "Episode" e, unnest(ARRAY[e."previewSpriteUrl", e."previewVttUrl"]) u(url) WHERE u.url <> ''
	UNION ALL
	SELECT wanzami.object_named(u.url) FROM "Season" s, unnest(ARRAY[s."posterUrl", s."thumbnailUrl", s."previewSpriteUrl", s."previewVttUrl"]) u(url)
	WHERE u.url <> ''
	UNION ALL
	-- The others are deleted with their renditions.
	SELECT wanzami.object_named(v."url") FROM "AssetVersion" v
	WHERE NOT EXISTS (SELECT FROM wanzami.rendition r WHERE r.asset_version_id = v."id" AND r.object_key = wanzami.object_named(v."url"))));
SELECT wanzami.discard_upload(u) FROM "UploadJob" u WHERE NOT EXISTS (SELECT FROM wanzami.transcode_job j WHERE j.upload_job_id = u."id");
SELECT wanzami.discard_replaced(ARRAY(SELECT "id" FROM "UploadJob"));
DELETE FROM wanzami.rendition;
DELETE FROM "AssetVersion";
DELETE FROM wanzami.transcode_job;
DELETE FROM "UploadJob";
DELETE FROM "Episode";
DELETE FROM "Season";
DELETE FROM "PopularitySnapshot";
DELETE FROM "Title";
SELECT 200 AS status, json_build_object('message', 'All titles purged', 'deletedKeys', "detail" -> 'deletedKeys')::text AS body
FROM "AdminAuditLog" WHERE "action" = 'TITLE_PURGE_ALL' ORDER BY "id" DESC LIMIT 1
