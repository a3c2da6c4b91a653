-- Publishes the audio objects that a transcode job has made, the objects with "audio" in "made", in place of those of earlier uploads. A job for
-- one rendition without sound leaves them. If a later upload of the film is published already, these are not. Added tracks go with the film that they
-- were fitted to; they stay if the same upload was transcoded again, unless it has a track of their language and purpose now.
CREATE OR REPLACE FUNCTION wanzami.audio_publish(job_id bigint, made jsonb) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	u "UploadJob";
	found jsonb := (SELECT coalesce(jsonb_agg(x), '[]') FROM jsonb_array_elements(made) x WHERE x ? 'audio');
BEGIN
	SELECT * INTO u FROM "UploadJob" WHERE "id" = job_id;
	IF wanzami.tracks_stay(job_id, jsonb_array_length(found)) THEN
		RETURN;
	END IF;
	PERFORM wanzami.audio_replace(ARRAY(SELECT s.object_key FROM wanzami.stream s
		WHERE s.asset_version_id IS NULL AND wanzami.same_film(s.title_id, s.episode_id, u."titleId", u."episodeId")
		AND NOT EXISTS (SELECT FROM wanzami.transcode_job j WHERE j.upload_job_id = s.upload_job_id AND j.audio -> 'film' = to_jsonb(job_id)
			AND NOT EXISTS (SELECT FROM jsonb_array_elements(found) x WHERE x #>> '{audio,language}' = s.language AND x #>> '{audio,purpose}' = s.purpose))),
		found, jsonb_build_object('episode_id', u."episodeId", 'title_id', CASE WHEN u."episodeId" IS NULL THEN u."titleId" END));
END $$;
