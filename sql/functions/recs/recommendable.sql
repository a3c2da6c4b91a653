-- Returns true if a title may be recommended in a country. For a child ("kid") its rating must be in the list, in which "unrated"
-- stands for no rating (docs/compatibility.md#recommendable).
CREATE OR REPLACE FUNCTION wanzami.recommendable(t "Title", country text, kid boolean, ratings text[]) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
	SELECT NOT t."archived" AND NOT t."pendingReview"
	AND (coalesce(t."countryAvailability", '{}') = '{}' OR country = ANY (t."countryAvailability"))
	AND (NOT kid OR coalesce(t."maturityRating", 'unrated') = ANY (ratings))
$$;
