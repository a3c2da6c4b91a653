-- Puts the uploaded file of a deleted job into the trash.
CREATE OR REPLACE TRIGGER source_deleted AFTER DELETE ON wanzami.transcode_job
	FOR EACH ROW EXECUTE FUNCTION wanzami.source_gone();
