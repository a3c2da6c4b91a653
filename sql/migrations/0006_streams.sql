-- The tracks of a rendition as CMAF by byte ranges: all that HLS and DASH playlists need, so that no object is read to make one.
-- "kind" is video or audio. The init segment has "init_size" bytes from "init_offset", the index (sidx) "index_size" bytes from
-- "index_offset", 0 if there is none. Segment n has "sizes"[n] bytes (moof and mdat) from "offsets"[n] and lasts "durations"[n] units of
-- "timescale"; its first frame ends "iframes"[n] bytes after its begin (0 for audio). "codecs" and the bit rates are those of the track
-- alone; "iframe_bandwidth" is that of the first frames. "object_key" is the object that the ranges are of: a row is valid while
-- wanzami.rendition has the same key. Renditions of earlier releases have no rows.
CREATE TABLE IF NOT EXISTS wanzami.stream (
	asset_version_id BIGINT NOT NULL REFERENCES wanzami.rendition (asset_version_id) ON DELETE CASCADE,
	kind TEXT NOT NULL CHECK (kind IN ('video', 'audio')),
	object_key TEXT NOT NULL,
	codecs TEXT NOT NULL,
	timescale BIGINT NOT NULL CHECK (timescale > 0),
	bandwidth BIGINT NOT NULL,
	average_bandwidth BIGINT NOT NULL,
	iframe_bandwidth BIGINT NOT NULL DEFAULT 0,
	init_offset BIGINT NOT NULL,
	init_size BIGINT NOT NULL,
	index_offset BIGINT NOT NULL DEFAULT 0,
	index_size BIGINT NOT NULL DEFAULT 0,
	offsets BIGINT[] NOT NULL,
	sizes INTEGER[] NOT NULL,
	durations INTEGER[] NOT NULL,
	iframes INTEGER[] NOT NULL,
	PRIMARY KEY (asset_version_id, kind)
);
