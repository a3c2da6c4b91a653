-- Cron job guardrails (docs/compatibility.md#guardrails-job): returns the impressions of each variant of an experiment, the
-- mean completion, the skips and the skew between variants; failed names the limits that are exceeded, NULL if none. A limit
-- of 0 is off.
-- $1: experiment.
-- $2: hours to look back.
-- $3: lowest mean completion in percent.
-- $4: highest number of skips.
-- $5: largest deviation of a variant from its even share, in percentage points.
WITH recent AS MATERIALIZED (
	SELECT e."eventType", e."metadata" FROM "EngagementEvent" e
	WHERE e."occurredAt" >= wanzami.now() - $2::int * interval '1 hour' AND e."eventType" IN ('IMPRESSION', 'PLAY_END', 'SKIP')
), shown AS (
	SELECT coalesce(r."metadata" ->> 'variant', 'unknown') AS variant, count(*) AS n FROM recent r
	WHERE r."eventType" = 'IMPRESSION' AND r."metadata" ->> 'experiment' = $1 GROUP BY 1
), seen AS (
	SELECT avg(least(greatest((s.share #>> '{}')::numeric, 0), 1)) AS mean FROM (
		SELECT coalesce(nullif(r."metadata" -> 'completionPercent', 'null'), nullif(r."metadata" -> 'completion', 'null'), '1') AS share
		FROM recent r WHERE r."eventType" = 'PLAY_END') s
	WHERE jsonb_typeof(s.share) = 'number'
), found AS (
	SELECT (SELECT coalesce(json_object_agg(s.variant, s.n ORDER BY s.variant), '{}') FROM shown s) AS impressions,
		(SELECT round(100 * s.mean, 1) FROM seen s) AS completion,
		(SELECT count(*) FROM recent r WHERE r."eventType" = 'SKIP') AS skips,
		(SELECT round(100 * max(abs(s.n / s.total - 1.0 / s.variants)), 1) FROM (
			SELECT n, sum(n) OVER () AS total, count(*) OVER () AS variants FROM shown) s) AS skew
)
SELECT f.impressions, f.completion AS completion_percent, f.skips, f.skew AS skew_percent, nullif(concat_ws('; ',
	CASE WHEN $3::int > 0 AND f.completion < $3::int THEN 'viewers see ' || f.completion || ' % of what they play, less than ' || $3::int || ' %' END,
	CASE WHEN $4::int > 0 AND f.skips > $4::int THEN f.skips || ' skips are more than ' || $4::int END,
	CASE WHEN $5::int > 0 AND f.skew > $5::int THEN 'a variant is ' || f.skew || ' points off its share, more than ' || $5::int END), '') AS failed
FROM found f
