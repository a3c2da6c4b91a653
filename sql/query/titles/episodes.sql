-- GET /api/titles/:id/episodes (docs/compatibility.md#public-episodes): returns 200 with the episodes of a title; none if it
-- is not visible for country and audience. everyone: it is the same for all users (src/http/response_cache.h).
-- $1: enforcement, userId, deviceId, session, issued, id, country, audience, urlPlaceholder, appHls.
WITH title AS MATERIALIZED (
	SELECT t."id", t."isPpv", wanzami.ppv_way(t, $1) AS way FROM "Title" t WHERE t."id" = ($1 ->> 'id')::bigint AND wanzami.visible(t, ($1 ->> 'country'), ($1 ->> 'audience'))
)
SELECT 200 AS status, '{"episodes":' || coalesce(json_agg(e ORDER BY "seasonNumber", "episodeNumber", "id"::bigint), '[]')::text || '}' AS body,
	NOT EXISTS (SELECT FROM title t WHERE t."isPpv" AND $1 ->> 'enforcement' <> 'off') AS everyone
FROM (
	SELECT e."id"::text AS "id", e."titleId"::text AS "titleId", e."seasonNumber", e."episodeNumber", e."name", e."synopsis",
		e."runtimeMinutes", coalesce(e."previewSpriteUrl", p.sprite) AS "previewSpriteUrl", coalesce(e."previewVttUrl", p.vtt) AS "previewVttUrl",
		e."introStartSec", e."introEndSec", e."seasonId"::text AS "seasonId", e."pendingReview",
		wanzami.assets(NULL, e."id", t.way, ($1 ->> 'urlPlaceholder'), wanzami.app_hls(t."id", e."id", t.way, $1)) AS "assetVersions",
		wanzami.iso(e."createdAt") AS "createdAt", wanzami.iso(e."updatedAt") AS "updatedAt"
	FROM "Episode" e JOIN title t ON t."id" = e."titleId" LEFT JOIN LATERAL wanzami.preview_urls(t."id", e."id", t.way, $1) p
		ON e."previewSpriteUrl" IS NULL AND e."previewVttUrl" IS NULL
	WHERE NOT e."pendingReview"
) e
