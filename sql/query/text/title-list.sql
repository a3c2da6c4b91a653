-- GET /api/admin/titles/:id/text (docs/compatibility.md#text-tracks): returns 200 with all tracks of text of a title.
-- $1: id, urlPlaceholder.
SELECT wanzami.refuse(404, 'Title not found') WHERE NOT EXISTS (SELECT FROM "Title" WHERE "id" = ($1 ->> 'id')::bigint);
SELECT 200 AS status, json_build_object('text', coalesce(json_agg(wanzami.text_row(t, $1 ->> 'urlPlaceholder') ORDER BY t.id), '[]'))::text AS body
FROM wanzami.text_track t WHERE t.title_id = ($1 ->> 'id')::bigint
