-- Puts the object of a deleted track of text into the trash.
CREATE OR REPLACE TRIGGER text_deleted AFTER DELETE ON wanzami.text_track
	FOR EACH ROW EXECUTE FUNCTION wanzami.text_gone();
