-- Notes changes of the audit log for the console.
CREATE OR REPLACE TRIGGER wz_audit_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON "AdminAuditLog"
	FOR EACH STATEMENT EXECUTE FUNCTION wanzami.accounts_changed();
