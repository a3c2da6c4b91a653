-- Previews of a film, made by its transcode job. Thumbnail n, from 0, is shown from n * interval_ms on and is in sheet n / (columns * rows),
-- row by row; width and height are those of a thumbnail in pixels, "count" is the number of all. "posters" are candidates, the best first.
-- "sheets" and "posters" are object keys. "markers" is an array of {"start": seconds, "title"}, the chapters of the source; "end_credits"
-- is the suggested beginning of the end credits in seconds. "job_number" is the "number" of the transcode job. When a row is deleted or
-- gets other objects, a trigger puts the objects into the trash.
CREATE TABLE wanzami.preview (
	title_id BIGINT UNIQUE REFERENCES "Title" ON DELETE CASCADE,
	episode_id BIGINT UNIQUE REFERENCES "Episode" ON DELETE CASCADE,
	upload_job_id BIGINT NOT NULL,
	job_number BIGINT NOT NULL,
	sheets TEXT[] NOT NULL DEFAULT '{}',
	interval_ms INTEGER NOT NULL DEFAULT 0,
	columns INTEGER NOT NULL DEFAULT 0,
	rows INTEGER NOT NULL DEFAULT 0,
	width INTEGER NOT NULL DEFAULT 0,
	height INTEGER NOT NULL DEFAULT 0,
	count INTEGER NOT NULL DEFAULT 0,
	posters TEXT[] NOT NULL DEFAULT '{}',
	markers JSONB NOT NULL DEFAULT '[]',
	end_credits NUMERIC(9, 3),
	created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
	CONSTRAINT preview_film CHECK (num_nonnulls(title_id, episode_id) = 1)
);
