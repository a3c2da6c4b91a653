-- GET /api/admin/episodes/:id/playback (docs/playback.md#urls-of-a-film): returns 200 with the URLs of the film of an episode, whether it is published or not; or 404.
-- $1: id, urlPlaceholder, userId, urlSeconds, deviceId, session, issued, play, editor, enforcement.
SELECT wanzami.refuse(404, 'Episode not found') WHERE NOT EXISTS (SELECT FROM "Episode" e WHERE e."id" = ($1 ->> 'id')::bigint);
SELECT 200 AS status, wanzami.playback(t, e."id", $1)::text AS body FROM "Episode" e JOIN "Title" t ON t."id" = e."titleId" WHERE e."id" = ($1 ->> 'id')::bigint
