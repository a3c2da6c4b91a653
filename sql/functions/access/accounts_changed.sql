-- Trigger function: notes that accounts, invitations, purchases or the audit log have changed (wanzami.account_change), with the rights of the
-- owner, since other programs may change the tables, too. Deletes some older rows: as each deletion comes with a new row, no set of rows
-- comes twice. Rows for which it would wait stay.
CREATE OR REPLACE FUNCTION wanzami.accounts_changed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	INSERT INTO wanzami.account_change DEFAULT VALUES;
	DELETE FROM wanzami.account_change WHERE id IN (
		SELECT c.id FROM wanzami.account_change c WHERE c.made_at < now() - interval '5 seconds' ORDER BY c.id LIMIT 20 FOR UPDATE SKIP LOCKED);
	RETURN NULL;
END $$;
