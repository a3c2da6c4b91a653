-- Figures of the last day for the operations page (sql/query/ops/minute.sql writes them). A crash of the server empties unlogged tables,
-- which loses figures only.
-- A row for each process and minute.
CREATE UNLOGGED TABLE wanzami.minute (
	at TIMESTAMPTZ NOT NULL,	-- beginning of the minute in which the row was made
	process TEXT NOT NULL,		-- host/pid
	instance TEXT NOT NULL,		-- lease_owner of its transcode jobs, or empty
	role TEXT NOT NULL,
	version TEXT NOT NULL,
	started_at TIMESTAMPTZ NOT NULL,
	requests INTEGER NOT NULL,
	film_ms BIGINT NOT NULL,	-- length of what was encoded, and the time for which a job was encoding
	busy_ms BIGINT NOT NULL,
	memory BIGINT NOT NULL,
	connections INTEGER NOT NULL,
	in_flight INTEGER NOT NULL,
	queue_depth INTEGER,		-- of all processes; NULL in a row that was stored late
	queue_oldest DOUBLE PRECISION,	-- seconds
	PRIMARY KEY (at, process)
);
-- A row for each route (or =all, =database, =valkey, =store) and minute of the last hour, or ten minutes of the last day, of all processes
-- together, so that what the page reads does not grow with their number.
CREATE UNLOGGED TABLE wanzami.traffic (
	step INTEGER NOT NULL,		-- seconds: 60 or 600
	at TIMESTAMPTZ NOT NULL,	-- beginning of the step
	what TEXT NOT NULL,
	n BIGINT[] NOT NULL,		-- 15 numbers: requests, 4xx, 5xx, requests by duration (wanzami.percentile_request, wanzami.percentile_call)
	PRIMARY KEY (step, at, what)
) WITH (fillfactor = 60);
-- The newest 200 starts of processes.
CREATE TABLE wanzami.process_start (
	started_at TIMESTAMPTZ NOT NULL,
	process TEXT NOT NULL,
	role TEXT NOT NULL,
	version TEXT NOT NULL,
	PRIMARY KEY (started_at, process)
);
