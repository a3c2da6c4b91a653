-- Notes changes of popular titles for the response cache.
CREATE OR REPLACE TRIGGER wz_popularity_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON "PopularitySnapshot"
	FOR EACH STATEMENT EXECUTE FUNCTION wanzami.catalogue_changed();
