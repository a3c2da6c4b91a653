-- Cron runner, first statement of every transaction of a run: locks the lease, so that no other process can claim the cron
-- job before the transaction ends. Returns no row if the lease was lost.
-- $1: name of the cron job.
-- $2: fencing token.
SELECT fence FROM wanzami.lease WHERE name = $1 AND fence = $2::bigint FOR KEY SHARE
