-- Returns the READY renditions of a title or an episode, the largest first and only the newest of each. One of title_id and
-- episode_id is NULL. "way" is the result of ppv_way(): how their URLs are handed out; "placeholder" is urlPlaceholder of the statement
-- (docs/routes.md#statements). "hls" (app_hls()), if it is not NULL, takes the place of the URL of the largest one, if HLS can play that.
CREATE OR REPLACE FUNCTION wanzami.assets(title_id bigint, episode_id bigint, way text, placeholder text, hls text DEFAULT NULL)
RETURNS json LANGUAGE sql STABLE AS $$
	SELECT ('[' || coalesce(string_agg(wanzami.asset(b.v, CASE WHEN b.place = 1 AND hls IS NOT NULL
			AND EXISTS (SELECT FROM wanzami.streamed(assets.title_id, assets.episode_id) s WHERE s.rung = (b.v)."rendition") THEN hls
		WHEN way = 'direct' THEN wanzami.playable((b.v)."url", '|vod', placeholder)
		WHEN way = 'gate' THEN placeholder || ':gate:' || (b.v)."id" END), ',' ORDER BY b.place), '') || ']')::json
	FROM (
		SELECT n.v, row_number() OVER (ORDER BY (n.v)."rendition") AS place FROM (
			SELECT DISTINCT ON (v."rendition") v FROM "AssetVersion" v
			WHERE v."status" = 'READY' AND (v."titleId" = title_id OR v."episodeId" = episode_id)
			ORDER BY v."rendition", v."updatedAt" DESC, v."id" DESC
		) n
	) b
$$;
