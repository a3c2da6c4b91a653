-- Puts the objects of deleted renditions into the trash.
CREATE OR REPLACE TRIGGER rendition_deleted AFTER DELETE ON wanzami.rendition REFERENCING OLD TABLE AS gone
	FOR EACH STATEMENT EXECUTE FUNCTION wanzami.renditions_gone();
