-- Returns the film of a title or an episode to which added audio tracks are fitted: the id of its latest upload, the frame rate and the length of its
-- video in seconds; NULLs if it is not ready, or of a release without wanzami.stream. One of title_id and episode_id is NULL.
CREATE OR REPLACE FUNCTION wanzami.track_film(title_id bigint, episode_id bigint, OUT film bigint, OUT frame_rate float8, OUT seconds float8) LANGUAGE sql STABLE AS $$
	SELECT substring((r.made).object_key FROM '^vod/([0-9]{1,18})/')::bigint, (r.made).frame_rate,
		(SELECT sum(d) FROM unnest(s.durations) d)::float8 / s.timescale
	FROM wanzami.streamed(track_film.title_id, track_film.episode_id) r
	JOIN wanzami.stream s ON s.asset_version_id = (r.made).asset_version_id AND s.kind = 'video' AND s.object_key = (r.made).object_key
	ORDER BY (r.made).job_number DESC, r.rung LIMIT 1
$$;
