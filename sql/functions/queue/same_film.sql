-- Returns true if a row with title a or episode b belongs to the film with title c or episode d; the other id is NULL
-- (docs/compatibility.md#upload-complete).
CREATE OR REPLACE FUNCTION wanzami.same_film(a bigint, b bigint, c bigint, d bigint) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
	SELECT b = d OR (d IS NULL AND b IS NULL AND a = c)
$$;
