-- Trigger function: forgets what was derived from all events, which are gone: their counts, baskets of titles, and up to which event the jobs
-- have read, since ids may begin anew.
CREATE OR REPLACE FUNCTION wanzami.events_forget() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	LOCK TABLE wanzami.event_hour IN EXCLUSIVE MODE;	-- event-cleanup may be adding hours up
	DELETE FROM wanzami.event_hour;
	DELETE FROM wanzami.event_mark;
	DELETE FROM wanzami.basket;
	UPDATE wanzami.event_uncounted SET upto = 0 WHERE upto > 0;
	RETURN NULL;
END $$;
