-- Audio tracks that editors add to a film. "audio" of their transcode job is an object with language (BCP 47) and purpose, to which each claim adds
-- the film that the track is fitted to (wanzami.track_fit()); NULL for a film. The job of a track makes no renditions. "upload_job_id" is the upload of an
-- added track; NULL for the tracks of the film itself.
ALTER TABLE wanzami.transcode_job
	ADD COLUMN audio JSONB,
	DROP CONSTRAINT transcode_job_renditions_check,
	ADD CONSTRAINT transcode_job_renditions_check CHECK ((cardinality(renditions) = 0) = (audio IS NOT NULL));
ALTER TABLE wanzami.stream ADD COLUMN upload_job_id BIGINT REFERENCES "UploadJob" ON DELETE CASCADE;
