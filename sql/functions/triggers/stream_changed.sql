-- Notes changes of streams for the response cache.
CREATE OR REPLACE TRIGGER stream_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON wanzami.stream
	FOR EACH STATEMENT EXECUTE FUNCTION wanzami.catalogue_changed();
