-- Notes changes of invitations for the console.
CREATE OR REPLACE TRIGGER wz_invitation_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON "Invitation"
	FOR EACH STATEMENT EXECUTE FUNCTION wanzami.accounts_changed();
