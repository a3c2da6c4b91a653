-- A rendition as clients see it, with the address that they get of it, as JSON text. A size or duration that nobody knows is not
-- mentioned, nor a size of 0 (contract media §2.7).
CREATE FUNCTION wanzami.asset(v "AssetVersion", url text) RETURNS text LANGUAGE sql STABLE AS $$
	SELECT left(json_build_object('id', v."id"::text, 'rendition', v."rendition", 'url', url)::text, -1)
		|| coalesce(',"sizeBytes":' || nullif(v."sizeBytes", 0), '') || coalesce(',"durationSec":' || v."durationSec", '')
		|| ',"status":"' || v."status" || '"}'
$$;

-- The READY renditions of a title or of an episode, largest first, the newest of each, handed out that way.
CREATE OR REPLACE FUNCTION wanzami.assets(title_id bigint, episode_id bigint, way text, mark text) RETURNS json LANGUAGE sql STABLE AS $$
	SELECT ('[' || coalesce(string_agg(wanzami.asset(b.v, CASE way WHEN 'direct' THEN wanzami.playable((b.v)."url", '|vod', mark)
		WHEN 'gate' THEN mark || ':gate:' || (b.v)."id" END), ',' ORDER BY (b.v)."rendition"), '') || ']')::json
	FROM (
		SELECT DISTINCT ON (v."rendition") v FROM "AssetVersion" v
		WHERE v."status" = 'READY' AND (v."titleId" = title_id OR v."episodeId" = episode_id)
		ORDER BY v."rendition", v."updatedAt" DESC, v."id" DESC
	) b
$$;

-- The episodes of a title as editors see them: all, with the addresses as they are stored.
CREATE OR REPLACE FUNCTION wanzami.episodes_all(title_id bigint) RETURNS json LANGUAGE sql STABLE AS $$
	SELECT coalesce(json_agg(r ORDER BY r."seasonNumber", r."episodeNumber", r."id"::bigint), '[]') FROM (
		SELECT e."id"::text AS "id", e."titleId"::text AS "titleId", e."seasonNumber", e."episodeNumber", e."name", e."synopsis",
			e."runtimeMinutes", e."previewSpriteUrl", e."previewVttUrl", e."introStartSec", e."introEndSec", e."seasonId"::text AS "seasonId",
			e."pendingReview",
			(SELECT ('[' || coalesce(string_agg(wanzami.asset(v, v."url"), ',' ORDER BY v."rendition", v."id"), '') || ']')::json
				FROM "AssetVersion" v WHERE v."episodeId" = e."id" AND v."status" = 'READY') AS "assetVersions",
			wanzami.iso(e."createdAt") AS "createdAt", wanzami.iso(e."updatedAt") AS "updatedAt"
		FROM "Episode" e WHERE e."titleId" = title_id) r
$$;
