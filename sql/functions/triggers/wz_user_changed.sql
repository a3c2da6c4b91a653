-- Notes changes of what the console shows of accounts for the console.
CREATE OR REPLACE TRIGGER wz_user_changed AFTER INSERT OR UPDATE OF "email", "name", "role", "emailVerified", "ppvBanned", "ppvStrikeCount" OR DELETE OR TRUNCATE ON "User"
	FOR EACH STATEMENT EXECUTE FUNCTION wanzami.accounts_changed();
