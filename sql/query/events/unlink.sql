-- Cron job event-cleanup, step 1 (docs/database.md#events): sets the references of events to deleted rows to NULL, or deletes the events, for
-- the next 500 rows of wanzami.event_unlink and at most $3 events. A row is done when no event names it, but not before all transactions are
-- over that may have read what was deleted. Returns the last row looked at, NULL if there is none, and the number of events changed.
-- $1: kind of the row after which to begin.
-- $2: its id.
-- $3: events.
WITH slice AS MATERIALIZED (
	SELECT u.* FROM wanzami.event_unlink u WHERE (u.kind, u.id) > ($1::text, $2::bigint) ORDER BY u.kind, u.id LIMIT 500
), found AS MATERIALIZED (
	SELECT x.* FROM slice s, LATERAL (
		SELECT e."id", s.erase, s.kind FROM "EngagementEvent" e WHERE s.kind = 'titleId' AND e."titleId" = s.id
		UNION ALL SELECT e."id", s.erase, s.kind FROM "EngagementEvent" e WHERE s.kind = 'episodeId' AND e."episodeId" = s.id
		UNION ALL SELECT e."id", s.erase, s.kind FROM "EngagementEvent" e WHERE s.kind = 'profileId' AND e."profileId" = s.id
		UNION ALL SELECT e."id", s.erase, s.kind FROM "EngagementEvent" e WHERE s.kind = 'sessionId' AND e."sessionId" = s.id) x
	LIMIT $3::int
), event AS MATERIALIZED (
	SELECT f."id", bool_or(f.erase) AS erase, array_agg(f.kind) AS kinds FROM found f GROUP BY f."id"
), gone AS (
	DELETE FROM "EngagementEvent" e USING event v WHERE e."id" = v."id" AND v.erase
), freed AS (
	UPDATE "EngagementEvent" e SET "titleId" = CASE WHEN 'titleId' = ANY (v.kinds) THEN NULL ELSE e."titleId" END,
		"episodeId" = CASE WHEN 'episodeId' = ANY (v.kinds) THEN NULL ELSE e."episodeId" END,
		"profileId" = CASE WHEN 'profileId' = ANY (v.kinds) THEN NULL ELSE e."profileId" END,
		"sessionId" = CASE WHEN 'sessionId' = ANY (v.kinds) THEN NULL ELSE e."sessionId" END
	FROM event v WHERE e."id" = v."id" AND NOT v.erase
), done AS (
	DELETE FROM wanzami.event_unlink u USING slice s
	WHERE u.kind = s.kind AND u.id = s.id AND u.marked_at < now() - interval '5 minutes' AND (SELECT count(*) FROM found) < $3::int
)
SELECT s.kind, s.id, (SELECT count(*) FROM event) AS events FROM slice s ORDER BY s.kind DESC, s.id DESC LIMIT 1
