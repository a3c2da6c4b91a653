-- What the scheduler of the cron role and `wanzami job run` share. A job is run by whoever holds its lease, which is renewed
-- while the run goes on; "fence" is the number of that run's claim, and everything the run writes is committed only as long
-- as it still stands.

-- The last time of the job's schedule that has been taken up. When the job is first seen it is the time of that: what
-- would have been due before was not missed.
ALTER TABLE wanzami.lease ADD COLUMN slot TIMESTAMPTZ;

-- "slot" is the time that the run was due, NULL when somebody ran it by hand. 'lost' is a run whose process died or lost
-- the database; 'returned' one that was given back when its process was told to end.
ALTER TABLE wanzami.job_run ADD COLUMN slot TIMESTAMPTZ;
ALTER TABLE wanzami.job_run ADD COLUMN fence BIGINT;
ALTER TABLE wanzami.job_run ADD COLUMN owner TEXT;
ALTER TABLE wanzami.job_run DROP CONSTRAINT job_run_outcome_check;
ALTER TABLE wanzami.job_run ADD CONSTRAINT job_run_outcome_check CHECK (outcome IN ('ok', 'failed', 'lost', 'returned'));
CREATE INDEX job_run_open_idx ON wanzami.job_run (name) WHERE outcome IS NULL;

-- Whether the job's last slot was taken up but not brought to an end, by a run that was lost or given back, and is worth
-- another one: after three that were lost in a row it is the job's fault.
CREATE FUNCTION wanzami.job_again(job text, of_slot timestamptz) RETURNS boolean LANGUAGE sql STABLE AS $$
	SELECT count(*) > 0 AND NOT coalesce(bool_or(outcome IN ('ok', 'failed')), false)
		AND count(*) FILTER (WHERE outcome IS DISTINCT FROM 'returned') < 3
	FROM wanzami.job_run WHERE name = job AND slot = of_slot
$$;

-- Takes the lease of a job for a run that was due at "due", or by hand when that is NULL. The fence of the claim and the
-- slot it is for; NULL when somebody else has it or nothing is to be done any more.
CREATE FUNCTION wanzami.job_claim(job text, who text, lease_ms bigint, due timestamptz, OUT claim bigint, OUT claimed_slot timestamptz)
LANGUAGE plpgsql AS $$
DECLARE
	l wanzami.lease;
BEGIN
	INSERT INTO wanzami.lease (name, owner, fence, expires_at, slot) VALUES (job, who, 0, now(), now()) ON CONFLICT (name) DO NOTHING;
	-- Waits for nobody: a transaction of the run before holds the row FOR KEY SHARE until it is over.
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

-- Ends a run; whether the claim was still the run's own. The last hundred runs of a job are kept.
CREATE FUNCTION wanzami.job_finish(job text, claimed bigint, how text, what jsonb) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
	UPDATE wanzami.lease SET expires_at = now() WHERE name = job AND fence = claimed;
	IF NOT FOUND THEN
		RETURN false;
	END IF;
	UPDATE wanzami.job_run SET outcome = how, detail = what, finished_at = now()
	WHERE name = job AND fence = claimed AND outcome IS NULL;
	DELETE FROM wanzami.job_run WHERE name = job AND id <= (
		SELECT id FROM wanzami.job_run WHERE name = job ORDER BY id DESC OFFSET 100 LIMIT 1);
	RETURN true;
END $$;
