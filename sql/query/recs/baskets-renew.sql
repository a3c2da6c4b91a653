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
WITH found AS MATERIALIZED (
	SELECT b.profile, array_agg(b.title ORDER BY b.place) AS titles, array_agg(b.latest ORDER BY b.place) AS latest, min(b.latest) AS oldest FROM (
		SELECT e."profileId" AS profile, e."titleId" AS title, max(e."occurredAt") AS latest, count(*) OVER (PARTITION BY e."profileId") AS titles,
			row_number() OVER (PARTITION BY e."profileId" ORDER BY max(e."occurredAt") DESC, max(e."id") DESC) AS place
		FROM changed c JOIN "EngagementEvent" e ON e."profileId" = c.profile
		WHERE e."eventType" IN ('PLAY_END', 'THUMBS_UP') AND e."titleId" IS NOT NULL AND e."occurredAt" >= wanzami.now() - $1::int * interval '1 day'
		GROUP BY e."profileId", e."titleId") b
	WHERE b.titles > 1 AND b.place <= 50 GROUP BY b.profile
), gone AS (
	DELETE FROM wanzami.basket b USING changed c WHERE b.profile_id = c.profile AND NOT EXISTS (SELECT FROM found f WHERE f.profile = c.profile)
), kept AS (
	INSERT INTO wanzami.basket (profile_id, titles, latest, oldest)
	SELECT f.profile, f.titles, f.latest, f.oldest FROM found f JOIN "Profile" p ON p."id" = f.profile
	ON CONFLICT (profile_id) DO UPDATE SET titles = excluded.titles, latest = excluded.latest, oldest = excluded.oldest
	RETURNING 1
)
SELECT count(*) AS baskets FROM kept
