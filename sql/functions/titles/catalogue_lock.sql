-- Blocks inserts into the catalogue until the transaction ends. LOCK is only allowed in an explicit transaction block, hence the
-- function.
CREATE OR REPLACE FUNCTION wanzami.catalogue_lock() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	LOCK TABLE "Title", "Season", "Episode", "AssetVersion", "UploadJob" IN SHARE ROW EXCLUSIVE MODE;
END $$;
