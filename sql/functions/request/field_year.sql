-- Returns January 1 of a year, NULL if the field holds no number or 0. Years other than 1000 to 9999 end the request with 400.
CREATE OR REPLACE FUNCTION wanzami.field_year(body jsonb, field text) RETURNS timestamp LANGUAGE plpgsql VOLATILE AS $$
DECLARE year integer := wanzami.field_integer(body, field);
BEGIN
	IF year <> 0 AND year NOT BETWEEN 1000 AND 9999 THEN
		PERFORM wanzami.refuse(400, 'Invalid ' || field);
	END IF;
	RETURN make_timestamp(nullif(year, 0), 1, 1, 0, 0, 0);
END $$;
