-- GET /api/titles/:id/playback (docs/playback.md#urls-of-a-film): returns 200 with the URLs of the film of a title that is visible for
-- country and audience; or 404.
-- $1: id, country, audience, urlPlaceholder, userId, urlSeconds, deviceId, session, issued, play, editor, enforcement.
SELECT wanzami.refuse(404, 'Title not found') WHERE NOT EXISTS (
	SELECT FROM "Title" t WHERE t."id" = ($1 ->> 'id')::bigint AND wanzami.visible(t, $1 ->> 'country', $1 ->> 'audience'));
SELECT 200 AS status, wanzami.playback(t, NULL, $1)::text AS body FROM "Title" t WHERE t."id" = ($1 ->> 'id')::bigint
