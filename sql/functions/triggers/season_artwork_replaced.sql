-- Puts the artwork that a season had before into the trash.
CREATE OR REPLACE TRIGGER season_artwork_replaced AFTER UPDATE OF "posterUrl", "thumbnailUrl", "previewSpriteUrl", "previewVttUrl" ON "Season"
	FOR EACH ROW WHEN ((old."posterUrl", old."thumbnailUrl", old."previewSpriteUrl", old."previewVttUrl")
		IS DISTINCT FROM (new."posterUrl", new."thumbnailUrl", new."previewSpriteUrl", new."previewVttUrl"))
	EXECUTE FUNCTION wanzami.artwork_gone();
