-- GET /api/admin/titles/:id/episodes (docs/compatibility.md#episode-list).
SELECT 200 AS status, json_build_object('episodes', wanzami.episodes_all(($1 ->> 'id')::bigint))::text AS body
