-- Notes changes of renditions for the response cache.
CREATE OR REPLACE TRIGGER wz_asset_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON "AssetVersion"
	FOR EACH STATEMENT EXECUTE FUNCTION wanzami.catalogue_changed();
