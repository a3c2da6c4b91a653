-- GET /api/admin/titles/:id/seasons (docs/compatibility.md#season-list): returns 200 with the seasons of a title.
-- $1: id.
SELECT 200 AS status, json_build_object('seasons', coalesce(json_agg(wanzami.season(s) ORDER BY s."seasonNumber"), '[]'))::text AS body
FROM "Season" s WHERE s."titleId" = ($1 ->> 'id')::bigint
