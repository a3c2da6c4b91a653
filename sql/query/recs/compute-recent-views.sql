-- Cron job recent-views (docs/compatibility.md#recent-views-job): stores the titles that each profile watched last, newest
-- first, for each profile that has new events; once a week for all profiles. Returns the number of profiles.
-- $1: days to look back.
-- $2: titles for a profile.
SELECT wanzami.lists_renew();
CREATE TEMPORARY TABLE changed (profile bigint) ON COMMIT DROP;
INSERT INTO changed
SELECT DISTINCT e."profileId" FROM "EngagementEvent" e
WHERE e."id" > wanzami.event_news('recent-views', $1 || ' ' || $2 || to_char(wanzami.now(), ' IYYY-IW'))
AND e."eventType" IN ('PLAY_START', 'PLAY_END') AND e."profileId" IS NOT NULL;
ANALYZE changed;
SELECT wanzami.event_mark_move('recent-views', $1 || ' ' || $2 || to_char(wanzami.now(), ' IYYY-IW'));
WITH seen AS (
	SELECT e."profileId" AS profile, e."titleId" AS title,
		row_number() OVER (PARTITION BY e."profileId" ORDER BY max(e."occurredAt") DESC, max(e."id") DESC) AS place
	FROM changed c JOIN "EngagementEvent" e ON e."profileId" = c.profile
	WHERE e."eventType" IN ('PLAY_START', 'PLAY_END') AND e."titleId" IS NOT NULL
	AND e."occurredAt" >= wanzami.now() - $1::int * interval '1 day'
	GROUP BY e."profileId", e."titleId"
), kept AS (
	INSERT INTO "ProfileRecentViews" ("profileId", "titleIds", "computedAt", "updatedAt")
	SELECT s.profile, array_agg(s.title ORDER BY s.place), wanzami.now(), wanzami.now()
	FROM seen s JOIN "Profile" p ON p."id" = s.profile WHERE s.place <= $2::int GROUP BY s.profile
	ON CONFLICT ("profileId") DO UPDATE SET "titleIds" = excluded."titleIds", "computedAt" = excluded."computedAt", "updatedAt" = excluded."updatedAt"
	RETURNING 1
)
SELECT count(*) AS profiles FROM kept
