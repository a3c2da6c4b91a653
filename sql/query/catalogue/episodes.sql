-- GET /api/admin/titles/:id/episodes (docs/compatibility.md#episode-list): returns 200 with all episodes of a title.
-- $1: id.
SELECT 200 AS status, json_build_object('episodes', wanzami.episodes_all(($1 ->> 'id')::bigint))::text AS body
