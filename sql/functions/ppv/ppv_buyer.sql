-- Returns the account that made a payment without a purchase. The e-mail address that the gateway knows decides: the number of an account
-- that a restore has lost may belong to somebody else by now. An account with another number is one that the buyer has created again.
CREATE OR REPLACE FUNCTION wanzami.ppv_buyer(account bigint, address text) RETURNS SETOF "User" LANGUAGE sql STABLE AS $$
	SELECT * FROM "User" WHERE "email" = lower(trim(address)) AND ("id" = account OR "emailVerified")
$$;
