-- Returns true if a transcode job leaves the tracks of text or sound that its film has: it was for one rendition and has made none ("made"
-- is their number), or a later upload of the film is published already.
CREATE OR REPLACE FUNCTION wanzami.tracks_stay(job_id bigint, made integer) RETURNS boolean LANGUAGE sql STABLE AS $$
	SELECT (made = 0 AND cardinality(j.renditions) = 1) OR EXISTS (
		SELECT FROM "AssetVersion" v JOIN wanzami.rendition x ON x.asset_version_id = v."id"
		WHERE wanzami.same_film(v."titleId", v."episodeId", u."titleId", u."episodeId") AND x.job_number > j.number)
	FROM "UploadJob" u JOIN wanzami.transcode_job j ON j.upload_job_id = u."id" WHERE u."id" = job_id
$$;
