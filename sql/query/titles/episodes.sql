-- GET /api/titles/:id/episodes (docs/compatibility.md#public-episodes): returns 200 with the episodes of a title; none if it
-- is not visible for country and audience.
-- $1: enforcement, userId, deviceId, session, issued, urlPlaceholder, id, country, audience.
SELECT 200 AS status, '{"episodes":' || coalesce(json_agg(e ORDER BY "seasonNumber", "episodeNumber", "id"::bigint), '[]')::text || '}' AS body
FROM (
	SELECT e."id"::text AS "id", e."titleId"::text AS "titleId", e."seasonNumber", e."episodeNumber", e."name", e."synopsis",
		e."runtimeMinutes", e."previewSpriteUrl", e."previewVttUrl", e."introStartSec", e."introEndSec",
		e."seasonId"::text AS "seasonId", e."pendingReview", wanzami.assets(NULL, e."id", wanzami.ppv_way(t, $1), ($1 ->> 'urlPlaceholder')) AS "assetVersions",
		wanzami.iso(e."createdAt") AS "createdAt", wanzami.iso(e."updatedAt") AS "updatedAt"
	FROM "Episode" e JOIN "Title" t ON t."id" = e."titleId"
	WHERE t."id" = ($1 ->> 'id')::bigint AND NOT e."pendingReview" AND wanzami.visible(t, ($1 ->> 'country'), ($1 ->> 'audience'))
) e
