-- Ends a run and keeps the last 100 runs of the job. Returns false if the fencing token is stale.
CREATE OR REPLACE FUNCTION wanzami.job_finish(job text, claimed bigint, how text, what jsonb) RETURNS boolean LANGUAGE plpgsql AS $$
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
