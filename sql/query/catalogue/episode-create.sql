-- POST /api/admin/titles/:id/episodes (docs/compatibility.md#episode-create): creates an episode, and its season if it is
-- missing. Returns 201 with the episode.
-- $1: id, userId.
-- $2: seasonNumber, episodeNumber, name, synopsis, runtimeMinutes, previewSpriteUrl, previewVttUrl, introStartSec,
--	introEndSec, pendingReview.
SELECT wanzami.refuse(400, 'seasonNumber, episodeNumber, and name are required')
WHERE NOT wanzami.truthy($2 -> 'seasonNumber') OR NOT wanzami.truthy($2 -> 'episodeNumber') OR NOT wanzami.truthy($2 -> 'name');
SELECT wanzami.refuse(404, 'Title not found') WHERE NOT EXISTS (SELECT FROM "Title" WHERE "id" = ($1 ->> 'id')::bigint FOR UPDATE);
WITH created AS (
	INSERT INTO "Episode" AS e ("titleId", "seasonId", "seasonNumber", "episodeNumber", "name", "synopsis", "runtimeMinutes", "previewSpriteUrl",
		"previewVttUrl", "introStartSec", "introEndSec", "pendingReview", "createdAt", "updatedAt")
	VALUES (($1 ->> 'id')::bigint, wanzami.season_ensure(($1 ->> 'id')::bigint, wanzami.field_number($2, 'seasonNumber')),
		wanzami.field_number($2, 'seasonNumber'), wanzami.field_number($2, 'episodeNumber'), wanzami.field_name($2, 'name'),
		wanzami.field_text($2, 'synopsis'), wanzami.field_integer($2, 'runtimeMinutes'), wanzami.field_text($2, 'previewSpriteUrl'),
		wanzami.field_text($2, 'previewVttUrl'), wanzami.field_integer($2, 'introStartSec'), wanzami.field_integer($2, 'introEndSec'),
		coalesce(wanzami.field_boolean($2, 'pendingReview'), true), wanzami.now(), wanzami.now())
	RETURNING e."id", wanzami.episode(e) AS answer
)
SELECT 201 AS status, json_build_object('episode', c.answer)::text AS body,
	wanzami.audit(($1 ->> 'userId')::bigint, 'EPISODE_CREATE', c."id"::text, jsonb_build_object('titleId', $1 ->> 'id',
		'seasonNumber', $2 -> 'seasonNumber', 'episodeNumber', $2 -> 'episodeNumber'))
FROM created c
