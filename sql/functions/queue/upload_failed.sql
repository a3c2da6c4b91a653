-- Marks an upload and its waiting renditions as FAILED, with a message for people (docs/compatibility.md#transcode-failure).
CREATE OR REPLACE FUNCTION wanzami.upload_failed(job_id bigint, why text) RETURNS void LANGUAGE sql AS $$
	UPDATE "UploadJob" SET "status" = 'FAILED', "error" = why, "updatedAt" = now() WHERE "id" = job_id;
	UPDATE "AssetVersion" v SET "status" = 'FAILED', "updatedAt" = now()
	FROM wanzami.transcode_job j JOIN "UploadJob" u ON u."id" = j.upload_job_id
	WHERE j.upload_job_id = job_id AND v."status" IN ('PENDING', 'PROCESSING') AND v."rendition" = ANY (j.renditions)
	AND wanzami.same_film(v."titleId", v."episodeId", u."titleId", u."episodeId")
	AND wanzami.asset_made_of(v."url", j.source_key)
$$;
