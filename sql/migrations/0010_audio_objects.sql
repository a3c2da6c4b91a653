-- Audio objects: sound alone, beside that in the renditions. Their rows in wanzami.stream belong to a film in place of a rendition. "track" is
-- the number of the sound in the film, from 1, which is the sound of the renditions; "language" is its BCP 47 tag in the source, "described" is
-- true for an audio description, "bitrate" is what the encoder was asked for, in bit/s. When such a row is deleted, a trigger puts the
-- object into the trash.
ALTER TABLE wanzami.stream
	ADD COLUMN title_id BIGINT REFERENCES "Title" ON DELETE CASCADE,
	ADD COLUMN episode_id BIGINT REFERENCES "Episode" ON DELETE CASCADE,
	ADD COLUMN track INTEGER,
	ADD COLUMN language TEXT,
	ADD COLUMN described BOOLEAN,
	ADD COLUMN channels INTEGER,
	ADD COLUMN bitrate INTEGER,
	DROP CONSTRAINT stream_pkey,
	ALTER COLUMN asset_version_id DROP NOT NULL,
	ADD CONSTRAINT stream_rendition UNIQUE (asset_version_id, kind),
	ADD CONSTRAINT stream_owner CHECK (num_nonnulls(asset_version_id, title_id, episode_id) = 1),
	ADD CONSTRAINT stream_audio CHECK (asset_version_id IS NOT NULL OR (kind = 'audio' AND num_nulls(track, language, described, channels, bitrate) = 0));
CREATE INDEX stream_title ON wanzami.stream (title_id) WHERE title_id IS NOT NULL;
CREATE INDEX stream_episode ON wanzami.stream (episode_id) WHERE episode_id IS NOT NULL;
CREATE UNIQUE INDEX stream_audio_object ON wanzami.stream (object_key) WHERE asset_version_id IS NULL;
