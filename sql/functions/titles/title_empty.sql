-- Returns true if viewers would find nothing to play: a movie without a READY rendition, or a series without an episode.
CREATE OR REPLACE FUNCTION wanzami.title_empty(t "Title") RETURNS boolean LANGUAGE sql STABLE AS $$
	SELECT CASE t."type" WHEN 'SERIES' THEN NOT EXISTS (SELECT FROM "Episode" e WHERE e."titleId" = t."id")
		ELSE NOT EXISTS (SELECT FROM "AssetVersion" v WHERE v."titleId" = t."id" AND v."status" = 'READY') END
$$;
