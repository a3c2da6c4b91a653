-- POST /api/admin/titles/:id/text, step 1 of 2 (docs/compatibility.md#text-tracks): refuses an unknown title, and enters the object into
-- the trash before it is stored.
-- $1: id, key, query.label.
SELECT wanzami.refuse(404, 'Title not found') WHERE NOT EXISTS (SELECT FROM "Title" WHERE "id" = ($1 ->> 'id')::bigint);
SELECT wanzami.text_reserve(($1 ->> 'id')::bigint, NULL, $1 ->> 'key', $1 #>> '{query,label}')
