-- POST /api/admin/titles/:id/seasons (docs/compatibility.md#season-upsert): creates or changes seasons by their number, all
-- or none. Entries without a number are ignored. Returns 200 with the seasons.
-- $1: id, userId.
-- $2: seasons.
SELECT wanzami.refuse(400, 'seasons array is required') WHERE coalesce(jsonb_typeof($2 -> 'seasons') <> 'array' OR $2 -> 'seasons' = '[]', true);
SELECT wanzami.refuse(400, 'Invalid seasonNumber') FROM jsonb_array_elements($2 -> 'seasons') e(entry)
WHERE wanzami.season_meant(e.entry) AND NOT wanzami.field_is_number(e.entry, 'seasonNumber');
SELECT wanzami.refuse(404, 'Title not found') WHERE NOT EXISTS (SELECT FROM "Title" WHERE "id" = ($1 ->> 'id')::bigint FOR UPDATE);
SELECT wanzami.season_upsert(($1 ->> 'id')::bigint, e.entry) FROM jsonb_array_elements($2 -> 'seasons') e(entry)
WHERE wanzami.season_meant(e.entry);
SELECT wanzami.audit(($1 ->> 'userId')::bigint, 'SEASON_UPSERT', $1 ->> 'id', jsonb_build_object('count',
	(SELECT count(*) FROM jsonb_array_elements($2 -> 'seasons') e(entry) WHERE wanzami.season_meant(e.entry))));
SELECT 200 AS status, json_build_object('seasons', coalesce(json_agg(wanzami.season(s) ORDER BY e.n), '[]'))::text AS body
FROM jsonb_array_elements($2 -> 'seasons') WITH ORDINALITY e(entry, n)
JOIN "Season" s ON wanzami.season_meant(e.entry) AND s."titleId" = ($1 ->> 'id')::bigint AND s."seasonNumber" = wanzami.field_integer(e.entry, 'seasonNumber')
