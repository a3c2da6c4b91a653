-- PATCH /api/admin/episodes/:id (docs/compatibility.md#episode-update): changes the fields that are present. A new season
-- number moves the episode to that season, which is created if it is missing. Returns 200 with the episode.
-- $1: id, userId.
-- $2: pendingReview, seasonNumber, runtimeMinutes, introStartSec, introEndSec, episodeNumber, name, synopsis,
--	previewSpriteUrl, previewVttUrl.
SELECT wanzami.refuse(404, 'Episode not found') WHERE NOT EXISTS (SELECT FROM "Episode" WHERE "id" = ($1 ->> 'id')::bigint FOR UPDATE);
SELECT wanzami.refuse(400, 'Invalid pendingReview') WHERE $2 -> 'pendingReview' = 'null';
SELECT wanzami.audit(($1 ->> 'userId')::bigint, 'EPISODE_UPDATE', $1 ->> 'id', wanzami.edit_fields(
	edit || CASE WHEN $2 ? 'seasonNumber' THEN '{"seasonId":0}'::jsonb ELSE '{}' END,
	'seasonNumber', 'seasonId', 'episodeNumber', 'name', 'synopsis', 'runtimeMinutes', 'pendingReview', 'previewSpriteUrl',
	'previewVttUrl', 'introStartSec', 'introEndSec'))
FROM wanzami.edit_numbers($2, 'runtimeMinutes', 'introStartSec', 'introEndSec') AS edit;
UPDATE "Episode" AS e SET
	"seasonNumber" = CASE WHEN $2 ? 'seasonNumber' THEN wanzami.field_number($2, 'seasonNumber') ELSE "seasonNumber" END,
	"episodeNumber" = CASE WHEN $2 ? 'episodeNumber' THEN wanzami.field_number($2, 'episodeNumber') ELSE "episodeNumber" END,
	"name" = CASE WHEN $2 ? 'name' THEN wanzami.field_name($2, 'name') ELSE "name" END,
	"synopsis" = CASE WHEN $2 ? 'synopsis' THEN wanzami.field_text($2, 'synopsis') ELSE "synopsis" END,
	"runtimeMinutes" = CASE WHEN edit ? 'runtimeMinutes' THEN wanzami.field_integer(edit, 'runtimeMinutes') ELSE "runtimeMinutes" END,
	"pendingReview" = CASE WHEN $2 ? 'pendingReview' THEN wanzami.field_boolean($2, 'pendingReview') ELSE "pendingReview" END,
	"previewSpriteUrl" = CASE WHEN $2 ? 'previewSpriteUrl' THEN wanzami.field_text($2, 'previewSpriteUrl') ELSE "previewSpriteUrl" END,
	"previewVttUrl" = CASE WHEN $2 ? 'previewVttUrl' THEN wanzami.field_text($2, 'previewVttUrl') ELSE "previewVttUrl" END,
	"introStartSec" = CASE WHEN edit ? 'introStartSec' THEN wanzami.field_integer(edit, 'introStartSec') ELSE "introStartSec" END,
	"introEndSec" = CASE WHEN edit ? 'introEndSec' THEN wanzami.field_integer(edit, 'introEndSec') ELSE "introEndSec" END,
	"seasonId" = CASE WHEN $2 ? 'seasonNumber' THEN wanzami.season_ensure("titleId", wanzami.field_number($2, 'seasonNumber')) ELSE "seasonId" END,
	"updatedAt" = wanzami.now()
FROM wanzami.edit_numbers($2, 'runtimeMinutes', 'introStartSec', 'introEndSec') AS edit
WHERE "id" = ($1 ->> 'id')::bigint
RETURNING 200 AS status, json_build_object('episode', wanzami.episode(e))::text AS body
