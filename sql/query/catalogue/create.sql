-- POST /api/admin/titles (docs/compatibility.md#title-create): creates a title and the seasons of a series. Returns 201 with
-- id, name and type.
-- $1: userId.
-- $2: name, type, seasons, description, posterUrl, thumbnailUrl, trailerUrl, previewSpriteUrl, previewVttUrl, releaseYear,
--	releaseDate, genres, cast, crew, language, maturityRating, runtimeMinutes, countryAvailability, isOriginal,
--	pendingReview, introStartSec, introEndSec, isPpv, ppvPriceNaira, ppvCurrency, ppvDescription.
SELECT wanzami.refuse(400, 'name and type are required') WHERE NOT wanzami.truthy($2 -> 'name') OR NOT wanzami.truthy($2 -> 'type');
SELECT wanzami.refuse(400, 'Invalid type') WHERE $2 -> 'type' NOT IN ('"MOVIE"', '"SERIES"');
SELECT wanzami.refuse(400, 'Invalid seasonNumber') FROM jsonb_array_elements(
	CASE WHEN $2 -> 'type' = '"SERIES"' AND jsonb_typeof($2 -> 'seasons') = 'array' THEN $2 -> 'seasons' ELSE '[]' END) s(entry)
WHERE wanzami.season_meant(s.entry) AND NOT wanzami.field_is_number(s.entry, 'seasonNumber');
WITH created AS (
	INSERT INTO "Title" ("type", "name", "description", "posterUrl", "thumbnailUrl", "trailerUrl", "previewSpriteUrl", "previewVttUrl",
		"releaseDate", "genres", "cast", "crew", "language", "maturityRating", "runtimeMinutes", "countryAvailability", "isOriginal",
		"pendingReview", "archived", "introStartSec", "introEndSec", "isPpv", "ppvPriceNaira", "ppvCurrency", "ppvDescription", "createdAt", "updatedAt")
	VALUES (($2 ->> 'type')::"TitleType", wanzami.field_name($2, 'name'), wanzami.field_text($2, 'description'), wanzami.field_text($2, 'posterUrl'),
		wanzami.field_text($2, 'thumbnailUrl'), wanzami.field_text($2, 'trailerUrl'), wanzami.field_text($2, 'previewSpriteUrl'),
		wanzami.field_text($2, 'previewVttUrl'), coalesce(wanzami.field_year($2, 'releaseYear'),
			CASE WHEN NOT $2 ? 'releaseYear' THEN wanzami.field_date($2, 'releaseDate') END),
		wanzami.field_texts($2, 'genres'), wanzami.field_texts($2, 'cast'), wanzami.field_texts($2, 'crew'),
		coalesce(wanzami.field_text($2, 'language'), 'en'), wanzami.field_text($2, 'maturityRating'), wanzami.field_integer($2, 'runtimeMinutes'),
		wanzami.field_texts($2, 'countryAvailability'), coalesce(wanzami.field_boolean($2, 'isOriginal'), false),
		coalesce(wanzami.field_boolean($2, 'pendingReview'), false), false, wanzami.field_integer($2, 'introStartSec'),
		wanzami.field_integer($2, 'introEndSec'), coalesce(wanzami.field_boolean($2, 'isPpv'), false), wanzami.field_integer($2, 'ppvPriceNaira'),
		coalesce(wanzami.field_text($2, 'ppvCurrency'), 'NGN'), wanzami.field_text($2, 'ppvDescription'), wanzami.now(), wanzami.now())
	RETURNING "id", "name", "type"
), seasons AS (
	SELECT count(wanzami.season_upsert(c."id", s.entry)) FROM created c, jsonb_array_elements(
		CASE WHEN c."type" = 'SERIES' AND jsonb_typeof($2 -> 'seasons') = 'array' THEN $2 -> 'seasons' ELSE '[]' END) s(entry)
	WHERE wanzami.season_meant(s.entry)
)
SELECT 201 AS status, json_build_object('title', json_build_object('id', c."id"::text, 'name', c."name", 'type', c."type"))::text AS body,
	wanzami.audit(($1 ->> 'userId')::bigint, 'TITLE_CREATE', c."id"::text, (SELECT jsonb_object_agg(f.name, $2 -> f.name)
		FROM unnest(ARRAY['name', 'type', 'countryAvailability', 'maturityRating']) f(name) WHERE $2 ? f.name)), s.count
FROM created c, seasons s
