-- Cron runner: cancels the running statement of a run's database connection.
-- $1: process id of the server process.
SELECT pg_cancel_backend($1::int)
