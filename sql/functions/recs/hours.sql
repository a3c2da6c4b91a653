-- Converts a number of hours as JavaScript does; the default is 24. Returns NULL if it is no number or leaves the calendar's range
-- (docs/compatibility.md#event-summary).
CREATE OR REPLACE FUNCTION wanzami.hours(asked text) RETURNS double precision LANGUAGE sql IMMUTABLE AS $$
	SELECT CASE WHEN h.hours BETWEEN -1e7 AND 1e7 THEN h.hours::double precision END FROM (
		SELECT CASE WHEN asked IS NULL THEN 24 WHEN btrim(asked) = '' THEN 0
			WHEN btrim(asked) ~ '^[+-]?([0-9]{1,30}\.?[0-9]{0,30}|\.[0-9]{1,30})([eE][+-]?[0-9]{1,3})?$' THEN btrim(asked)::numeric END AS hours) h
$$;
