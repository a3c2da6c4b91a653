-- Cron runner: claims a cron job. Returns the fencing token and the slot as Unix time, or no row if another process holds
-- the lease.
-- $1: name of the cron job.
-- $2: process.
-- $3: lease in milliseconds.
-- $4: Unix time at which the run was due, NULL for a run by hand.
SELECT claim, extract(epoch FROM claimed_slot)::bigint AS slot FROM wanzami.job_claim($1, $2, $3::bigint, to_timestamp($4::double precision)) WHERE claim IS NOT NULL
