-- Returns what wanzami.audio_listed() does, without 5.1. Processes of the release before 5.1 call it during a rolling deployment: they would take the
-- object with the highest bit rate for the default of every viewer.
CREATE OR REPLACE FUNCTION wanzami.audio_shown(title_id bigint, episode_id bigint, title_language text)
RETURNS TABLE (id text, tag text, name text, made wanzami.stream) LANGUAGE sql STABLE AS $$
	SELECT a.id, a.tag, a.name, a.made FROM wanzami.audio_listed(audio_shown.title_id, audio_shown.episode_id, audio_shown.title_language) a
	WHERE (a.made).channels <= 2 ORDER BY (a.made).track, (a.made).bitrate DESC
$$;
