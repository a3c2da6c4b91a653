-- GET /api/episodes/:id/playback (docs/playback.md#urls-of-a-film): returns 200 with the URLs of an episode that is not pending, of a
-- title that is visible for country and audience; or 404.
-- $1: id, country, audience, urlPlaceholder, userId, urlSeconds, deviceId, session, issued, play, editor, enforcement.
SELECT wanzami.refuse(404, 'Episode not found') WHERE NOT EXISTS (
	SELECT FROM "Episode" e JOIN "Title" t ON t."id" = e."titleId"
	WHERE e."id" = ($1 ->> 'id')::bigint AND NOT e."pendingReview" AND wanzami.visible(t, $1 ->> 'country', $1 ->> 'audience'));
SELECT 200 AS status, wanzami.playback(t, e."id", $1)::text AS body FROM "Episode" e JOIN "Title" t ON t."id" = e."titleId"
WHERE e."id" = ($1 ->> 'id')::bigint
