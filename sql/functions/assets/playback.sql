-- Returns how a title or one of its episodes is played, for a caller to whom it is visible (docs/playback.md#urls-of-a-film). episode_id
-- is NULL for the film of the title itself. A request of an editor has all URLs and no session.
CREATE OR REPLACE FUNCTION wanzami.playback(t "Title", episode_id bigint, request jsonb) RETURNS json LANGUAGE sql STABLE AS $$
	SELECT json_build_object(
		'hls', request ->> 'urlPlaceholder' || ':hls:' || f.token,
		'dash', request ->> 'urlPlaceholder' || ':dash:' || f.token,
		'progressive', wanzami.assets(CASE WHEN episode_id IS NULL THEN t."id" END, episode_id, w.way, request ->> 'urlPlaceholder'),
		'audio', wanzami.audio_of(t, episode_id),
		'text', wanzami.text_tracks(CASE WHEN episode_id IS NULL THEN t."id" END, episode_id, w.way, request ->> 'urlPlaceholder'),
		'previews', (SELECT p.vtt FROM wanzami.preview_urls(t."id", episode_id, w.way, request, w.editor) p),
		'markers', (SELECT json_build_object('chapters', coalesce(p.markers, '[]'), 'endCreditsStart', trim_scale(p.end_credits)) FROM (SELECT) one
			LEFT JOIN wanzami.preview p ON p.episode_id = playback.episode_id OR (playback.episode_id IS NULL AND p.title_id = t."id")),
		'expiresAt', CASE WHEN w.way <> 'none' THEN wanzami.iso((now() + make_interval(secs => (request ->> 'urlSeconds')::int)) AT TIME ZONE 'UTC') END,
		-- A token that was revoked gets none, since the sessions of its user are limited.
		'session', CASE WHEN w.way <> 'none' AND (request ->> 'userId' IS NULL OR wanzami.session_stands((request ->> 'userId')::bigint,
			request ->> 'deviceId', request ->> 'session', (request ->> 'issued')::bigint)) THEN request ->> 'play' END)
	FROM (SELECT request ->> 'editor' IS NOT NULL AS editor, CASE WHEN request ->> 'editor' IS NULL THEN wanzami.ppv_way(t, request) ELSE 'direct' END AS way) w,
	LATERAL (SELECT CASE WHEN w.way <> 'none' AND EXISTS (SELECT FROM wanzami.streamed(CASE WHEN episode_id IS NULL THEN t."id" END, episode_id))
		THEN wanzami.film_token(t."id", episode_id, request, w.editor) END AS token) f
$$;
