-- Notes of the last attempt, a JSON array of sentences for the uploader: parts that were left out of the renditions, and repairs.
ALTER TABLE wanzami.transcode_job ADD COLUMN IF NOT EXISTS notes JSONB NOT NULL DEFAULT '[]';
