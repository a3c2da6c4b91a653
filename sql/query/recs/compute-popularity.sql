-- Cron job popularity (docs/compatibility.md#popularity-job, #one-play): computes the ten most played titles of each country
-- and, under UNKNOWN, of all countries. A play is a PLAY_START or PLAY_END event, at most one for a profile (else device),
-- title and UTC day; an event without both counts by itself. A country without plays gets an empty list. Returns the counts
-- of countries and lists.
SELECT wanzami.lists_renew();
WITH play AS MATERIALIZED (
	SELECT coalesce(nullif(e."country", ''), 'UNKNOWN') AS country, e."titleId" AS title, e."profileId" AS profile,
		CASE WHEN e."profileId" IS NULL THEN e."deviceId" END AS device,
		CASE WHEN e."profileId" IS NULL AND e."deviceId" IS NULL THEN e."id" END AS event,
		e."occurredAt"::date AS day, max(e."occurredAt") >= wanzami.now() - interval '24 hours' AS today
	FROM "EngagementEvent" e
	WHERE e."eventType" IN ('PLAY_START', 'PLAY_END') AND e."titleId" IS NOT NULL AND e."occurredAt" >= wanzami.now() - interval '72 hours'
	GROUP BY 1, 2, 3, 4, 5, 6
), watched AS (
	SELECT p.country, p.title, count(*) AS trending, count(*) FILTER (WHERE p.today) AS daily
	FROM play p WHERE p.country ~ '^[A-Z]{2}$' GROUP BY p.country, p.title
	UNION ALL
	SELECT 'UNKNOWN', w.title, count(*), count(*) FILTER (WHERE w.today) FROM (
		SELECT p.title, bool_or(p.today) AS today FROM play p JOIN "Title" t ON t."id" = p.title
		WHERE coalesce(t."countryAvailability", '{}') = '{}' OR p.country = ANY (t."countryAvailability")
		GROUP BY p.title, p.profile, p.device, p.event, p.day) w
	GROUP BY w.title
), cell AS MATERIALIZED (
	SELECT w.country, t."type", x."window", t."id", x.n, w.country = 'UNKNOWN' OR coalesce(t."countryAvailability", '{}') = '{}'
			OR w.country = ANY (t."countryAvailability") AS shown
	FROM watched w JOIN "Title" t ON t."id" = w.title,
		LATERAL (VALUES ('DAILY'::"PopularityWindow", w.daily), ('TRENDING', w.trending)) x("window", n)
	WHERE x.n > 0 AND NOT t."archived" AND NOT t."pendingReview"
), ranked AS (
	SELECT c.*, row_number() OVER (PARTITION BY c.country, c."type", c."window" ORDER BY c.n DESC, c."id") AS place FROM cell c WHERE c.shown
), list AS (
	SELECT r.country, r."type", r."window", jsonb_agg(jsonb_build_object('titleId', r."id"::text, 'count', r.n) ORDER BY r.place) AS items
	FROM ranked r WHERE r.place <= 10 GROUP BY r.country, r."type", r."window"
), key AS (
	SELECT c.country, c."type", c."window" FROM cell c
	UNION SELECT s."country", s."type", s."window" FROM "PopularitySnapshot" s
	UNION SELECT 'UNKNOWN', t, w FROM unnest(enum_range(NULL::"TitleType")) t, unnest(enum_range(NULL::"PopularityWindow")) w
), kept AS (
	INSERT INTO "PopularitySnapshot" ("country", "type", "window", "computedAt", "items")
	SELECT k.country, k."type", k."window", wanzami.now(), coalesce(l.items, '[]') FROM key k LEFT JOIN list l USING (country, "type", "window")
	ON CONFLICT ("country", "type", "window") DO UPDATE SET "computedAt" = excluded."computedAt", "items" = excluded."items"
	RETURNING "country"
)
SELECT count(DISTINCT "country") AS countries, count(*) AS lists FROM kept
