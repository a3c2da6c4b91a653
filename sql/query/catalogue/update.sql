-- PATCH /api/admin/titles/:id (docs/compatibility.md#title-update): changes the fields that are present; null clears those
-- that can be empty. If the client names the updatedAt that it knows and the title has another one, answers 409. Returns 200 with id, name and type.
-- $1: id, userId.
-- $2: expectedUpdatedAt, releaseYear, runtimeMinutes, introStartSec, introEndSec, name, description, posterUrl, thumbnailUrl,
--	trailerUrl, previewSpriteUrl, previewVttUrl, archived, releaseDate, genres, cast, crew, language, maturityRating,
--	countryAvailability, isOriginal, pendingReview, isPpv, ppvPriceNaira, ppvCurrency, ppvDescription.
SELECT wanzami.refuse(404, 'Title not found') WHERE NOT EXISTS (SELECT FROM "Title" WHERE "id" = ($1 ->> 'id')::bigint FOR UPDATE);
SELECT wanzami.refuse(409, 'The title has been changed meanwhile') FROM "Title"
WHERE "id" = ($1 ->> 'id')::bigint AND wanzami.field_text($2, 'expectedUpdatedAt') <> wanzami.iso("updatedAt");
SELECT wanzami.refuse(400, 'Invalid ' || b) FROM unnest(ARRAY['archived', 'isOriginal', 'pendingReview', 'isPpv']) b WHERE $2 -> b = 'null';
SELECT wanzami.refuse(400, 'Invalid releaseYear') WHERE $2 ? 'releaseYear' AND NOT (wanzami.field_is_number($2, 'releaseYear') OR wanzami.field_is_empty($2, 'releaseYear'));
SELECT wanzami.audit(($1 ->> 'userId')::bigint, 'TITLE_UPDATE', $1 ->> 'id', wanzami.edit_fields(
	edit || CASE WHEN $2 ? 'releaseYear' THEN '{"releaseDate":0}'::jsonb ELSE '{}' END,
	'name', 'description', 'posterUrl', 'thumbnailUrl', 'trailerUrl', 'previewSpriteUrl', 'previewVttUrl', 'archived',
	'releaseDate', 'genres', 'cast', 'crew', 'language', 'maturityRating', 'runtimeMinutes', 'countryAvailability',
	'isOriginal', 'pendingReview', 'introStartSec', 'introEndSec', 'isPpv', 'ppvPriceNaira', 'ppvCurrency', 'ppvDescription'))
FROM wanzami.edit_numbers($2, 'runtimeMinutes', 'introStartSec', 'introEndSec') AS edit;
UPDATE "Title" SET
	"name" = CASE WHEN $2 ? 'name' THEN wanzami.field_name($2, 'name') ELSE "name" END,
	"description" = CASE WHEN $2 ? 'description' THEN wanzami.field_text($2, 'description') ELSE "description" END,
	"posterUrl" = CASE WHEN $2 ? 'posterUrl' THEN wanzami.field_text($2, 'posterUrl') ELSE "posterUrl" END,
	"thumbnailUrl" = CASE WHEN $2 ? 'thumbnailUrl' THEN wanzami.field_text($2, 'thumbnailUrl') ELSE "thumbnailUrl" END,
	"trailerUrl" = CASE WHEN $2 ? 'trailerUrl' THEN wanzami.field_text($2, 'trailerUrl') ELSE "trailerUrl" END,
	"previewSpriteUrl" = CASE WHEN $2 ? 'previewSpriteUrl' THEN wanzami.field_text($2, 'previewSpriteUrl') ELSE "previewSpriteUrl" END,
	"previewVttUrl" = CASE WHEN $2 ? 'previewVttUrl' THEN wanzami.field_text($2, 'previewVttUrl') ELSE "previewVttUrl" END,
	"archived" = CASE WHEN $2 ? 'archived' THEN wanzami.field_boolean($2, 'archived') ELSE "archived" END,
	"releaseDate" = CASE WHEN $2 ?| ARRAY['releaseYear', 'releaseDate'] THEN CASE WHEN $2 ? 'releaseYear' THEN wanzami.field_year($2, 'releaseYear') ELSE wanzami.field_date($2, 'releaseDate') END ELSE "releaseDate" END,
	"genres" = CASE WHEN $2 ? 'genres' THEN wanzami.field_texts($2, 'genres') ELSE "genres" END,
	"cast" = CASE WHEN $2 ? 'cast' THEN wanzami.field_texts($2, 'cast') ELSE "cast" END,
	"crew" = CASE WHEN $2 ? 'crew' THEN wanzami.field_texts($2, 'crew') ELSE "crew" END,
	"language" = CASE WHEN $2 ? 'language' THEN wanzami.field_text($2, 'language') ELSE "language" END,
	"maturityRating" = CASE WHEN $2 ? 'maturityRating' THEN wanzami.field_text($2, 'maturityRating') ELSE "maturityRating" END,
	"runtimeMinutes" = CASE WHEN edit ? 'runtimeMinutes' THEN wanzami.field_integer(edit, 'runtimeMinutes') ELSE "runtimeMinutes" END,
	"countryAvailability" = CASE WHEN $2 ? 'countryAvailability' THEN wanzami.field_texts($2, 'countryAvailability') ELSE "countryAvailability" END,
	"isOriginal" = CASE WHEN $2 ? 'isOriginal' THEN wanzami.field_boolean($2, 'isOriginal') ELSE "isOriginal" END,
	"pendingReview" = CASE WHEN $2 ? 'pendingReview' THEN wanzami.field_boolean($2, 'pendingReview') ELSE "pendingReview" END,
	"introStartSec" = CASE WHEN edit ? 'introStartSec' THEN wanzami.field_integer(edit, 'introStartSec') ELSE "introStartSec" END,
	"introEndSec" = CASE WHEN edit ? 'introEndSec' THEN wanzami.field_integer(edit, 'introEndSec') ELSE "introEndSec" END,
	"isPpv" = CASE WHEN $2 ? 'isPpv' THEN wanzami.field_boolean($2, 'isPpv') ELSE "isPpv" END,
	"ppvPriceNaira" = CASE WHEN $2 ? 'ppvPriceNaira' THEN wanzami.field_integer($2, 'ppvPriceNaira') ELSE "ppvPriceNaira" END,
	"ppvCurrency" = CASE WHEN $2 ? 'ppvCurrency' THEN coalesce(wanzami.field_text($2, 'ppvCurrency'), 'NGN') ELSE "ppvCurrency" END,
	"ppvDescription" = CASE WHEN $2 ? 'ppvDescription' THEN wanzami.field_text($2, 'ppvDescription') ELSE "ppvDescription" END,
	"updatedAt" = wanzami.now()
FROM wanzami.edit_numbers($2, 'runtimeMinutes', 'introStartSec', 'introEndSec') AS edit
WHERE "id" = ($1 ->> 'id')::bigint
RETURNING 200 AS status, json_build_object('title', json_build_object('id', "id"::text, 'name', "name", 'type', "type"))::text AS body
