-- Notes deleted rows of "Title", whose events are unlinked later.
CREATE OR REPLACE TRIGGER title_deleted AFTER DELETE ON "Title" REFERENCING OLD TABLE AS gone
	FOR EACH STATEMENT EXECUTE FUNCTION wanzami.events_orphaned('titleId');
