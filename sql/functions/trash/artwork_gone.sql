-- Trigger function: puts artwork, trailers and previews into the trash when a title or season gets others (docs/compatibility.md#replaced-artwork).
-- Objects of films ("vod") are left to their own rows.
CREATE OR REPLACE FUNCTION wanzami.artwork_gone() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	PERFORM wanzami.discard(gone.key, 'replaced') FROM (
		SELECT DISTINCT wanzami.object_named(u.value) AS key FROM jsonb_each_text(to_jsonb(old)) u
		WHERE u.key IN ('posterUrl', 'thumbnailUrl', 'trailerUrl', 'previewSpriteUrl', 'previewVttUrl')
			AND wanzami.object_named(u.value) IS DISTINCT FROM wanzami.object_named(to_jsonb(new) ->> u.key)
	) gone WHERE gone.key !~ '^(vod|uploads)/' ORDER BY gone.key;
	RETURN NULL;
END $$;
