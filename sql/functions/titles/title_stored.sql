-- Returns all stored fields of a title, unchanged.
CREATE OR REPLACE FUNCTION wanzami.title_stored(t "Title") RETURNS json LANGUAGE sql STABLE AS $$
	SELECT row_to_json(r) FROM (SELECT t."id"::text AS "id", t."type", t."name", t."description", coalesce(t."genres", '{}') AS "genres",
		coalesce(t."cast", '{}') AS "cast", coalesce(t."crew", '{}') AS "crew", t."language", t."maturityRating", t."runtimeMinutes",
		coalesce(t."countryAvailability", '{}') AS "countryAvailability", t."isOriginal", wanzami.iso(t."releaseDate") AS "releaseDate",
		t."posterUrl", t."thumbnailUrl", t."trailerUrl", t."previewSpriteUrl", t."previewVttUrl", t."introStartSec", t."introEndSec",
		t."archived", t."pendingReview", t."isPpv", t."ppvPriceNaira", t."ppvCurrency", t."ppvDescription",
		wanzami.iso(t."createdAt") AS "createdAt", wanzami.iso(t."updatedAt") AS "updatedAt") r
$$;
