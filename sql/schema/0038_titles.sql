-- A title as editors see it, without the last brace: what follows is added to it. A title without a date has no such year. One
-- expression, which the planner puts in place: as a function that is called it took a list of a hundred thousand minutes.
DROP FUNCTION wanzami.title_edited("Title");
CREATE FUNCTION wanzami.title_edited(t "Title", episodes bigint, seasons bigint) RETURNS text LANGUAGE sql STABLE AS $$
	SELECT left(json_build_object('id', t."id"::text, 'name', t."name", 'type', t."type", 'description', t."description",
		'genres', coalesce(t."genres", '{}'), 'cast', coalesce(t."cast", '{}'), 'crew', coalesce(t."crew", '{}'), 'language', t."language",
		'maturityRating', t."maturityRating", 'runtimeMinutes', t."runtimeMinutes", 'countryAvailability', coalesce(t."countryAvailability", '{}'),
		'isOriginal', t."isOriginal", 'posterUrl', t."posterUrl", 'thumbnailUrl', t."thumbnailUrl", 'trailerUrl', t."trailerUrl",
		'previewSpriteUrl', t."previewSpriteUrl", 'previewVttUrl', t."previewVttUrl", 'introStartSec', t."introStartSec",
		'introEndSec', t."introEndSec", 'archived', t."archived", 'pendingReview', t."pendingReview", 'isPpv', t."isPpv",
		'ppvPriceNaira', t."ppvPriceNaira", 'ppvCurrency', t."ppvCurrency", 'ppvDescription', t."ppvDescription",
		'createdAt', wanzami.iso(t."createdAt"), 'updatedAt', wanzami.iso(t."updatedAt"), 'releaseDate', wanzami.iso(t."releaseDate"),
		'episodeCount', episodes, 'seasonCount', seasons)::text, -1) || coalesce(',"releaseYear":' || extract(year FROM t."releaseDate")::int, '')
$$;
