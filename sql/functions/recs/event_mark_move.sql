-- Notes that a cron job has read the events up to now. Those of the last ten minutes stay new, because an event with a lower id may be
-- stored by a transaction that has not ended.
CREATE OR REPLACE FUNCTION wanzami.event_mark_move(of_job text, of_basis text) RETURNS void LANGUAGE sql AS $$
	INSERT INTO wanzami.event_mark (job, basis, event_id)
	SELECT of_job, of_basis, coalesce((SELECT e."id" FROM "EngagementEvent" e WHERE e."createdAt" < wanzami.now() - interval '10 minutes'
		ORDER BY e."id" DESC LIMIT 1), 0)
	ON CONFLICT (job) DO UPDATE SET basis = excluded.basis, event_id = excluded.event_id
$$;
