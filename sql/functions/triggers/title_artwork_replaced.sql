-- Puts the artwork that a title had before into the trash.
CREATE OR REPLACE TRIGGER title_artwork_replaced AFTER UPDATE OF "posterUrl", "thumbnailUrl", "previewSpriteUrl", "previewVttUrl", "trailerUrl" ON "Title"
	FOR EACH ROW WHEN ((old."posterUrl", old."thumbnailUrl", old."previewSpriteUrl", old."previewVttUrl", old."trailerUrl")
		IS DISTINCT FROM (new."posterUrl", new."thumbnailUrl", new."previewSpriteUrl", new."previewVttUrl", new."trailerUrl"))
	EXECUTE FUNCTION wanzami.artwork_gone();
