-- Trigger function: notes that the public catalogue has changed (wanzami.catalogue_change), with the rights of the owner, since other
-- programs may change the tables, too. Deletes some rows that are older than anything that is cached, but none for which it would wait.
CREATE OR REPLACE FUNCTION wanzami.catalogue_changed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	INSERT INTO wanzami.catalogue_change DEFAULT VALUES;
	DELETE FROM wanzami.catalogue_change WHERE id IN (
		SELECT c.id FROM wanzami.catalogue_change c WHERE c.made_at < now() - interval '5 minutes' ORDER BY c.id LIMIT 20 FOR UPDATE SKIP LOCKED);
	RETURN NULL;
END $$;
