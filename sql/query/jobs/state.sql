-- Cron scheduler: returns for each cron job the last slot as Unix time, in again if that slot has to be run again, and in
-- held if a process holds the lease. Adds missing leases first. The job that was started longest ago comes first, so that none
-- waits for ever when more are due than may run at a time.
-- $1: JSON array of the names of all cron jobs.
INSERT INTO wanzami.lease (name, owner, fence, expires_at, slot)
SELECT name, '', 0, now(), now() FROM jsonb_array_elements_text($1::jsonb) AS name
WHERE NOT EXISTS (SELECT FROM wanzami.lease l WHERE l.name = name.name)
ON CONFLICT (name) DO NOTHING;
SELECT l.name, floor(extract(epoch FROM l.slot))::bigint AS slot, wanzami.job_again(l.name, l.slot) AS again,
	l.expires_at > now() AS held
FROM jsonb_array_elements_text($1::jsonb) AS name JOIN wanzami.lease l ON l.name = name.name
ORDER BY l.slot;
