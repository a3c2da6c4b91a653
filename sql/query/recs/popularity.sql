-- GET /api/popularity (docs/compatibility.md#popularity): returns 200 with the stored list of a country, cached for
-- POPULARITY_CACHE_SEC, without titles that may no longer be shown.
-- $1: query.country, query.type, query.window, cacheSec.
WITH asked AS MATERIALIZED (
	SELECT a.*, 'popularity:' || a.country || ':' || a.type || ':' || a."window" AS key,
		(SELECT g.number::text FROM wanzami.list_generation g) AS basis
	FROM (
		SELECT coalesce(nullif(wanzami.trim(upper($1 #>> '{query,country}')), ''), 'UNKNOWN') AS country,
			$1 #>> '{query,type}' AS type, $1 #>> '{query,window}' AS "window") a
), cached AS MATERIALIZED (
	SELECT c.list FROM wanzami.list_cache c JOIN asked USING (key, basis)
	WHERE c.made_at > now() - make_interval(secs => ($1 ->> 'cacheSec')::int)
), read AS MATERIALIZED (
	SELECT jsonb_build_object('items', coalesce(s."items", '[]'), 'computedAt', wanzami.iso(s."computedAt")) AS list
	FROM asked a LEFT JOIN "PopularitySnapshot" s
		ON s."country" = a.country AND s."type" = a.type::"TitleType" AND s."window" = a."window"::"PopularityWindow"
	WHERE NOT EXISTS (SELECT FROM cached)
), kept AS (
	INSERT INTO wanzami.list_cache AS c (key, basis, list) SELECT a.key, a.basis, r.list FROM asked a, read r
	WHERE ($1 ->> 'cacheSec')::int > 0 AND a.country ~ '^([A-Z]{2}|UNKNOWN)$'
	ON CONFLICT (key) DO UPDATE SET basis = excluded.basis, list = excluded.list, made_at = excluded.made_at
)
SELECT 200 AS status, json_build_object('country', a.country, 'type', a.type, 'window', a."window", 'items', (
		SELECT coalesce(json_agg(i.item ORDER BY i.n), '[]') FROM jsonb_array_elements(l.list -> 'items') WITH ORDINALITY i(item, n)
		JOIN "Title" t ON t."id" = wanzami.event_id(i.item -> 'titleId')
		WHERE wanzami.recommendable(t, CASE WHEN a.country <> 'UNKNOWN' THEN a.country ELSE t."countryAvailability"[1] END, false, '{}')
	), 'computedAt', l.list -> 'computedAt')::text AS body
FROM asked a, (SELECT list FROM cached UNION ALL SELECT list FROM read) l
