-- Cron runner: renews the lease of a run. Returns no row if the lease was lost.
-- $1: name of the cron job.
-- $2: fencing token.
-- $3: lease in milliseconds.
UPDATE wanzami.lease SET expires_at = now() + $3::bigint * interval '1 ms' WHERE name = $1 AND fence = $2::bigint RETURNING fence
