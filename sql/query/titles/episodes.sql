-- GET /api/titles/:id/episodes (contract media §4.3, CAT-1) for $1 title, $2 country, $3 audience; $4 marks what the process
-- has to sign. A hidden or unknown title has no episodes.
SELECT 200 AS status, '{"episodes":' || coalesce(json_agg(e ORDER BY "seasonNumber", "episodeNumber", "id"::bigint), '[]')::text || '}' AS body
FROM (
	SELECT e."id"::text AS "id", e."titleId"::text AS "titleId", e."seasonNumber", e."episodeNumber", e."name", e."synopsis",
		e."runtimeMinutes", e."previewSpriteUrl", e."previewVttUrl", e."introStartSec", e."introEndSec",
		e."seasonId"::text AS "seasonId", e."pendingReview", wanzami.assets(NULL, e."id", t."isPpv", $4::text) AS "assetVersions",
		wanzami.iso(e."createdAt") AS "createdAt", wanzami.iso(e."updatedAt") AS "updatedAt"
	FROM "Episode" e JOIN "Title" t ON t."id" = e."titleId"
	WHERE t."id" = $1::bigint AND NOT e."pendingReview" AND wanzami.visible(t, $2::text, $3::text)
) e
