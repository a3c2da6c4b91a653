-- Returns true if a row still refers to this object. Several rows can share artwork, and a row that names an object of another film
-- must not delete it.
CREATE OR REPLACE FUNCTION wanzami.object_shown(key text) RETURNS boolean LANGUAGE sql STABLE AS $$
	SELECT CASE WHEN key LIKE 'vod/%' THEN EXISTS (SELECT FROM "AssetVersion" v WHERE right(v."url", length(key)) = key)
		OR EXISTS (SELECT FROM wanzami.text_track x WHERE x.object_key = key)
		OR EXISTS (SELECT FROM wanzami.stream s WHERE s.asset_version_id IS NULL AND s.object_key = key)
	WHEN key LIKE 'uploads/%' THEN EXISTS (SELECT FROM "UploadJob" u WHERE u."payload" ->> 'key' = key AND u."status" IN ('UPLOADING', 'PROCESSING'))
	ELSE EXISTS (SELECT FROM "Title" t, unnest(ARRAY[t."posterUrl", t."thumbnailUrl", t."trailerUrl", t."previewSpriteUrl", t."previewVttUrl"]) u(url)
			WHERE right(u.url, length(key)) = key)
		OR EXISTS (SELECT FROM "Season" s, unnest(ARRAY[s."posterUrl", s."thumbnailUrl", s."previewSpriteUrl", s."previewVttUrl"]) u(url)
			WHERE right(u.url, length(key)) = key)
		OR EXISTS (SELECT FROM "Episode" e, unnest(ARRAY[e."previewSpriteUrl", e."previewVttUrl"]) u(url) WHERE right(u.url, length(key)) = key) END
$$;
