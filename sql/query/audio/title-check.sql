-- POST /api/admin/titles/:id/audio, step 1 of 2 (docs/compatibility.md#audio-tracks): refuses an unknown title, and an audio track that its film
-- cannot get, before the upload is created in object storage.
-- $1: id, language.
-- $2: purpose.
SELECT wanzami.refuse(404, 'Title not found') WHERE NOT EXISTS (SELECT FROM "Title" WHERE "id" = ($1 ->> 'id')::bigint);
SELECT wanzami.refuse(409, r) FROM wanzami.track_refusal(($1 ->> 'id')::bigint, NULL, $1 ->> 'language', $2 ->> 'purpose') r WHERE r IS NOT NULL;
SELECT 200 AS status, NULL AS body
