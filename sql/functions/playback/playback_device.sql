-- Returns the digest of a device id, by which playback sessions know devices: 16 hexadecimal digits; NULL without an id.
CREATE OR REPLACE FUNCTION wanzami.playback_device(device text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
	SELECT substr(wanzami.digest(nullif(device, '')), 8, 16)
$$;
