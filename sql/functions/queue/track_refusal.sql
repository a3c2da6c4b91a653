-- Returns why a title or an episode cannot get an added audio track of a language and purpose, NULL if it can. One of title_id and episode_id is NULL.
-- A track replaces an added one of the same language and purpose, but not one of the film itself, whose sound the renditions may have. The language
-- of the film's track in its file counts, too: after a change of Title.language the track can be listed with it.
CREATE OR REPLACE FUNCTION wanzami.track_refusal(title_id bigint, episode_id bigint, language text, purpose text) RETURNS text LANGUAGE sql STABLE AS $$
	SELECT CASE
		WHEN f.film IS NULL THEN 'The film is not ready to get audio tracks: upload it first, or wait until it is transcoded'
		WHEN a.tracks = 0 AND EXISTS (SELECT FROM wanzami.streamed(track_refusal.title_id, track_refusal.episode_id) r
			JOIN wanzami.stream s ON s.asset_version_id = (r.made).asset_version_id AND s.kind = 'audio')
			THEN 'The film was transcoded by an earlier release: upload it again, then add audio tracks'
		WHEN a.own THEN 'The film itself has an audio track with this language and purpose'
		WHEN a.others >= 8 THEN 'A film has at most 8 audio tracks' END
	FROM wanzami.track_film(track_refusal.title_id, track_refusal.episode_id) f, LATERAL (
		SELECT count(DISTINCT (l.made).track) AS tracks, count(DISTINCT (l.made).track) FILTER (WHERE NOT g.same) AS others,
			coalesce(bool_or(g.same AND (l.made).upload_job_id IS NULL), false) AS own
		FROM wanzami.audio_listed(track_refusal.title_id, track_refusal.episode_id,
			wanzami.film_language(track_refusal.title_id, track_refusal.episode_id)) l,
		LATERAL (SELECT lower(track_refusal.language) IN (lower(l.tag), lower((l.made).language)) AND track_refusal.purpose =
			wanzami.audio_purpose((l.made).purpose, (l.made).described) AS same) g) a
$$;
