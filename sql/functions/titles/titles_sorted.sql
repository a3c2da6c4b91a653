-- Returns the titles that the query parameters select, with their places in the order that "sort" names; at most 500, after the first
-- skip. None without "sort": newest first is an order that an index has, and such a list is read page by page.
CREATE OR REPLACE FUNCTION wanzami.titles_sorted(query jsonb, skip bigint) RETURNS TABLE (id bigint, place bigint) LANGUAGE sql STABLE AS $$
	SELECT t."id", row_number() OVER (ORDER BY CASE query ->> 'sort' WHEN 'name' THEN lower(t."name") END,
		CASE query ->> 'sort' WHEN 'updated' THEN t."updatedAt" WHEN 'release' THEN t."releaseDate" END DESC NULLS LAST, t."createdAt" DESC, t."id" DESC)
	FROM "Title" t WHERE query ->> 'sort' IS NOT NULL AND wanzami.title_found(t, query) AND wanzami.title_sifted(t, query)
	ORDER BY 2 LIMIT least(500, (query ->> 'limit')::bigint) OFFSET skip
$$;
