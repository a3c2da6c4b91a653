-- Notes changes of the generation of lists for the response cache.
CREATE OR REPLACE TRIGGER wz_lists_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON wanzami.list_generation
	FOR EACH STATEMENT EXECUTE FUNCTION wanzami.catalogue_changed();
