-- Puts the objects of deleted previews into the trash.
CREATE OR REPLACE TRIGGER preview_deleted AFTER DELETE ON wanzami.preview
	FOR EACH ROW EXECUTE FUNCTION wanzami.preview_gone();
