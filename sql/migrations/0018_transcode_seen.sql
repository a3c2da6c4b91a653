-- When a process with the role transcode was last connected to the database (one row, or none before the first): the console tells by it
-- since when nobody prepares films. sql/query/queue/sweep.sql keeps it.
CREATE TABLE IF NOT EXISTS wanzami.transcode_seen (
	only_row BOOLEAN PRIMARY KEY DEFAULT true CHECK (only_row),
	seen_at TIMESTAMPTZ NOT NULL
);
