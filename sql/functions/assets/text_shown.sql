-- Returns the tracks of text of a title or an episode that players list. One of title_id and episode_id is NULL. A sidecar file hides what the film
-- itself has in its language and kind. At most one track is the default.
CREATE OR REPLACE FUNCTION wanzami.text_shown(title_id bigint, episode_id bigint) RETURNS SETOF wanzami.text_track LANGUAGE sql STABLE AS $$
	SELECT x.id, x.title_id, x.episode_id, x.upload_job_id, x.language, coalesce(nullif(x.label, ''),
			(SELECT l.name FROM wanzami.language(x.language) l WHERE l.tag <> 'und'), x.language), x.kind,
		x.is_default AND row_number() OVER (ORDER BY x.is_default DESC, x.origin DESC, x.id) = 1, x.is_forced, x.object_key, x.origin, x.created_at
	FROM wanzami.text_track x
	WHERE (x.title_id = text_shown.title_id OR x.episode_id = text_shown.episode_id) AND NOT (x.origin = 'embedded' AND EXISTS (
		SELECT FROM wanzami.text_track s WHERE s.origin = 'sidecar' AND (s.title_id = x.title_id OR s.episode_id = x.episode_id)
		AND s.language = x.language AND s.kind = x.kind AND s.is_forced = x.is_forced))
	ORDER BY x.is_forced, x.language, x.kind DESC, x.id
$$;
