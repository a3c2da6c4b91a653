-- Objects of an added audio track, for its removal and for the removal of its upload.
CREATE INDEX CONCURRENTLY IF NOT EXISTS wz_stream_upload_idx ON wanzami.stream (upload_job_id) WHERE upload_job_id IS NOT NULL;
