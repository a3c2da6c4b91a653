-- Converts a price in naira to the smallest unit of the currency that is charged: kobo, or cents at 600 naira for a dollar.
CREATE OR REPLACE FUNCTION wanzami.ppv_minor(naira integer, currency text) RETURNS numeric LANGUAGE sql IMMUTABLE AS $$
	SELECT CASE WHEN currency = 'USD' THEN div(naira + 3, 6) ELSE naira * 100::numeric END
$$;
