-- GET /api/admin/titles/:id/audio (docs/compatibility.md#audio-tracks): returns 200 with the audio tracks of a title, and the uploads of added
-- tracks that go on or have failed.
-- $1: id.
SELECT wanzami.refuse(404, 'Title not found') WHERE NOT EXISTS (SELECT FROM "Title" WHERE "id" = ($1 ->> 'id')::bigint);
SELECT 200 AS status, wanzami.audio_edited(($1 ->> 'id')::bigint, NULL)::text AS body
