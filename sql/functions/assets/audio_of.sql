-- Returns the audio tracks of the film of a title, or of its episode if episode_id is not NULL, as audio_tracks() does; '[]' if its renditions have no streams with
-- sound. A film without audio objects has one track.
CREATE OR REPLACE FUNCTION wanzami.audio_of(t "Title", episode_id bigint) RETURNS json LANGUAGE sql STABLE AS $$
	SELECT CASE WHEN l.sound THEN coalesce(l.list, json_build_array(json_build_object('language', l.tag, 'name', l.name, 'kind', 'main', 'default', true, 'channels', 2)))
		ELSE '[]' END
	FROM (SELECT g.tag, g.name, a.list, EXISTS (
			SELECT FROM wanzami.streamed(CASE WHEN audio_of.episode_id IS NULL THEN t."id" END, audio_of.episode_id) r LEFT JOIN wanzami.stream s
			ON s.asset_version_id = (r.made).asset_version_id AND s.kind = 'audio' AND s.object_key = (r.made).object_key
			WHERE a.list IS NOT NULL OR s.kind IS NOT NULL) AS sound
		FROM wanzami.language(t."language") g, LATERAL wanzami.audio_tracks(CASE WHEN audio_of.episode_id IS NULL THEN t."id" END, audio_of.episode_id, t."language") a (list)) l
$$;
