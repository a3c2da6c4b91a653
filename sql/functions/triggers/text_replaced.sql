-- Puts the previous object of a track of text into the trash.
CREATE OR REPLACE TRIGGER text_replaced AFTER UPDATE OF object_key ON wanzami.text_track
	FOR EACH ROW WHEN (old.object_key <> new.object_key) EXECUTE FUNCTION wanzami.text_gone();
