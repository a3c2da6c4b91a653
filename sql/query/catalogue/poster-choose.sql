-- POST /api/admin/titles/:id/poster, step 2 of 2 (docs/compatibility.md#posters): makes the stored copy the poster of the title. Returns 200
-- with the title.
-- $1: id, key, userId, publicUrl.
SELECT wanzami.refuse(404, 'Title not found') WHERE NOT EXISTS (SELECT FROM "Title" WHERE "id" = ($1 ->> 'id')::bigint FOR UPDATE);
WITH kept AS (
	DELETE FROM wanzami.object_trash WHERE key = $1 ->> 'key' AND attempts = 0 RETURNING key
)
SELECT wanzami.refuse(503, 'The poster was deleted before it could be used') WHERE NOT EXISTS (SELECT FROM kept);
SELECT wanzami.audit(($1 ->> 'userId')::bigint, 'TITLE_UPDATE', $1 ->> 'id', wanzami.edit_fields('{"posterUrl":0}', 'posterUrl'));
UPDATE "Title" SET "posterUrl" = $1 ->> 'publicUrl', "updatedAt" = wanzami.now() WHERE "id" = ($1 ->> 'id')::bigint
RETURNING 200 AS status, json_build_object('title', json_build_object('id', "id"::text, 'posterUrl', "posterUrl"))::text AS body
