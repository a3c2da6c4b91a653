-- Cron job similarities, step 1 (docs/compatibility.md#similarities-job): computes co-watch similarity between titles from
-- the 50 newest titles of each profile, and removes earlier results. Returns the counts of titles and pairs.
-- $1: days to look back.
-- $2: titles, those with the newest events first.
-- $3: similar titles for each.
SELECT wanzami.lists_renew();
CREATE TEMPORARY TABLE basket (profile bigint, title bigint, latest timestamp) ON COMMIT DROP;
INSERT INTO basket
SELECT b.profile, b.title, b.latest FROM (
	SELECT e."profileId" AS profile, e."titleId" AS title, max(e."occurredAt") AS latest, count(*) OVER (PARTITION BY e."profileId") AS titles,
		row_number() OVER (PARTITION BY e."profileId" ORDER BY max(e."occurredAt") DESC, max(e."id") DESC) AS place
	FROM "EngagementEvent" e
	WHERE e."eventType" IN ('PLAY_END', 'THUMBS_UP') AND e."profileId" IS NOT NULL AND e."titleId" IS NOT NULL
	AND e."occurredAt" >= wanzami.now() - $1::int * interval '1 day'
	GROUP BY e."profileId", e."titleId") b
WHERE b.titles > 1 AND b.place <= 50;
CREATE INDEX ON basket (title, profile);
CREATE INDEX ON basket (profile, title);
ANALYZE basket;
DELETE FROM "TitleSimilarity" WHERE "rationale" = 'co_watch';
WITH source AS MATERIALIZED (
	SELECT b.title FROM basket b WHERE $1::int > 0 GROUP BY b.title ORDER BY max(b.latest) DESC, b.title LIMIT $2::int
), kept AS (
	INSERT INTO "TitleSimilarity" ("sourceTitleId", "targetTitleId", "score", "rationale", "createdAt")
	SELECT s.title, x.title, x.score, 'co_watch', wanzami.now() FROM source s JOIN "Title" t ON t."id" = s.title, LATERAL (
		SELECT o.title, count(*)::double precision / (sum(count(*)) OVER ())::double precision AS score
		FROM basket b JOIN basket o ON o.profile = b.profile AND o.title <> b.title
		WHERE b.title = s.title GROUP BY o.title ORDER BY count(*) DESC, o.title LIMIT $3::int) x
	JOIN "Title" y ON y."id" = x.title
	ON CONFLICT ("sourceTitleId", "targetTitleId") DO UPDATE SET "score" = excluded."score", "rationale" = excluded."rationale",
		"createdAt" = excluded."createdAt"
	RETURNING "sourceTitleId"
)
SELECT count(DISTINCT "sourceTitleId") AS sources, count(*) AS pairs FROM kept
