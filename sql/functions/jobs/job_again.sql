-- Returns true if the job's last slot has not been completed, because its run was lost or given back, and has been lost fewer than
-- three times.
CREATE OR REPLACE FUNCTION wanzami.job_again(job text, of_slot timestamptz) RETURNS boolean LANGUAGE sql STABLE AS $$
	SELECT count(*) > 0 AND NOT coalesce(bool_or(outcome IN ('ok', 'failed')), false)
		AND count(*) FILTER (WHERE outcome IS DISTINCT FROM 'returned') < 3
	FROM wanzami.job_run WHERE name = job AND slot = of_slot
$$;
