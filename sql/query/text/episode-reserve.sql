-- POST /api/admin/episodes/:id/text, step 1 of 2 (docs/compatibility.md#text-tracks): refuses an unknown episode, and enters the object into
-- the trash before it is stored.
-- $1: id, key, query.label.
SELECT wanzami.refuse(404, 'Episode not found') WHERE NOT EXISTS (SELECT FROM "Episode" WHERE "id" = ($1 ->> 'id')::bigint);
SELECT wanzami.text_reserve(NULL, ($1 ->> 'id')::bigint, $1 ->> 'key', $1 #>> '{query,label}')
