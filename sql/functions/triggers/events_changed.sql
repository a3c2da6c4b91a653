-- Counts changed events by their new time and type.
CREATE OR REPLACE TRIGGER events_changed AFTER UPDATE ON "EngagementEvent" REFERENCING OLD TABLE AS gone NEW TABLE AS added
	FOR EACH STATEMENT EXECUTE FUNCTION wanzami.events_recount();
