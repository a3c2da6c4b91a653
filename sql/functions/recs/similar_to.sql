-- Returns the titles that are most similar to any of these by co-watching, at most "most".
CREATE OR REPLACE FUNCTION wanzami.similar_to(titles bigint[], most integer) RETURNS bigint[] LANGUAGE sql STABLE AS $$
	SELECT coalesce(array_agg(s."targetTitleId"), '{}') FROM (
		SELECT x."targetTitleId" FROM "TitleSimilarity" x WHERE x."sourceTitleId" = ANY (titles) ORDER BY x."score" DESC, x."id" LIMIT most) s
$$;
