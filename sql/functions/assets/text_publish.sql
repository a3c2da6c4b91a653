-- Publishes the tracks of text that a transcode job has made, the objects with "text" in "made", in place of those of earlier uploads. A job for
-- one rendition without any text leaves them; tracks of sidecar files stay. If a later upload of the film is published already, these
-- tracks are not.
CREATE OR REPLACE FUNCTION wanzami.text_publish(job_id bigint, made jsonb) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	u "UploadJob";
	replaced text[];
	found jsonb[] := ARRAY(SELECT x FROM jsonb_array_elements(made) WITH ORDINALITY AS e (x, place) WHERE x ? 'text' ORDER BY place);
BEGIN
	SELECT * INTO u FROM "UploadJob" WHERE "id" = job_id;
	IF wanzami.tracks_stay(job_id, cardinality(found)) THEN
		RETURN;
	END IF;
	WITH gone AS (
		DELETE FROM wanzami.text_track t WHERE wanzami.same_film(t.title_id, t.episode_id, u."titleId", u."episodeId") AND t.origin = 'embedded'
		RETURNING t.object_key
	)
	SELECT coalesce(array_agg(object_key), '{}') INTO replaced FROM gone;
	-- The trigger has put their objects into the trash as deleted, but they are replaced by this upload.
	PERFORM wanzami.discard(key, 'replaced') FROM unnest(replaced) key;
	INSERT INTO wanzami.text_track (title_id, episode_id, upload_job_id, language, label, kind, is_default, is_forced, object_key, origin)
	SELECT CASE WHEN u."episodeId" IS NULL THEN u."titleId" END, u."episodeId", job_id, x #>> '{text,language}', x #>> '{text,label}', x #>> '{text,kind}',
		(x #>> '{text,default}')::boolean, (x #>> '{text,forced}')::boolean, x ->> 'object_key', 'embedded'
	FROM unnest(found) x;
	DELETE FROM wanzami.object_trash WHERE key IN (SELECT x ->> 'object_key' FROM unnest(found) x);
END $$;
