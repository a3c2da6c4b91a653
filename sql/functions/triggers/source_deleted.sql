-- Puts the uploaded files of deleted transcode jobs into the trash.
CREATE OR REPLACE TRIGGER source_deleted AFTER DELETE ON wanzami.transcode_job REFERENCING OLD TABLE AS gone
	FOR EACH STATEMENT EXECUTE FUNCTION wanzami.source_gone();
