-- Returns the tracks of text of a title or an episode for players (text_shown()). "way" and "placeholder" are those of assets(): the URL is NULL unless
-- the way is 'direct'.
CREATE OR REPLACE FUNCTION wanzami.text_tracks(title_id bigint, episode_id bigint, way text, placeholder text) RETURNS json LANGUAGE sql STABLE AS $$
	SELECT coalesce(json_agg(json_build_object('language', x.language, 'label', x.label, 'kind', x.kind, 'default', x.is_default, 'forced', x.is_forced,
		'url', CASE way WHEN 'direct' THEN placeholder || ':43200:' || x.object_key END) ORDER BY x.is_forced, x.language, x.kind DESC, x.id), '[]')
	FROM wanzami.text_shown(text_tracks.title_id, text_tracks.episode_id) x
$$;
