-- Publishes the audio objects that a transcode job has made, the objects with "audio" in "made", in place of those of earlier uploads. A job for
-- one rendition without sound leaves them. If a later upload of the film is published already, these are not. Added tracks go with the film that they
-- were fitted to; they stay if the same upload was transcoded again, unless it has a track of their language and purpose now.
CREATE OR REPLACE FUNCTION wanzami.audio_publish(job_id bigint, made jsonb) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	u "UploadJob";
	replaced text[];
	found jsonb[] := ARRAY(SELECT x FROM jsonb_array_elements(made) x WHERE x ? 'audio');
BEGIN
	SELECT * INTO u FROM "UploadJob" WHERE "id" = job_id;
	IF wanzami.tracks_stay(job_id, cardinality(found)) THEN
		RETURN;
	END IF;
	WITH gone AS (
		DELETE FROM wanzami.stream s WHERE s.asset_version_id IS NULL AND wanzami.same_film(s.title_id, s.episode_id, u."titleId", u."episodeId")
		AND NOT EXISTS (SELECT FROM wanzami.transcode_job j WHERE j.upload_job_id = s.upload_job_id AND j.audio -> 'film' = to_jsonb(job_id)
			AND NOT EXISTS (SELECT FROM unnest(found) x WHERE x #>> '{audio,language}' = s.language AND x #>> '{audio,purpose}' = s.purpose))
		RETURNING s.object_key
	)
	SELECT coalesce(array_agg(object_key), '{}') INTO replaced FROM gone;
	-- The trigger has put them into the trash as deleted, but they are replaced by this upload.
	PERFORM wanzami.discard(key, 'replaced') FROM unnest(replaced) key;
	INSERT INTO wanzami.stream SELECT s.* FROM unnest(found) x, jsonb_populate_record(NULL::wanzami.stream, x -> 'audio' || jsonb_build_object(
		'object_key', x -> 'object_key', 'episode_id', u."episodeId", 'title_id', CASE WHEN u."episodeId" IS NULL THEN u."titleId" END)) s;
	DELETE FROM wanzami.object_trash WHERE key IN (SELECT x ->> 'object_key' FROM unnest(found) x);
END $$;
