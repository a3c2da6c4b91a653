-- Returns the audio tracks of a title or an episode for players (audio_listed()): NULL if it has no audio objects. The first track is the default.
-- "channels" is the most that the track is played with: 2, or 6 for 5.1.
CREATE OR REPLACE FUNCTION wanzami.audio_tracks(title_id bigint, episode_id bigint, title_language text) RETURNS json LANGUAGE sql STABLE AS $$
	SELECT json_agg(json_build_object('language', x.tag, 'name', x.name, 'kind', wanzami.audio_purpose(x.purpose, x.described),
		'default', x.place = 1, 'channels', x.channels) ORDER BY x.place)
	FROM (SELECT DISTINCT ON ((a.made).track) a.tag, a.name, (a.made).purpose, (a.made).described, (a.made).channels,
			dense_rank() OVER (ORDER BY (a.made).track) AS place
		FROM wanzami.audio_listed(audio_tracks.title_id, audio_tracks.episode_id, audio_tracks.title_language) a
		ORDER BY (a.made).track, (a.made).channels DESC) x
$$;
