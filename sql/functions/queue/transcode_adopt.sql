-- Queues uploads in PROCESSING that have no job: those of the Node service, whose queue is gone. Returns the number of jobs.
CREATE OR REPLACE FUNCTION wanzami.transcode_adopt() RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
	u "UploadJob";
	wanted "Rendition"[];
	adopted bigint := 0;
BEGIN
	FOR u IN
		SELECT * FROM "UploadJob" o WHERE o."status" = 'PROCESSING'
		AND NOT EXISTS (SELECT FROM wanzami.transcode_job j WHERE j.upload_job_id = o."id")
		ORDER BY o."id" FOR UPDATE SKIP LOCKED
	LOOP
		SELECT array_agg(r) INTO wanted FROM unnest(enum_range(NULL::"Rendition")) r WHERE u."payload"->'renditions' ? r::text;
		IF coalesce(u."payload"->>'key', '') = '' THEN
			UPDATE "UploadJob" SET "status" = 'FAILED', "error" = 'The upload has no object key. Please upload the film again.',
				"updatedAt" = now() WHERE "id" = u."id";
		ELSE
			PERFORM wanzami.transcode_enqueue(u."id", CASE WHEN u."payload" ? 'audio' THEN '{}' ELSE coalesce(wanted, '{R1080,R720,R360}') END);
			adopted := adopted + 1;
		END IF;
	END LOOP;
	RETURN adopted;
END $$;
