-- Returns the country of a profile: its own setting, otherwise the country of the request
-- (docs/compatibility.md#profile-country).
CREATE OR REPLACE FUNCTION wanzami.home(p "Profile", detected text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
	SELECT CASE WHEN p."country" IN ('', 'UNKNOWN') THEN detected ELSE p."country" END
$$;
