-- GET /api/admin/titles/:id/episodes (contract media §4.3).
SELECT 200 AS status, json_build_object('episodes', wanzami.episodes_all(($1 ->> 'id')::bigint))::text AS body
