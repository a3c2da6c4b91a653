-- GET /api/admin/episodes/:id/text (docs/compatibility.md#text-tracks): returns 200 with all tracks of text of an episode.
-- $1: id, urlPlaceholder.
SELECT wanzami.refuse(404, 'Episode not found') WHERE NOT EXISTS (SELECT FROM "Episode" WHERE "id" = ($1 ->> 'id')::bigint);
SELECT 200 AS status, json_build_object('text', coalesce(json_agg(wanzami.text_row(t, $1 ->> 'urlPlaceholder') ORDER BY t.id), '[]'))::text AS body
FROM wanzami.text_track t WHERE t.episode_id = ($1 ->> 'id')::bigint
