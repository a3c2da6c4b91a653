-- GET /api/admin/titles/:id/posters (docs/compatibility.md#posters): returns 200 with the poster candidates of a title, at most 40.
-- $1: id, urlPlaceholder.
SELECT wanzami.refuse(404, 'Title not found') WHERE NOT EXISTS (SELECT FROM "Title" WHERE "id" = ($1 ->> 'id')::bigint);
SELECT 200 AS status, json_build_object('posters', coalesce(json_agg(json_build_object('id', c.id, 'episodeId', c.episode_id::text,
	'url', $1 ->> 'urlPlaceholder' || ':3600:' || c.object_key) ORDER BY c.place), '[]'))::text AS body
FROM wanzami.poster_candidates(($1 ->> 'id')::bigint) c WHERE c.place <= 40
