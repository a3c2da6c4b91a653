-- Parses the time of an event, ISO 8601 in UTC ending in Z. Returns NULL for anything else.
CREATE OR REPLACE FUNCTION wanzami.event_time(stamp text) RETURNS timestamp LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
	IF stamp !~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}T([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]+)?)?Z$' THEN
		RETURN NULL;
	END IF;
	RETURN date_trunc('milliseconds', left(stamp, -1)::timestamp);
EXCEPTION WHEN datetime_field_overflow OR invalid_datetime_format THEN
	RETURN NULL;
END $$;
