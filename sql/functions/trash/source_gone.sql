-- Trigger function: puts the uploaded file into the trash when its job is deleted (with the title, the episode or the upload), and
-- releases the objects that the job has written.
CREATE OR REPLACE FUNCTION wanzami.source_gone() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	PERFORM wanzami.discard(old.source_key, 'deleted');
	UPDATE wanzami.object_trash SET delete_after = now() WHERE upload_job_id = old.upload_job_id AND attempts = 0;
	RETURN NULL;
END $$;
