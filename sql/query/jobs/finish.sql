-- Cron runner: ends a run. Returns false if the lease was lost.
-- $1: name of the cron job.
-- $2: fencing token.
-- $3: outcome.
-- $4: detail (JSON).
SELECT wanzami.job_finish($1, $2::bigint, $3, $4::jsonb)
