-- Notes deleted rows of "Profile", whose events are unlinked later.
CREATE OR REPLACE TRIGGER profile_deleted AFTER DELETE ON "Profile" REFERENCING OLD TABLE AS gone
	FOR EACH STATEMENT EXECUTE FUNCTION wanzami.events_orphaned('profileId');
