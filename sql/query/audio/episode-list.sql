-- GET /api/admin/episodes/:id/audio (docs/compatibility.md#audio-tracks): returns 200 with the audio tracks of an episode, and the uploads of added
-- tracks that go on or have failed.
-- $1: id.
SELECT wanzami.refuse(404, 'Episode not found') WHERE NOT EXISTS (SELECT FROM "Episode" WHERE "id" = ($1 ->> 'id')::bigint);
SELECT 200 AS status, wanzami.audio_edited(NULL, ($1 ->> 'id')::bigint)::text AS body
