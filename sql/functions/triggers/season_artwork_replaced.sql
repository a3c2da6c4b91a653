-- Puts the artwork that a season had before into the trash.
CREATE OR REPLACE TRIGGER season_artwork_replaced AFTER UPDATE OF "posterUrl", "thumbnailUrl", "previewSpriteUrl", "previewVttUrl" ON "Season"
	FOR EACH ROW EXECUTE FUNCTION wanzami.artwork_gone();
