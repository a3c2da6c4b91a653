-- Notes deleted rows of "Episode", whose events are unlinked later.
CREATE OR REPLACE TRIGGER episode_deleted AFTER DELETE ON "Episode" REFERENCING OLD TABLE AS gone
	FOR EACH STATEMENT EXECUTE FUNCTION wanzami.events_orphaned('episodeId');
