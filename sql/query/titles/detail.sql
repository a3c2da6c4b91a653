-- GET /api/titles/:id (docs/compatibility.md#catalogue-detail): returns 200 with a title that is visible for country and
-- audience, its episodes, seasons and renditions; or 404. everyone: it is the same for all users (src/http/response_cache.h).
-- $1: enforcement, userId, deviceId, session, issued, id, country, audience, urlPlaceholder, appHls.
WITH title AS (
	SELECT t.*, wanzami.ppv_way(t, $1) AS way FROM "Title" t WHERE t."id" = ($1 ->> 'id')::bigint AND wanzami.visible(t, ($1 ->> 'country'), ($1 ->> 'audience'))
), episode AS (
	SELECT e."id"::text AS "id", e."titleId"::text AS "titleId", e."seasonNumber", e."episodeNumber", e."name", e."synopsis",
		e."runtimeMinutes", coalesce(e."previewSpriteUrl", p.sprite) AS "previewSpriteUrl", coalesce(e."previewVttUrl", p.vtt) AS "previewVttUrl",
		e."introStartSec", e."introEndSec", e."seasonId"::text AS "seasonId", wanzami.iso(e."createdAt") AS "createdAt", wanzami.iso(e."updatedAt") AS "updatedAt",
		wanzami.assets(NULL, e."id", t.way, ($1 ->> 'urlPlaceholder'), wanzami.app_hls(t."id", e."id", t.way, $1)) AS "assetVersions"
	FROM "Episode" e JOIN title t ON t."id" = e."titleId" LEFT JOIN LATERAL wanzami.preview_urls(t."id", e."id", t.way, $1) p
		ON e."previewSpriteUrl" IS NULL AND e."previewVttUrl" IS NULL
	WHERE NOT e."pendingReview"
), season AS (
	SELECT s."id"::text AS "id", s."titleId"::text AS "titleId", s."seasonNumber", s."name", s."description",
		wanzami.iso(s."releaseDate") AS "releaseDate", s."status", s."posterUrl", s."thumbnailUrl", s."previewSpriteUrl",
		s."previewVttUrl", wanzami.iso(s."createdAt") AS "createdAt", wanzami.iso(s."updatedAt") AS "updatedAt"
	FROM "Season" s JOIN title t ON t."id" = s."titleId"
), answer AS (
	SELECT left(row_to_json(r)::text, -1) ||
		-- The key is absent if the title has no release date.
		coalesce(',"releaseYear":' || extract(year FROM t."releaseDate")::int, '') || ',' || substr(row_to_json(rest)::text, 2) AS title
	FROM title t LEFT JOIN LATERAL wanzami.preview_urls(t."id", NULL, t.way, $1) p ON t."previewSpriteUrl" IS NULL AND t."previewVttUrl" IS NULL,
	LATERAL (SELECT
		t."id"::text AS "id", t."name", t."type", t."description",
		coalesce(t."genres", '{}') AS "genres", coalesce(t."cast", '{}') AS "cast", coalesce(t."crew", '{}') AS "crew",
		t."language", t."maturityRating", t."runtimeMinutes", coalesce(t."countryAvailability", '{}') AS "countryAvailability",
		t."isOriginal", t."posterUrl", t."thumbnailUrl", wanzami.playable(t."trailerUrl", '', ($1 ->> 'urlPlaceholder')) AS "trailerUrl",
		t."introStartSec", t."introEndSec", coalesce(t."previewSpriteUrl", p.sprite) AS "previewSpriteUrl",
		coalesce(t."previewVttUrl", p.vtt) AS "previewVttUrl", t."archived",
		wanzami.iso(t."createdAt") AS "createdAt", wanzami.iso(t."updatedAt") AS "updatedAt"
	) r, LATERAL (SELECT
		t."isPpv", t."ppvPriceNaira", t."ppvCurrency", t."ppvDescription",
		(SELECT count(*) FROM episode) AS "episodeCount",
		wanzami.assets(t."id", NULL, t.way, ($1 ->> 'urlPlaceholder'), wanzami.app_hls(t."id", NULL, t.way, $1)) AS "assetVersions",
		(SELECT coalesce(json_agg(e ORDER BY "seasonNumber", "episodeNumber", "id"::bigint), '[]') FROM episode e) AS "episodes",
		(SELECT coalesce(json_agg(s ORDER BY "seasonNumber"), '[]') FROM season s) AS "seasons"
	) rest
)
SELECT CASE WHEN a.title IS NULL THEN 404 ELSE 200 END AS status,
	NOT EXISTS (SELECT FROM title t WHERE t."isPpv" AND $1 ->> 'enforcement' <> 'off') AS everyone,
	coalesce('{"title":' || a.title || '}', '{"message":"Title not found"}') AS body
FROM (SELECT 1) one LEFT JOIN answer a ON true
