-- Puts the previous objects of previews into the trash. Each attempt of a job has objects of its own, so that none is in both rows.
CREATE OR REPLACE TRIGGER preview_replaced AFTER UPDATE OF sheets, posters ON wanzami.preview
	FOR EACH ROW WHEN (old.sheets <> new.sheets OR old.posters <> new.posters) EXECUTE FUNCTION wanzami.preview_gone();
