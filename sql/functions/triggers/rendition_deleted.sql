-- Puts the object of a deleted rendition into the trash.
CREATE OR REPLACE TRIGGER rendition_deleted AFTER DELETE ON wanzami.rendition
	FOR EACH ROW EXECUTE FUNCTION wanzami.rendition_gone();
