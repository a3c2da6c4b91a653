-- Returns "audio" of the transcode job of an added audio track with what a worker needs to know of the film: film, frameRate and seconds of
-- wanzami.track_film(), or refusal, why there can be no track now. NULL for the job of a film.
CREATE OR REPLACE FUNCTION wanzami.track_fit(job_id bigint, audio jsonb) RETURNS jsonb LANGUAGE sql STABLE AS $$
	SELECT jsonb_strip_nulls(audio || jsonb_build_object('film', f.film, 'frameRate', f.frame_rate, 'seconds', f.seconds,
		'refusal', wanzami.track_refusal(o.title, o.episode, audio ->> 'language', audio ->> 'purpose') || '.'))
	FROM "UploadJob" u, LATERAL (SELECT CASE WHEN u."episodeId" IS NULL THEN u."titleId" END AS title, u."episodeId" AS episode) o,
		LATERAL wanzami.track_film(o.title, o.episode) f
	WHERE u."id" = job_id AND audio IS NOT NULL
$$;
