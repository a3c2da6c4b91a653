-- Puts the artwork that a title had before into the trash.
CREATE OR REPLACE TRIGGER title_artwork_replaced AFTER UPDATE OF "posterUrl", "thumbnailUrl", "previewSpriteUrl", "previewVttUrl", "trailerUrl" ON "Title"
	FOR EACH ROW EXECUTE FUNCTION wanzami.artwork_gone();
