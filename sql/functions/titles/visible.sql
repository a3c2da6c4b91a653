-- Returns true if the public catalogue shows a title in a country to an audience: kid, teen or all
-- (docs/compatibility.md#availability, #maturity).
CREATE OR REPLACE FUNCTION wanzami.visible(t "Title", country text, audience text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
	SELECT NOT t."archived" AND NOT t."pendingReview"
	AND (coalesce(t."countryAvailability", '{}') = '{}' OR country = ANY (t."countryAvailability"))
	AND (audience = 'all' OR t."maturityRating" IS NULL
		OR t."maturityRating" IN ('G', 'PG', 'TV-Y', 'TV-G', 'TV-PG', 'PG-13')
		OR (audience = 'teen' AND t."maturityRating" = 'TV-14'))
$$;
