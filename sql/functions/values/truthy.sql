-- Returns true if JavaScript treats the value as true.
CREATE OR REPLACE FUNCTION wanzami.truthy(value jsonb) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
	SELECT coalesce(value NOT IN ('null', 'false', '""', '0'), false)
$$;
