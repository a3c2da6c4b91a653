-- Inserts the upload of a file that becomes an audio track of a title or an episode. One of title_id and episode_id is NULL. Returns its id.
CREATE OR REPLACE FUNCTION wanzami.track_upload(title_id bigint, episode_id bigint, language text, key text, upload_id text, part_size bigint, file_name text, bytes bigint,
	purpose text) RETURNS bigint LANGUAGE sql AS $$
	INSERT INTO "UploadJob" ("titleId", "episodeId", "status", "bytesUploaded", "bytesTotal", "payload", "createdAt", "updatedAt")
	VALUES (title_id, episode_id, 'UPLOADING', 0, bytes, jsonb_build_object('key', key, 'uploadId', upload_id, 'fileName', file_name, 'partSize', part_size,
		'audio', jsonb_build_object('language', language, 'purpose', purpose)), wanzami.now(), wanzami.now())
	RETURNING "id"
$$;
