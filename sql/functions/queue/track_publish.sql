-- Publishes the objects of an added audio track ("made" as for wanzami.transcode_finish(), which has locked the film) in place of those of an added
-- one with the same language and purpose, unless that is of a later upload. Returns false, and changes nothing, if the film has been replaced since the
-- claim or cannot get the track.
CREATE OR REPLACE FUNCTION wanzami.track_publish(job_id bigint, made jsonb) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
	title bigint;
	episode bigint;
	wanted jsonb;
	gone text[];
BEGIN
	SELECT CASE WHEN u."episodeId" IS NULL THEN u."titleId" END, u."episodeId", j.audio INTO STRICT title, episode, wanted
	FROM "UploadJob" u JOIN wanzami.transcode_job j ON j.upload_job_id = u."id" WHERE u."id" = job_id;
	IF (SELECT f.film FROM wanzami.track_film(title, episode) f) IS DISTINCT FROM (wanted ->> 'film')::bigint
		OR wanzami.track_refusal(title, episode, wanted ->> 'language', wanted ->> 'purpose') IS NOT NULL THEN
		RETURN false;
	END IF;
	IF EXISTS (SELECT FROM wanzami.stream s JOIN wanzami.transcode_job later ON later.upload_job_id = s.upload_job_id
		JOIN wanzami.transcode_job j ON j.upload_job_id = job_id AND j.number < later.number
		WHERE (s.title_id = title OR s.episode_id = episode) AND s.language = wanted ->> 'language' AND s.purpose = wanted ->> 'purpose') THEN
		UPDATE wanzami.object_trash SET delete_after = now() WHERE upload_job_id = job_id AND attempts = 0;
		RETURN true;
	END IF;
	gone := ARRAY(SELECT s.object_key FROM wanzami.stream s WHERE (s.title_id = title OR s.episode_id = episode) AND s.upload_job_id IS NOT NULL
		AND s.language = wanted ->> 'language' AND s.purpose = wanted ->> 'purpose');
	-- The film's own tracks have the numbers up to 8.
	PERFORM wanzami.audio_replace(gone, made, jsonb_build_object('title_id', title, 'episode_id', episode, 'upload_job_id', job_id, 'track', (
		SELECT min(n) FROM generate_series(9, 16) n WHERE NOT EXISTS (SELECT FROM wanzami.stream o
			WHERE (o.title_id = title OR o.episode_id = episode) AND o.track = n AND o.object_key <> ALL (gone)))));
	RETURN true;
END $$;
