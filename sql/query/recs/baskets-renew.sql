-- Cron job similarities, step 1 (docs/compatibility.md#similarities-job): stores the 50 newest titles of each profile that has new events, or
-- events that have become too old. Once a week, and after a change of the days, of all profiles. Returns the number of baskets.
-- $1: days to look back.
CREATE TEMPORARY TABLE changed (profile bigint) ON COMMIT DROP;
INSERT INTO changed
SELECT e."profileId" FROM "EngagementEvent" e
WHERE e."id" > wanzami.event_news('similarities', $1 || to_char(wanzami.now(), ' IYYY-IW')) AND e."eventType" IN ('PLAY_END', 'THUMBS_UP')
AND e."profileId" IS NOT NULL AND e."titleId" IS NOT NULL
UNION
SELECT b.profile_id FROM wanzami.basket b WHERE b.oldest < wanzami.now() - $1::int * interval '1 day';
ANALYZE changed;
SELECT wanzami.event_mark_move('similarities', $1 || to_char(wanzami.now(), ' IYYY-IW'));
WITH watched AS (
	SELECT e."profileId" AS profile, e."titleId" AS title, max(e."occurredAt") AS latest, max(e."id") AS event
	FROM changed c JOIN "EngagementEvent" e ON e."profileId" = c.profile
	WHERE e."eventType" IN ('PLAY_END', 'THUMBS_UP') AND e."titleId" IS NOT NULL AND e."occurredAt" >= wanzami.now() - $1::int * interval '1 day'
	GROUP BY e."profileId", e."titleId"
), found AS MATERIALIZED (
	SELECT w.profile, (array_agg(w.title ORDER BY w.latest DESC, w.event DESC))[1:50] AS titles,
		(array_agg(w.latest ORDER BY w.latest DESC, w.event DESC))[1:50] AS latest
	FROM watched w GROUP BY w.profile HAVING count(*) > 1
), gone AS (
	DELETE FROM wanzami.basket b USING changed c WHERE b.profile_id = c.profile AND NOT EXISTS (SELECT FROM found f WHERE f.profile = c.profile)
), kept AS (
	INSERT INTO wanzami.basket (profile_id, titles, latest, oldest)
	SELECT f.profile, f.titles, f.latest, f.latest[cardinality(f.latest)] FROM found f JOIN "Profile" p ON p."id" = f.profile
	ON CONFLICT (profile_id) DO UPDATE SET titles = excluded.titles, latest = excluded.latest, oldest = excluded.oldest
	RETURNING 1
)
SELECT count(*) AS baskets FROM kept
