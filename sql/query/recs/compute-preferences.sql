-- The ten genres that each profile likes best (contract media §13.3): what it did in the last days, as many as the first
-- parameter says; the later the more.
SELECT wanzami.lists_renew();
WITH seen AS (
	SELECT e."profileId" AS profile, e."titleId" AS title,
		sum(greatest(0.05, 1 - extract(epoch FROM wanzami.now() - e."occurredAt")::double precision / (86400.0 * $1::int))) AS weight
	FROM "EngagementEvent" e
	WHERE e."eventType" IN ('PLAY_START', 'PLAY_END', 'THUMBS_UP') AND e."profileId" IS NOT NULL AND e."titleId" IS NOT NULL
	AND e."occurredAt" >= wanzami.now() - $1::int * interval '1 day'
	GROUP BY e."profileId", e."titleId"
), liked AS (
	SELECT s.profile, g.genre, sum(s.weight) AS weight FROM seen s JOIN "Title" t ON t."id" = s.title, unnest(t."genres") g(genre)
	GROUP BY s.profile, g.genre
), kept AS (
	INSERT INTO "ProfilePreferenceSnapshot" ("profileId", "genres", "computedAt")
	SELECT l.profile, (array_agg(l.genre ORDER BY l.weight DESC, l.genre))[1:10], wanzami.now()
	FROM liked l JOIN "Profile" p ON p."id" = l.profile GROUP BY l.profile
	ON CONFLICT ("profileId") DO UPDATE SET "genres" = excluded."genres", "computedAt" = excluded."computedAt"
	RETURNING 1
)
SELECT count(*) AS profiles FROM kept
