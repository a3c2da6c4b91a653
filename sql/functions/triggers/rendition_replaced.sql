-- Puts the previous object of a rendition into the trash.
CREATE OR REPLACE TRIGGER rendition_replaced AFTER UPDATE OF object_key ON wanzami.rendition
	FOR EACH ROW WHEN (old.object_key <> new.object_key) EXECUTE FUNCTION wanzami.rendition_gone();
