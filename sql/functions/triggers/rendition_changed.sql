-- Notes changes of what HLS and DASH need of renditions for the response cache.
CREATE OR REPLACE TRIGGER rendition_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON wanzami.rendition
	FOR EACH STATEMENT EXECUTE FUNCTION wanzami.catalogue_changed();
