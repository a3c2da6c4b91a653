-- DELETE /api/admin/seasons/:id (docs/compatibility.md#season-delete): deletes a season with its episodes and their
-- renditions and uploads, adds its objects to the trash, and leaves their events to event-cleanup. Returns 204.
-- $1: id, userId.
SELECT wanzami.refuse(404, 'Season not found') WHERE NOT EXISTS (SELECT FROM "Season" WHERE "id" = ($1 ->> 'id')::bigint FOR UPDATE);
SELECT wanzami.audit(($1 ->> 'userId')::bigint, 'SEASON_DELETE', $1 ->> 'id',
	(SELECT jsonb_build_object('titleId', s."titleId"::text, 'episodes', (SELECT count(*) FROM "Episode" e WHERE e."seasonId" = s."id"))
	FROM "Season" s WHERE s."id" = ($1 ->> 'id')::bigint));
SELECT wanzami.discard_url(u.url) FROM "Season" s, unnest(ARRAY[s."posterUrl", s."thumbnailUrl", s."previewSpriteUrl", s."previewVttUrl"]) u(url)
WHERE s."id" = ($1 ->> 'id')::bigint
UNION ALL
SELECT wanzami.discard_url(u.url) FROM "Episode" e, unnest(ARRAY[e."previewSpriteUrl", e."previewVttUrl"]) u(url) WHERE e."seasonId" = ($1 ->> 'id')::bigint
UNION ALL
SELECT wanzami.discard_url(v."url") FROM "AssetVersion" v JOIN "Episode" e ON e."id" = v."episodeId" WHERE e."seasonId" = ($1 ->> 'id')::bigint
UNION ALL
SELECT wanzami.discard_upload(u) FROM "UploadJob" u JOIN "Episode" e ON e."id" = u."episodeId" WHERE e."seasonId" = ($1 ->> 'id')::bigint;
SELECT wanzami.discard_replaced(ARRAY(SELECT u."id" FROM "UploadJob" u JOIN "Episode" e ON e."id" = u."episodeId" WHERE e."seasonId" = ($1 ->> 'id')::bigint));
DELETE FROM "AssetVersion" v USING "Episode" e WHERE e."seasonId" = ($1 ->> 'id')::bigint AND v."episodeId" = e."id";
DELETE FROM "UploadJob" u USING "Episode" e WHERE e."seasonId" = ($1 ->> 'id')::bigint AND u."episodeId" = e."id";
WITH gone AS (
	DELETE FROM "Episode" WHERE "seasonId" = ($1 ->> 'id')::bigint RETURNING "id"
)
INSERT INTO wanzami.event_unlink (kind, id, erase) SELECT 'episodeId', "id", true FROM gone
ON CONFLICT (kind, id) DO UPDATE SET erase = true;
DELETE FROM "Season" WHERE "id" = ($1 ->> 'id')::bigint;
SELECT 204 AS status, NULL AS body
