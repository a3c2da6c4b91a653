-- Cron job event-export, step 1: returns the time $1 days ago, and today's date. If old events are deleted, added is the time since which every
-- event must be in the export, however old: that of the last export of this kind on an earlier day, since one of the same day is replaced. It is
-- -infinity without such an export, infinity if events are kept.
-- $1: days.
-- $2: days until events are deleted, or 0.
SELECT wanzami.now() - $1::int * interval '1 day' AS since, to_char(wanzami.now(), 'YYYY-MM-DD') AS today,
	CASE WHEN $2::int > 0 THEN wanzami.events_exported(date_trunc('day', wanzami.now())) ELSE 'infinity' END AS added
