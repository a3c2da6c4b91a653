-- PATCH /api/admin/seasons/:id (docs/compatibility.md#season-update): changes the fields that are present. A new number is
-- also set in the season's episodes. Returns 200 with the season.
-- $1: id, userId.
-- $2: seasonNumber, name, description, releaseDate, status, posterUrl, thumbnailUrl, previewSpriteUrl, previewVttUrl.
SELECT wanzami.refuse(404, 'Season not found') WHERE NOT EXISTS (SELECT FROM "Season" WHERE "id" = ($1 ->> 'id')::bigint FOR UPDATE);
SELECT wanzami.refuse(409, 'Season number already exists') FROM "Season" s JOIN "Season" o ON o."titleId" = s."titleId" AND o."id" <> s."id"
WHERE s."id" = ($1 ->> 'id')::bigint AND o."seasonNumber" = wanzami.field_integer($2, 'seasonNumber');
SELECT wanzami.audit(($1 ->> 'userId')::bigint, 'SEASON_UPDATE', $1 ->> 'id', wanzami.edit_fields($2,
	'seasonNumber', 'name', 'description', 'releaseDate', 'status', 'posterUrl', 'thumbnailUrl', 'previewSpriteUrl',
	'previewVttUrl') || jsonb_build_object('titleId', "titleId"::text)) FROM "Season" WHERE "id" = ($1 ->> 'id')::bigint;
UPDATE "Episode" SET "seasonNumber" = wanzami.field_number($2, 'seasonNumber'), "updatedAt" = wanzami.now()
WHERE "seasonId" = ($1 ->> 'id')::bigint AND $2 ? 'seasonNumber';
UPDATE "Season" AS s SET
	"seasonNumber" = CASE WHEN $2 ? 'seasonNumber' THEN wanzami.field_number($2, 'seasonNumber') ELSE "seasonNumber" END,
	"name" = CASE WHEN $2 ? 'name' THEN wanzami.field_text($2, 'name') ELSE "name" END,
	"description" = CASE WHEN $2 ? 'description' THEN wanzami.field_text($2, 'description') ELSE "description" END,
	"releaseDate" = CASE WHEN $2 ? 'releaseDate' THEN wanzami.field_date($2, 'releaseDate') ELSE "releaseDate" END,
	"status" = CASE WHEN $2 ? 'status' THEN wanzami.field_text($2, 'status') ELSE "status" END,
	"posterUrl" = CASE WHEN $2 ? 'posterUrl' THEN wanzami.field_text($2, 'posterUrl') ELSE "posterUrl" END,
	"thumbnailUrl" = CASE WHEN $2 ? 'thumbnailUrl' THEN wanzami.field_text($2, 'thumbnailUrl') ELSE "thumbnailUrl" END,
	"previewSpriteUrl" = CASE WHEN $2 ? 'previewSpriteUrl' THEN wanzami.field_text($2, 'previewSpriteUrl') ELSE "previewSpriteUrl" END,
	"previewVttUrl" = CASE WHEN $2 ? 'previewVttUrl' THEN wanzami.field_text($2, 'previewVttUrl') ELSE "previewVttUrl" END,
	"updatedAt" = wanzami.now()
WHERE "id" = ($1 ->> 'id')::bigint
RETURNING 200 AS status, json_build_object('season', wanzami.season(s))::text AS body
