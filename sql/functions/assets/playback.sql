-- Returns how a title or one of its episodes is played, for a caller to whom it is visible (docs/playback.md#urls-of-a-film). episode_id
-- is NULL for the film of the title itself.
CREATE OR REPLACE FUNCTION wanzami.playback(t "Title", episode_id bigint, request jsonb) RETURNS json LANGUAGE sql STABLE AS $$
	SELECT json_build_object(
		'hls', request ->> 'urlPlaceholder' || ':hls:' || f.token,
		'dash', request ->> 'urlPlaceholder' || ':dash:' || f.token,
		'progressive', wanzami.assets(CASE WHEN episode_id IS NULL THEN t."id" END, episode_id, w.way, request ->> 'urlPlaceholder'),
		'audio', CASE WHEN l.sound THEN l.list ELSE '[]' END,
		'text', wanzami.text_tracks(CASE WHEN episode_id IS NULL THEN t."id" END, episode_id, w.way, request ->> 'urlPlaceholder'),
		'previews', (SELECT p.vtt FROM wanzami.preview_urls(t."id", episode_id, w.way, request) p),
		'markers', (SELECT json_build_object('chapters', coalesce(p.markers, '[]'), 'endCreditsStart', trim_scale(p.end_credits)) FROM (SELECT) one
			LEFT JOIN wanzami.preview p ON p.episode_id = playback.episode_id OR (playback.episode_id IS NULL AND p.title_id = t."id")),
		'expiresAt', CASE WHEN w.way <> 'none' THEN wanzami.iso((now() + make_interval(secs => (request ->> 'urlSeconds')::int)) AT TIME ZONE 'UTC') END,
		-- A token that was revoked gets none, since the sessions of its user are limited.
		'session', CASE WHEN w.way <> 'none' AND (request ->> 'userId' IS NULL OR wanzami.session_stands((request ->> 'userId')::bigint,
			request ->> 'deviceId', request ->> 'session', (request ->> 'issued')::bigint)) THEN request ->> 'play' END)
	FROM (SELECT wanzami.ppv_way(t, request) AS way) w,
	LATERAL (SELECT CASE WHEN w.way <> 'none' AND EXISTS (SELECT FROM wanzami.streamed(CASE WHEN episode_id IS NULL THEN t."id" END, episode_id))
		THEN wanzami.film_token(t."id", episode_id, request) END AS token) f,
	LATERAL (SELECT coalesce(a.list, json_build_array(json_build_object('language', g.tag, 'name', g.name, 'kind', 'main', 'default', true, 'channels', 2))) AS list, EXISTS (
			SELECT FROM wanzami.streamed(CASE WHEN episode_id IS NULL THEN t."id" END, episode_id) r LEFT JOIN wanzami.stream s
			ON s.asset_version_id = (r.made).asset_version_id AND s.kind = 'audio' AND s.object_key = (r.made).object_key
			WHERE a.list IS NOT NULL OR s.kind IS NOT NULL) AS sound
		FROM wanzami.language(t."language") g, LATERAL wanzami.audio_tracks(CASE WHEN episode_id IS NULL THEN t."id" END, episode_id, t."language") a (list)) l
$$;
