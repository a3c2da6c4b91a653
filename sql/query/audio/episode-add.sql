-- POST /api/admin/episodes/:id/audio, step 2 of 2 (docs/compatibility.md#audio-tracks): inserts the upload, after it was created in object storage.
-- Returns its id.
-- $1: id, language, key, uploadId, partSize.
-- $2: fileName, bytesTotal, purpose.
SELECT wanzami.refuse(404, 'Episode not found') WHERE NOT EXISTS (SELECT FROM "Episode" WHERE "id" = ($1 ->> 'id')::bigint FOR KEY SHARE);
SELECT 200 AS status, wanzami.track_upload(NULL, ($1 ->> 'id')::bigint, $1 ->> 'language', $1 ->> 'key', $1 ->> 'uploadId', ($1 ->> 'partSize')::bigint,
	$2 ->> 'fileName', ($2 ->> 'bytesTotal')::bigint, $2 ->> 'purpose')::text AS body
