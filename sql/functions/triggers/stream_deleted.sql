-- Discards audio objects; those of renditions have a trigger of wanzami.rendition.
CREATE OR REPLACE TRIGGER stream_deleted AFTER DELETE ON wanzami.stream
	FOR EACH ROW WHEN (old.asset_version_id IS NULL) EXECUTE FUNCTION wanzami.stream_gone();
