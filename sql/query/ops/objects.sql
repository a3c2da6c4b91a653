-- Commands wanzami doctor --objects and wanzami restored: returns the keys of the objects that rows name, and the row for people.
-- Renditions count when they are READY, uploaded films until they are encoded.
-- $1: bucket, local for MEDIA_DIR.
SELECT DISTINCT ON (key) key, named FROM (
	SELECT wanzami.object_named(v."url") AS key, format('rendition %s of %s', v."rendition", coalesce('title ' || v."titleId", 'episode ' || v."episodeId")) AS named
	FROM "AssetVersion" v WHERE v."status" = 'READY' AND v."url" LIKE 's3://%'
	UNION ALL
	SELECT x.object_key, format('%s of %s', x.kind, coalesce('title ' || x.title_id, 'episode ' || x.episode_id)) FROM wanzami.text_track x
	UNION ALL
	SELECT k, 'preview of ' || coalesce('title ' || p.title_id, 'episode ' || p.episode_id) FROM wanzami.preview p, unnest(p.sheets || p.posters) k
	UNION ALL
	SELECT s.object_key, 'audio of ' || coalesce('title ' || s.title_id, 'episode ' || s.episode_id) FROM wanzami.stream s WHERE s.asset_version_id IS NULL
	UNION ALL
	SELECT u."payload" ->> 'key', 'uploaded film of upload ' || u."id" FROM "UploadJob" u WHERE u."status" = 'PROCESSING'
	UNION ALL
	SELECT wanzami.object_named(a.url), a.named FROM (
		SELECT u.url, 'artwork of title ' || t."id" AS named
		FROM "Title" t, unnest(ARRAY[t."posterUrl", t."thumbnailUrl", t."trailerUrl", t."previewSpriteUrl", t."previewVttUrl"]) u(url)
		UNION ALL
		SELECT u.url, 'artwork of season ' || s."id"
		FROM "Season" s, unnest(ARRAY[s."posterUrl", s."thumbnailUrl", s."previewSpriteUrl", s."previewVttUrl"]) u(url)
		UNION ALL
		SELECT u.url, 'artwork of episode ' || e."id" FROM "Episode" e, unnest(ARRAY[e."previewSpriteUrl", e."previewVttUrl"]) u(url)
	) a WHERE wanzami.is_object(a.url, $1::text)
) o WHERE key IS NOT NULL ORDER BY key
