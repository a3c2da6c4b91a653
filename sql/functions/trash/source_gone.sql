-- Trigger function: puts the uploaded files into the trash when their jobs are deleted (with the title, the episode or the upload), and
-- releases the objects that the jobs have written.
CREATE OR REPLACE FUNCTION wanzami.source_gone() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	PERFORM wanzami.discard_deleted(ARRAY(SELECT g.source_key FROM gone g));
	UPDATE wanzami.object_trash t SET delete_after = now() FROM gone g WHERE t.upload_job_id = g.upload_job_id AND t.attempts = 0;
	RETURN NULL;
END $$;
