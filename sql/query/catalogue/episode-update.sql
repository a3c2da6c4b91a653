-- PATCH /api/admin/episodes/:id (contract media §4.11): another season number moves it, into a season made when it is missing.
SELECT wanzami.refuse(404, 'Episode not found') WHERE NOT EXISTS (SELECT FROM "Episode" WHERE "id" = ($1 ->> 'id')::bigint FOR UPDATE);
SELECT wanzami.refuse(400, 'Invalid pendingReview') WHERE $2 -> 'pendingReview' = 'null';
SELECT wanzami.audit(($1 ->> 'userId')::bigint, 'EPISODE_UPDATE', $1 ->> 'id', jsonb_build_object('fields', array_remove(ARRAY[
		CASE WHEN $2 ? 'seasonNumber' THEN 'seasonNumber' END,
		CASE WHEN $2 ? 'seasonNumber' THEN 'seasonId' END,
		CASE WHEN $2 ? 'episodeNumber' THEN 'episodeNumber' END,
		CASE WHEN $2 ? 'name' THEN 'name' END,
		CASE WHEN $2 ? 'synopsis' THEN 'synopsis' END,
		CASE WHEN wanzami.field_is_number($2, 'runtimeMinutes') OR wanzami.field_is_empty($2, 'runtimeMinutes') THEN 'runtimeMinutes' END,
		CASE WHEN $2 ? 'pendingReview' THEN 'pendingReview' END,
		CASE WHEN $2 ? 'previewSpriteUrl' THEN 'previewSpriteUrl' END,
		CASE WHEN $2 ? 'previewVttUrl' THEN 'previewVttUrl' END,
		CASE WHEN wanzami.field_is_number($2, 'introStartSec') OR wanzami.field_is_empty($2, 'introStartSec') THEN 'introStartSec' END,
		CASE WHEN wanzami.field_is_number($2, 'introEndSec') OR wanzami.field_is_empty($2, 'introEndSec') THEN 'introEndSec' END], NULL)));
UPDATE "Episode" AS e SET
	"seasonNumber" = CASE WHEN $2 ? 'seasonNumber' THEN wanzami.field_number($2, 'seasonNumber') ELSE "seasonNumber" END,
	"episodeNumber" = CASE WHEN $2 ? 'episodeNumber' THEN wanzami.field_number($2, 'episodeNumber') ELSE "episodeNumber" END,
	"name" = CASE WHEN $2 ? 'name' THEN wanzami.field_name($2, 'name') ELSE "name" END,
	"synopsis" = CASE WHEN $2 ? 'synopsis' THEN wanzami.field_text($2, 'synopsis') ELSE "synopsis" END,
	"runtimeMinutes" = CASE WHEN wanzami.field_is_number($2, 'runtimeMinutes') OR wanzami.field_is_empty($2, 'runtimeMinutes') THEN wanzami.field_integer($2, 'runtimeMinutes') ELSE "runtimeMinutes" END,
	"pendingReview" = CASE WHEN $2 ? 'pendingReview' THEN wanzami.field_boolean($2, 'pendingReview') ELSE "pendingReview" END,
	"previewSpriteUrl" = CASE WHEN $2 ? 'previewSpriteUrl' THEN wanzami.field_text($2, 'previewSpriteUrl') ELSE "previewSpriteUrl" END,
	"previewVttUrl" = CASE WHEN $2 ? 'previewVttUrl' THEN wanzami.field_text($2, 'previewVttUrl') ELSE "previewVttUrl" END,
	"introStartSec" = CASE WHEN wanzami.field_is_number($2, 'introStartSec') OR wanzami.field_is_empty($2, 'introStartSec') THEN wanzami.field_integer($2, 'introStartSec') ELSE "introStartSec" END,
	"introEndSec" = CASE WHEN wanzami.field_is_number($2, 'introEndSec') OR wanzami.field_is_empty($2, 'introEndSec') THEN wanzami.field_integer($2, 'introEndSec') ELSE "introEndSec" END,
	"seasonId" = CASE WHEN $2 ? 'seasonNumber' THEN wanzami.season_ensure("titleId", wanzami.field_number($2, 'seasonNumber')) ELSE "seasonId" END,
	"updatedAt" = wanzami.now()
WHERE "id" = ($1 ->> 'id')::bigint
RETURNING 200 AS status, json_build_object('episode', wanzami.episode(e))::text AS body
