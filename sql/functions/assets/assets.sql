-- Returns the READY renditions of a title or an episode, the largest first and only the newest of each. One of title_id and
-- episode_id is NULL. "way" is the result of ppv_way(): how their URLs are handed out; "placeholder" is urlPlaceholder of the statement
-- (docs/routes.md#statements).
CREATE OR REPLACE FUNCTION wanzami.assets(title_id bigint, episode_id bigint, way text, placeholder text) RETURNS json LANGUAGE sql STABLE AS $$
	SELECT ('[' || coalesce(string_agg(wanzami.asset(b.v, CASE way WHEN 'direct' THEN wanzami.playable((b.v)."url", '|vod', placeholder)
		WHEN 'gate' THEN placeholder || ':gate:' || (b.v)."id" END), ',' ORDER BY (b.v)."rendition"), '') || ']')::json
	FROM (
		SELECT DISTINCT ON (v."rendition") v FROM "AssetVersion" v
		WHERE v."status" = 'READY' AND (v."titleId" = title_id OR v."episodeId" = episode_id)
		ORDER BY v."rendition", v."updatedAt" DESC, v."id" DESC
	) b
$$;
