-- Notes changes of episodes for the response cache.
CREATE OR REPLACE TRIGGER wz_episode_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON "Episode"
	FOR EACH STATEMENT EXECUTE FUNCTION wanzami.catalogue_changed();
