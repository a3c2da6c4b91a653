-- Returns why a payment cannot become a purchase of a title by a buyer, for a person; NULL if it can.
CREATE OR REPLACE FUNCTION wanzami.ppv_misfit(t "Title", buyer "User", address text, minor numeric, currency_says text, currency text)
RETURNS text LANGUAGE sql STABLE AS $$
	SELECT CASE
		WHEN t."id" IS NULL THEN 'its title does not exist'
		WHEN buyer."id" IS NULL THEN format('no account with a confirmed address is that of the buyer, %s', coalesce(left(address, 254), 'whom the gateway does not name'))
		WHEN NOT t."isPpv" OR coalesce(t."ppvPriceNaira", 0) <= 0 THEN format('title %s is not for sale', t."id")
		WHEN minor IS DISTINCT FROM wanzami.ppv_minor(t."ppvPriceNaira", currency) OR upper(currency_says) IS DISTINCT FROM currency THEN
			format('%s were paid, the price of title %s is %s', wanzami.ppv_amount(minor, currency_says), t."id",
				wanzami.ppv_amount(wanzami.ppv_minor(t."ppvPriceNaira", currency), currency))
	END
$$;
