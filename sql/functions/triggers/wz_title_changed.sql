-- Notes changes of titles for the response cache.
CREATE OR REPLACE TRIGGER wz_title_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON "Title"
	FOR EACH STATEMENT EXECUTE FUNCTION wanzami.catalogue_changed();
