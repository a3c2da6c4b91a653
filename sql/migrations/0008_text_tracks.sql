-- Tracks of text of a film: subtitles, and captions for the deaf and hard of hearing, as WebVTT objects. Those of origin 'embedded' come from the
-- uploaded film, those of origin 'sidecar' from a file that an editor has added. When a row is deleted or gets another object, a trigger
-- puts the object into the trash.
CREATE TABLE wanzami.text_track (
	id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	title_id BIGINT REFERENCES "Title" ON DELETE CASCADE,
	episode_id BIGINT REFERENCES "Episode" ON DELETE CASCADE,
	upload_job_id BIGINT,
	language TEXT NOT NULL,
	label TEXT NOT NULL DEFAULT '',
	kind TEXT NOT NULL CHECK (kind IN ('subtitles', 'captions')),
	is_default BOOLEAN NOT NULL DEFAULT false,
	is_forced BOOLEAN NOT NULL DEFAULT false,
	object_key TEXT NOT NULL UNIQUE,
	origin TEXT NOT NULL CHECK (origin IN ('embedded', 'sidecar')),
	created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
	CONSTRAINT text_track_film CHECK ((title_id IS NULL) <> (episode_id IS NULL))
);
CREATE INDEX text_track_title ON wanzami.text_track (title_id);
CREATE INDEX text_track_episode ON wanzami.text_track (episode_id);
