-- Returns a title as editors see it, as JSON text without the closing brace, so that the caller can append fields. "releaseYear" is
-- left out if there is no date. This is a single expression, so that the planner inlines it: calling it for each of a hundred
-- thousand titles took minutes.
CREATE OR REPLACE FUNCTION wanzami.title_edited(t "Title", episodes bigint, seasons bigint) RETURNS text LANGUAGE sql STABLE AS $$
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
