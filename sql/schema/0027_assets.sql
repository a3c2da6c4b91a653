-- The READY renditions of a title or of an episode, largest first, the newest of each, handed out that way. A size or duration that
-- nobody knows is not mentioned (contract media §2.7).
CREATE OR REPLACE FUNCTION wanzami.assets(title_id bigint, episode_id bigint, way text, mark text) RETURNS json LANGUAGE sql STABLE AS $$
	SELECT ('[' || coalesce(string_agg(left(row_to_json(a)::text, -1) || coalesce(',"sizeBytes":' || b."sizeBytes", '')
		|| coalesce(',"durationSec":' || b."durationSec", '') || ',"status":"READY"}', ',' ORDER BY b."rendition"), '') || ']')::json
	FROM (
		SELECT DISTINCT ON (v."rendition") v.* FROM "AssetVersion" v
		WHERE v."status" = 'READY' AND (v."titleId" = title_id OR v."episodeId" = episode_id)
		ORDER BY v."rendition", v."updatedAt" DESC, v."id" DESC
	) b, LATERAL (SELECT b."id"::text AS "id", b."rendition",
		CASE way WHEN 'direct' THEN wanzami.playable(b."url", '|vod', mark) WHEN 'gate' THEN mark || ':gate:' || b."id" END AS "url") a
$$;
