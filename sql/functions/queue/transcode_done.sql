-- Ends a transcode job whose result is published, and its upload.
CREATE OR REPLACE FUNCTION wanzami.transcode_done(job_id bigint, last jsonb, told jsonb) RETURNS void LANGUAGE sql AS $$
	UPDATE wanzami.transcode_job SET state = 'done', lease_owner = NULL, lease_until = NULL, error = NULL,
		progress = coalesce(last, progress), notes = told, updated_at = now()
	WHERE upload_job_id = job_id;
	UPDATE "UploadJob" SET "status" = 'COMPLETED', "error" = NULL, "updatedAt" = now() WHERE "id" = job_id
$$;
