-- Returns the audio tracks of a title or an episode for editors, and the uploads of added tracks that have not ended well: those that go on, and those that
-- have failed in the last 30 days unless a later one is for the same track. One of title_id and episode_id is NULL.
CREATE OR REPLACE FUNCTION wanzami.audio_edited(title_id bigint, episode_id bigint) RETURNS json LANGUAGE sql STABLE AS $$
	SELECT json_build_object('audio', (SELECT coalesce(json_agg(json_build_object('id', x.upload::text, 'language', x.tag, 'name', x.name, 'kind', x.kind,
			'default', x.first, 'channels', x.channels, 'origin', CASE WHEN x.upload IS NULL THEN 'embedded' ELSE 'added' END,
			'fileName', u."payload" ->> 'fileName', 'notes', coalesce(w.notes, '[]'), 'createdAt', wanzami.iso(u."createdAt")) ORDER BY x.track), '[]')
		FROM (SELECT DISTINCT ON ((a.made).track) (a.made).track, a.tag, a.name, (a.made).channels, (a.made).upload_job_id AS upload,
				wanzami.audio_purpose((a.made).purpose, (a.made).described) AS kind,
				(a.made).track = min((a.made).track) OVER () AS first
			FROM wanzami.audio_listed(o.title, o.episode, o.language) a ORDER BY (a.made).track, (a.made).channels DESC) x
		LEFT JOIN "UploadJob" u ON u."id" = x.upload LEFT JOIN wanzami.transcode_job w ON w.upload_job_id = x.upload),
	'uploads', (SELECT coalesce(json_agg(wanzami.upload_shown(u) ORDER BY u."id"), '[]') FROM "UploadJob" u
		WHERE wanzami.same_film(u."titleId", u."episodeId", o.title, o.episode) AND u."payload" ? 'audio'
		AND (u."status" IN ('UPLOADING', 'PENDING', 'PROCESSING') OR (u."status" = 'FAILED' AND u."updatedAt" > wanzami.now() - interval '30 days'
			AND NOT EXISTS (SELECT FROM "UploadJob" n WHERE wanzami.same_film(n."titleId", n."episodeId", o.title, o.episode)
				AND n."payload" -> 'audio' = u."payload" -> 'audio' AND n."id" > u."id" AND n."status" <> 'CANCELED')))))
	FROM (SELECT audio_edited.title_id AS title, audio_edited.episode_id AS episode,
		wanzami.film_language(audio_edited.title_id, audio_edited.episode_id) AS language) o
$$;
