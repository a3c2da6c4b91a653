-- Notes deleted rows of "Session", whose events are unlinked later.
CREATE OR REPLACE TRIGGER session_deleted AFTER DELETE ON "Session" REFERENCING OLD TABLE AS gone
	FOR EACH STATEMENT EXECUTE FUNCTION wanzami.events_orphaned('sessionId');
