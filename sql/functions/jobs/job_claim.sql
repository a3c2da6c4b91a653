-- Takes the lease of a cron job, for the run that was due at "due", or for a run by hand if that is NULL. Returns the fencing token
-- and the slot, or NULL if another process holds the lease or nothing is left to do.
CREATE OR REPLACE FUNCTION wanzami.job_claim(job text, who text, lease_ms bigint, due timestamptz, OUT claim bigint, OUT claimed_slot timestamptz)
LANGUAGE plpgsql AS $$
DECLARE
	l wanzami.lease;
BEGIN
	INSERT INTO wanzami.lease (name, owner, fence, expires_at, slot) VALUES (job, who, 0, now(), now()) ON CONFLICT (name) DO NOTHING;
	-- SKIP LOCKED: a transaction of the previous run holds the row FOR KEY SHARE until it ends.
	SELECT * INTO l FROM wanzami.lease WHERE name = job FOR UPDATE SKIP LOCKED;
	IF NOT FOUND OR l.expires_at > now() THEN
		RETURN;
	END IF;
	UPDATE wanzami.job_run SET outcome = 'lost', finished_at = now() WHERE name = job AND outcome IS NULL;
	IF due > l.slot THEN
		claimed_slot := due;
	ELSIF due IS NOT NULL THEN
		IF NOT wanzami.job_again(job, l.slot) THEN
			RETURN;
		END IF;
		claimed_slot := l.slot;
	END IF;
	claim := l.fence + 1;
	UPDATE wanzami.lease SET owner = who, fence = claim, expires_at = now() + lease_ms * interval '1 ms', slot = coalesce(claimed_slot, slot)
	WHERE name = job;
	INSERT INTO wanzami.job_run (name, slot, fence, owner) VALUES (job, claimed_slot, claim, who);
END $$;
