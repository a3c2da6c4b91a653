-- The row that GET /health/ready writes (sql/query/health/ready.sql): a server that accepts reads only is not ready.
CREATE TABLE IF NOT EXISTS wanzami.write_probe (
	only_row BOOLEAN PRIMARY KEY DEFAULT true CHECK (only_row),
	at TIMESTAMPTZ NOT NULL
);
