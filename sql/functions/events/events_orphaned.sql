-- Trigger function: notes the deleted rows that events may still name, for the cron job event-cleanup (docs/database.md#events). The argument
-- is the column of "EngagementEvent". With the rights of the owner, as the other two of events, since other programs may change the tables, too.
CREATE OR REPLACE FUNCTION wanzami.events_orphaned() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	INSERT INTO wanzami.event_unlink (kind, id) SELECT tg_argv[0], g."id" FROM gone g ORDER BY g."id" ON CONFLICT DO NOTHING;
	RETURN NULL;
END $$;
