-- Takes deleted events off the counts.
CREATE OR REPLACE TRIGGER events_deleted AFTER DELETE ON "EngagementEvent" REFERENCING OLD TABLE AS gone
	FOR EACH STATEMENT EXECUTE FUNCTION wanzami.events_uncount();
