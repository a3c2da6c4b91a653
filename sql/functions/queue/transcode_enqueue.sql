-- Queues an upload for transcoding, in the transaction that sets it to PROCESSING. Cancels older jobs of the same film that ask for
-- no rendition that this one does not make, or of the same added audio track, for which "wanted" does not count: a process of a release without
-- audio tracks asks for renditions. Restarts a job that has failed.
CREATE OR REPLACE FUNCTION wanzami.transcode_enqueue(job_id bigint, wanted "Rendition"[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	upload "UploadJob";
	older bigint;
BEGIN
	-- Every caller locks the upload before its job, so that none deadlocks.
	SELECT * INTO STRICT upload FROM "UploadJob" WHERE "id" = job_id FOR NO KEY UPDATE;
	IF upload."payload" ? 'audio' THEN
		wanted := '{}';
	END IF;
	INSERT INTO wanzami.transcode_job AS j (upload_job_id, source_key, source_size, renditions, audio)
	VALUES (job_id, upload."payload"->>'key', upload."bytesTotal", wanted, upload."payload"->'audio')
	ON CONFLICT (upload_job_id) DO UPDATE SET state = 'queued', number = DEFAULT, attempts = 0, max_attempts = DEFAULT, run_after = now(),
		fence = j.fence + 1, renditions = excluded.renditions, audio = excluded.audio, source_key = excluded.source_key,
		source_size = excluded.source_size, progress = '{}', notes = '[]', error = NULL, updated_at = now()
	WHERE j.state IN ('failed', 'cancelled');

	FOR older IN
		UPDATE wanzami.transcode_job o SET state = 'cancelled', lease_owner = NULL, lease_until = NULL, fence = o.fence + 1,
			error = 'replaced by a newer upload', updated_at = now()
		FROM "UploadJob" u
		WHERE u."id" = o.upload_job_id AND o.upload_job_id <> job_id AND o.state IN ('queued', 'running') AND o.renditions <@ wanted
		AND jsonb_build_array(o.audio -> 'language', o.audio -> 'purpose') =
			(SELECT jsonb_build_array(n.audio -> 'language', n.audio -> 'purpose') FROM wanzami.transcode_job n WHERE n.upload_job_id = job_id)
		AND wanzami.same_film(u."titleId", u."episodeId", upload."titleId", upload."episodeId")
		AND o.number < (SELECT number FROM wanzami.transcode_job WHERE upload_job_id = job_id)
		RETURNING o.upload_job_id
	LOOP
		UPDATE "UploadJob" SET "status" = 'FAILED', "error" = 'Replaced by a newer upload of the same ' || CASE WHEN wanted = '{}' THEN 'track.' ELSE 'film.' END, "updatedAt" = now()
		WHERE "id" = older;
		UPDATE wanzami.object_trash SET delete_after = now() WHERE upload_job_id = older AND attempts = 0;
	END LOOP;
END $$;
