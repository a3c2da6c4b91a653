-- Returns all episodes of a title as editors see them. The URLs of their renditions are as they are stored. If "placeholder", urlPlaceholder of the statement, is
-- not NULL, they are playable, and an episode has its audio tracks.
CREATE OR REPLACE FUNCTION wanzami.episodes_all(title_id bigint, placeholder text DEFAULT NULL) RETURNS json LANGUAGE sql STABLE AS $$
	SELECT coalesce(json_agg(CASE WHEN placeholder IS NULL THEN row_to_json(r) ELSE (left(row_to_json(r)::text, -1) || ',"audio":' ||
		CASE WHEN r."assetVersions"::text = '[]' THEN '[]' ELSE (SELECT wanzami.audio_of(t, r."id"::bigint)::text FROM "Title" t WHERE t."id" = title_id) END
		|| '}')::json END ORDER BY r."seasonNumber", r."episodeNumber", r."id"::bigint), '[]') FROM (
		SELECT e."id"::text AS "id", e."titleId"::text AS "titleId", e."seasonNumber", e."episodeNumber", e."name", e."synopsis",
			e."runtimeMinutes", e."previewSpriteUrl", e."previewVttUrl", e."introStartSec", e."introEndSec", e."seasonId"::text AS "seasonId",
			e."pendingReview",
			(SELECT ('[' || coalesce(string_agg(wanzami.asset(v, CASE WHEN placeholder IS NULL THEN v."url"
					ELSE wanzami.playable(v."url", '|vod', placeholder) END), ',' ORDER BY v."rendition", v."id"), '') || ']')::json
				FROM "AssetVersion" v WHERE v."episodeId" = e."id" AND v."status" = 'READY') AS "assetVersions",
			wanzami.iso(e."createdAt") AS "createdAt", wanzami.iso(e."updatedAt") AS "updatedAt"
		FROM "Episode" e WHERE e."titleId" = title_id) r
$$;
