-- GET /api/admin/titles/:id/playback (docs/playback.md#urls-of-a-film): returns 200 with the URLs of the film of a title, whether it is published or not; or 404.
-- $1: id, urlPlaceholder, userId, urlSeconds, deviceId, session, issued, play, editor, enforcement.
SELECT wanzami.refuse(404, 'Title not found') WHERE NOT EXISTS (SELECT FROM "Title" t WHERE t."id" = ($1 ->> 'id')::bigint);
SELECT 200 AS status, wanzami.playback(t, NULL, $1)::text AS body FROM "Title" t WHERE t."id" = ($1 ->> 'id')::bigint
