-- Returns the genres of those titles that are not archived.
CREATE OR REPLACE FUNCTION wanzami.genres_of(titles bigint[]) RETURNS text[] LANGUAGE sql STABLE AS $$
	SELECT coalesce(array_agg(DISTINCT g), '{}') FROM "Title" t, unnest(t."genres") g WHERE t."id" = ANY (titles) AND NOT t."archived"
$$;
