-- Cron job preferences (docs/compatibility.md#preferences-job): computes the ten favourite genres of each profile that has new
-- events, once a week of all profiles, from their events; newer events weigh more. Equal genres are ordered by the newest event,
-- then by their place in the title. Returns the number of profiles.
-- $1: days to look back.
SELECT wanzami.lists_renew();
CREATE TEMPORARY TABLE changed (profile bigint) ON COMMIT DROP;
INSERT INTO changed
SELECT DISTINCT e."profileId" FROM "EngagementEvent" e
WHERE e."id" > wanzami.event_news('preferences', $1 || to_char(wanzami.now(), ' IYYY-IW'))
AND e."eventType" IN ('PLAY_START', 'PLAY_END', 'THUMBS_UP') AND e."profileId" IS NOT NULL;
ANALYZE changed;
SELECT wanzami.event_mark_move('preferences', $1 || to_char(wanzami.now(), ' IYYY-IW'));
WITH seen AS (
	SELECT e."profileId" AS profile, e."titleId" AS title,
		sum(greatest(0.05, 1 - extract(epoch FROM wanzami.now() - e."occurredAt")::double precision / (86400.0 * $1::int))) AS weight,
		max(e."occurredAt") AS latest
	FROM changed c JOIN "EngagementEvent" e ON e."profileId" = c.profile
	WHERE e."eventType" IN ('PLAY_START', 'PLAY_END', 'THUMBS_UP') AND e."titleId" IS NOT NULL
	AND e."occurredAt" >= wanzami.now() - $1::int * interval '1 day'
	GROUP BY e."profileId", e."titleId"
), liked AS (
	SELECT s.profile, g.genre, round(sum(s.weight)::numeric, 9) AS weight, max(s.latest) AS latest, min(g.place) AS place
	FROM seen s JOIN "Title" t ON t."id" = s.title, unnest(t."genres") WITH ORDINALITY g(genre, place)
	GROUP BY s.profile, g.genre
), kept AS (
	INSERT INTO "ProfilePreferenceSnapshot" ("profileId", "genres", "computedAt")
	SELECT l.profile, (array_agg(l.genre ORDER BY l.weight DESC, l.latest DESC, l.place, l.genre))[1:10], wanzami.now()
	FROM liked l JOIN "Profile" p ON p."id" = l.profile GROUP BY l.profile
	ON CONFLICT ("profileId") DO UPDATE SET "genres" = excluded."genres", "computedAt" = excluded."computedAt"
	RETURNING 1
)
SELECT count(*) AS profiles FROM kept
