-- Returns an amount for people, such as "3000.00 NGN". minor is in kobo or cents; NULL for what a gateway has not said.
CREATE OR REPLACE FUNCTION wanzami.ppv_amount(minor numeric, currency text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
	SELECT coalesce(to_char(minor / 100, 'FM999999999999990.00'), 'no amount') || ' ' || coalesce(left(currency, 16), 'in no currency')
$$;
