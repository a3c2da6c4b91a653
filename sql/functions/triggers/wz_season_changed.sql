-- Notes changes of seasons for the response cache.
CREATE OR REPLACE TRIGGER wz_season_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON "Season"
	FOR EACH STATEMENT EXECUTE FUNCTION wanzami.catalogue_changed();
