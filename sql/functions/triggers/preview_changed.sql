-- Notes changes of previews for the response cache.
CREATE OR REPLACE TRIGGER preview_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON wanzami.preview
	FOR EACH STATEMENT EXECUTE FUNCTION wanzami.catalogue_changed();
