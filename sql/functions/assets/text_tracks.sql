-- Returns the tracks of text of a title or an episode for players, in the order of forced, language, kind and age. One of title_id and episode_id is
-- NULL. "way" and "placeholder" are those of assets(): the URL is NULL unless the way is 'direct'. A sidecar file hides what the film itself
-- has in its language and kind. At most one track is the default.
CREATE OR REPLACE FUNCTION wanzami.text_tracks(title_id bigint, episode_id bigint, way text, placeholder text) RETURNS json LANGUAGE sql STABLE AS $$
	SELECT coalesce(json_agg(json_build_object('language', x.language, 'label', coalesce(nullif(x.label, ''), x.language), 'kind', x.kind,
		'default', x.id IS NOT DISTINCT FROM x.chosen, 'forced', x.is_forced,
		'url', CASE way WHEN 'direct' THEN placeholder || ':43200:' || x.object_key END) ORDER BY x.is_forced, x.language, x.kind DESC, x.id), '[]')
	FROM (
		SELECT t.*, first_value(CASE WHEN t.is_default THEN t.id END) OVER (ORDER BY t.is_default DESC, t.origin DESC, t.id) AS chosen
		FROM wanzami.text_track t
		WHERE (t.title_id = text_tracks.title_id OR t.episode_id = text_tracks.episode_id) AND NOT (t.origin = 'embedded' AND EXISTS (
			SELECT FROM wanzami.text_track s WHERE s.origin = 'sidecar' AND (s.title_id = t.title_id OR s.episode_id = t.episode_id)
			AND s.language = t.language AND s.kind = t.kind AND s.is_forced = t.is_forced))
	) x
$$;
