-- Puts the object of an upload that was never completed into the trash (docs/compatibility.md#title-delete); a trigger of
-- transcode_job does it for the others.
CREATE OR REPLACE FUNCTION wanzami.discard_upload(u "UploadJob") RETURNS void LANGUAGE sql AS $$
	INSERT INTO wanzami.object_trash (key, reason, upload_job_id)
	SELECT u."payload" ->> 'key', 'abandoned', u."id"
	WHERE u."payload" ->> 'key' <> '' AND NOT EXISTS (SELECT FROM wanzami.transcode_job j WHERE j.upload_job_id = u."id")
	ON CONFLICT (key) DO NOTHING
$$;
