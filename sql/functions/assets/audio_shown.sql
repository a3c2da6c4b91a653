-- Returns the audio objects of a title or an episode for playlists, in their order. One of title_id and episode_id is NULL. title_language is
-- Title.language: that of the first track; without it the language in the source counts. "id" is unique in the film.
CREATE OR REPLACE FUNCTION wanzami.audio_shown(title_id bigint, episode_id bigint, title_language text)
RETURNS TABLE (id text, tag text, name text, made wanzami.stream) LANGUAGE sql STABLE AS $$
	SELECT l.tag || CASE WHEN s.bitrate < max(s.bitrate) OVER (PARTITION BY s.track) THEN '-' || s.bitrate / 1000 ELSE '' END, l.tag, l.name, s
	FROM wanzami.stream s, LATERAL (
		SELECT g.tag, g.name FROM (VALUES (1, title_language), (2, s.language)) v (rank, spoken), LATERAL wanzami.language(v.spoken) g
		ORDER BY g.tag = 'und', v.rank LIMIT 1) l
	WHERE s.asset_version_id IS NULL AND (s.title_id = audio_shown.title_id OR s.episode_id = audio_shown.episode_id)
	ORDER BY s.track, s.bitrate DESC
$$;
