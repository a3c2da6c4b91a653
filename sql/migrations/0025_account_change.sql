-- A row for each command that has changed accounts, invitations, purchases or the audit log. The console sees by the set of rows if what its
-- pages of people and purchases show is current, as with wanzami.catalogue_change (0014). wanzami.accounts_changed() deletes old ones.
CREATE TABLE wanzami.account_change (
	id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	made_at TIMESTAMPTZ NOT NULL DEFAULT now()
);
