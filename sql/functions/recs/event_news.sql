-- Returns the id after which events are new to a cron job (docs/compatibility.md#recommendation-jobs): 0 for all of them if the job has not run
-- with this basis, which is whatever else its results depend on.
CREATE OR REPLACE FUNCTION wanzami.event_news(of_job text, of_basis text) RETURNS bigint LANGUAGE sql STABLE AS $$
	SELECT coalesce((SELECT m.event_id FROM wanzami.event_mark m WHERE m.job = of_job AND m.basis = of_basis), 0)
$$;
