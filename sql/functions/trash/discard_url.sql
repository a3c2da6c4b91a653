-- Puts the object that a stored URL names into the trash (docs/compatibility.md#title-delete).
CREATE OR REPLACE FUNCTION wanzami.discard_url(url text) RETURNS void LANGUAGE sql AS $$
	SELECT wanzami.discard(wanzami.object_named(url), 'deleted') WHERE wanzami.object_named(url) IS NOT NULL
$$;
