-- POST /api/admin/titles/purge (docs/compatibility.md#title-purge): deletes the whole catalogue under a lock that excludes
-- additions, and adds all its objects to the trash. Returns 200 with deletedKeys, which counts only the objects that the old
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
SELECT wanzami.discard_url(CASE WHEN wanzami.is_object(u.url, $1 ->> 'bucket') THEN regexp_replace(u.url, '^[^:]*://[^/]*/', 's3://-/') ELSE u.url END)
FROM "Title" t, unnest(ARRAY[t."posterUrl", t."thumbnailUrl", t."trailerUrl", t."previewSpriteUrl", t."previewVttUrl"]) u(url)
UNION ALL
SELECT wanzami.discard_url(u.url) FROM "Episode" e, unnest(ARRAY[e."previewSpriteUrl", e."previewVttUrl"]) u(url)
UNION ALL
SELECT wanzami.discard_url(u.url) FROM "Season" s, unnest(ARRAY[s."posterUrl", s."thumbnailUrl", s."previewSpriteUrl", s."previewVttUrl"]) u(url)
UNION ALL
SELECT wanzami.discard_url(v."url") FROM "AssetVersion" v
UNION ALL
SELECT wanzami.discard_upload(u) FROM "UploadJob" u;
SELECT wanzami.discard_replaced(ARRAY(SELECT "id" FROM "UploadJob"));
DELETE FROM "AssetVersion";
DELETE FROM "UploadJob";
DELETE FROM "Episode";
DELETE FROM "Season";
DELETE FROM "PopularitySnapshot";
DELETE FROM "Title";
SELECT 200 AS status, json_build_object('message', 'All titles purged', 'deletedKeys', "detail" -> 'deletedKeys')::text AS body
FROM "AdminAuditLog" WHERE "action" = 'TITLE_PURGE_ALL' ORDER BY "id" DESC LIMIT 1
