-- Forgets the counts of all events.
CREATE OR REPLACE TRIGGER events_emptied AFTER TRUNCATE ON "EngagementEvent"
	FOR EACH STATEMENT EXECUTE FUNCTION wanzami.events_forget();
