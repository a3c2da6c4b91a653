-- Counts inserted events.
CREATE OR REPLACE TRIGGER events_added AFTER INSERT ON "EngagementEvent" REFERENCING NEW TABLE AS added
	FOR EACH STATEMENT EXECUTE FUNCTION wanzami.events_count();
