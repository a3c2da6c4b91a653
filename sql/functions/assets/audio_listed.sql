-- Returns the audio objects of a title or an episode for playlists, in their order. One of title_id and episode_id is NULL. title_language is
-- Title.language: that of the first track; without it the language in the source counts. If the film itself has several tracks, the title's language
-- is that of the first one only if the source states none for it; and never if another track of its purpose has it. "id" is unique in the film. Stereo
-- comes before 5.1.
CREATE OR REPLACE FUNCTION wanzami.audio_listed(title_id bigint, episode_id bigint, title_language text)
RETURNS TABLE (id text, tag text, name text, made wanzami.stream) LANGUAGE sql STABLE AS $$
	SELECT concat_ws('-', l.tag, nullif(f.purpose, 'main'), CASE WHEN f.channels > 2 THEN 'surround' WHEN f.lower THEN (f.bitrate / 1000)::text END), l.tag,
		CASE f.purpose
			WHEN 'description' THEN l.name || ' (audio description)'
			WHEN 'clear' THEN l.name || ' (clear speech)'
			WHEN 'commentary' THEN coalesce(nullif(f.label, ''), l.name || ' (commentary)')
			ELSE l.name END, f.s
	FROM (
		SELECT s, s.track, s.channels, s.bitrate, s.language, s.label, s.purpose, p.used, s.upload_job_id IS NOT NULL AS added, s.bitrate < max(s.bitrate) OVER (PARTITION BY s.track, s.channels) AS lower,
			coalesce(max(s.track) FILTER (WHERE s.upload_job_id IS NULL) OVER () > 1, false) AS several,
			coalesce(array_agg(s.language || ' ' || p.used) FILTER (WHERE s.track > 1) OVER (), '{}') AS others
		FROM wanzami.stream s, LATERAL (SELECT wanzami.audio_purpose(s.purpose, s.described) AS used) p
		WHERE s.asset_version_id IS NULL AND (s.title_id = audio_listed.title_id OR s.episode_id = audio_listed.episode_id)) f,
	LATERAL (
		SELECT CASE WHEN v.exact AND g.tag <> lower(v.spoken) THEN v.spoken ELSE g.tag END AS tag,
			CASE WHEN v.exact AND g.tag <> lower(v.spoken) THEN v.spoken ELSE g.name END AS name
		FROM (VALUES (1, title_language, false), (2, f.language, f.several OR f.added)) v (rank, spoken, exact), LATERAL wanzami.language(v.spoken) g
		WHERE v.rank = 2 OR (f.track = 1 AND (NOT f.several OR f.language = 'und') AND g.tag || ' ' || f.used <> ALL (f.others))
		ORDER BY g.tag = 'und' AND NOT v.exact, v.rank LIMIT 1) l
	ORDER BY f.track, f.channels, f.bitrate DESC
$$;
