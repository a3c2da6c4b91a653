-- Notes changes of purchases for the console.
CREATE OR REPLACE TRIGGER wz_purchase_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON "PpvPurchase"
	FOR EACH STATEMENT EXECUTE FUNCTION wanzami.accounts_changed();
