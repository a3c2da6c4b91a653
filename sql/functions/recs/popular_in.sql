-- Returns the films that are popular today in a country.
CREATE OR REPLACE FUNCTION wanzami.popular_in(place text) RETURNS bigint[] LANGUAGE sql STABLE AS $$
	SELECT coalesce(array_agg(wanzami.event_id(i -> 'titleId')), '{}') FROM "PopularitySnapshot" s, jsonb_array_elements(s."items") i
	WHERE s."country" = place AND s."type" = 'MOVIE' AND s."window" = 'DAILY' AND jsonb_typeof(s."items") = 'array'
$$;
