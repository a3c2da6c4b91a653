-- Returns true if a user has a purchase of a title that has not expired.
CREATE OR REPLACE FUNCTION wanzami.ppv_bought(user_id bigint, title_id bigint) RETURNS boolean LANGUAGE sql STABLE AS $$
	SELECT EXISTS (SELECT FROM "PpvPurchase" p WHERE p."userId" = user_id AND p."titleId" = title_id
		AND p."status" = 'SUCCESS' AND p."accessExpiresAt" > wanzami.now())
$$;
