-- DELETE /api/admin/episodes/:id (docs/compatibility.md#episode-delete): deletes an episode with its renditions and uploads, adds
-- its objects to the trash, and leaves its events to event-cleanup. Returns 204.
-- $1: id, userId.
SELECT wanzami.refuse(404, 'Episode not found') WHERE NOT EXISTS (SELECT FROM "Episode" WHERE "id" = ($1 ->> 'id')::bigint FOR UPDATE);
SELECT wanzami.audit(($1 ->> 'userId')::bigint, 'EPISODE_DELETE', $1 ->> 'id',
	(SELECT jsonb_build_object('titleId', e."titleId"::text, 'seasonNumber', e."seasonNumber", 'episodeNumber', e."episodeNumber")
	FROM "Episode" e WHERE e."id" = ($1 ->> 'id')::bigint));
SELECT wanzami.discard_url(u.url) FROM "Episode" e, unnest(ARRAY[e."previewSpriteUrl", e."previewVttUrl"]) u(url) WHERE e."id" = ($1 ->> 'id')::bigint
UNION ALL
SELECT wanzami.discard_url(v."url") FROM "AssetVersion" v WHERE v."episodeId" = ($1 ->> 'id')::bigint
UNION ALL
SELECT wanzami.discard_upload(u) FROM "UploadJob" u WHERE u."episodeId" = ($1 ->> 'id')::bigint;
SELECT wanzami.discard_replaced(ARRAY(SELECT "id" FROM "UploadJob" WHERE "episodeId" = ($1 ->> 'id')::bigint));
DELETE FROM "AssetVersion" WHERE "episodeId" = ($1 ->> 'id')::bigint;
DELETE FROM "UploadJob" WHERE "episodeId" = ($1 ->> 'id')::bigint;
DELETE FROM "Episode" WHERE "id" = ($1 ->> 'id')::bigint;
UPDATE wanzami.event_unlink SET erase = true WHERE kind = 'episodeId' AND id = ($1 ->> 'id')::bigint;
SELECT 204 AS status, NULL AS body
