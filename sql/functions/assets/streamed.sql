-- Returns the renditions of a title or an episode that HLS and DASH can play, the largest first: the newest READY one of each, if
-- wanzami.stream describes its object. One of title_id and episode_id is NULL.
CREATE OR REPLACE FUNCTION wanzami.streamed(title_id bigint, episode_id bigint) RETURNS TABLE (rung "Rendition", made wanzami.rendition)
LANGUAGE sql STABLE AS $$
	SELECT v."rendition", r FROM (
		SELECT DISTINCT ON (v."rendition") v."rendition", v."id", regexp_replace(v."url", '^s3://[^/]*/', '') AS key FROM "AssetVersion" v
		WHERE v."status" = 'READY' AND (v."titleId" = title_id OR v."episodeId" = episode_id)
		ORDER BY v."rendition", v."updatedAt" DESC, v."id" DESC
	) v JOIN wanzami.rendition r ON r.asset_version_id = v."id" AND r.object_key = v.key
	WHERE EXISTS (SELECT FROM wanzami.stream s WHERE s.asset_version_id = v."id" AND s.kind = 'video' AND s.object_key = v.key)
	ORDER BY v."rendition"
$$;
