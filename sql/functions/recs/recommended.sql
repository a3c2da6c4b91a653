-- Returns a title as an entry of a list of recommendations.
CREATE OR REPLACE FUNCTION wanzami.recommended(t "Title") RETURNS json LANGUAGE sql STABLE AS $$
	SELECT json_build_object('id', t."id"::text, 'name', t."name", 'type', t."type", 'posterUrl', t."posterUrl", 'thumbnailUrl', t."thumbnailUrl",
		'runtimeMinutes', t."runtimeMinutes", 'genres', coalesce(t."genres", '{}'), 'maturityRating', t."maturityRating", 'isOriginal', t."isOriginal")
$$;
