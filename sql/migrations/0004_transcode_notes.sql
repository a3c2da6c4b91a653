-- What the last attempt has left out of a film's renditions or repaired in them: a JSON array of sentences for the uploader.
ALTER TABLE wanzami.transcode_job ADD COLUMN IF NOT EXISTS notes JSONB NOT NULL DEFAULT '[]';
