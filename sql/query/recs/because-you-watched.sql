-- GET /api/recs/because-you-watched (docs/compatibility.md#because-you-watched): returns 200 with titles that are similar to
-- those the profile has watched. The list is cached for REC_CACHE_SEC; each response checks which of its titles may be
-- shown.
-- $1: country, kidRatings, userId, query.profileId, cacheSec.
WITH viewer AS MATERIALIZED (
	SELECT v.*, concat_ws(' ', v.country, v.kid, v."updatedAt", (SELECT g.number FROM wanzami.list_generation g)) AS basis FROM (
		SELECT p."id", p."updatedAt", p."kidMode" AS kid, wanzami.home(p, $1 ->> 'country') AS country,
			string_to_array($1 ->> 'kidRatings', ',') AS ratings
		FROM wanzami.profile_chosen(($1 ->> 'userId')::bigint, ($1 #>> '{query,profileId}')::bigint) p) v
), cached AS MATERIALIZED (
	SELECT c.list FROM viewer v JOIN wanzami.list_cache c ON c.key = 'byw:' || v."id" AND c.basis = v.basis
	WHERE c.made_at > now() - make_interval(secs => ($1 ->> 'cacheSec')::int)
), history AS MATERIALIZED (
	SELECT EXISTS (SELECT FROM "EngagementEvent" e WHERE e."profileId" = v."id" AND e."eventType" = 'PLAY_END') AS any
	FROM viewer v WHERE NOT EXISTS (SELECT FROM cached)
), anchor AS MATERIALIZED (
	SELECT wanzami.anchors(v."id", 20, 10) AS ids FROM viewer v, history h WHERE h.any
), taste AS MATERIALIZED (
	SELECT a.ids AS anchors, wanzami.similar_to(a.ids, 50) AS similar, wanzami.popular_in(v.country) AS popular,
		CASE WHEN a.ids <> '{}' THEN wanzami.genres_of(a.ids)
			ELSE coalesce((SELECT s."genres" FROM "ProfilePreferenceSnapshot" s WHERE s."profileId" = v."id"), '{}') END AS genres
	FROM viewer v, anchor a
), candidate AS (
	SELECT t."id", t."releaseDate", t."createdAt", x.anchors, CASE WHEN x.anchors = '{}' THEN 0 ELSE
		1.5::double precision * t."isOriginal"::int + 0.5::double precision * (t."id" = ANY (x.popular))::int +
		coalesce(extract(epoch FROM t."releaseDate") * 1000, 0)::double precision / 1e14::double precision END AS score
	FROM viewer v, taste x, "Title" t
	WHERE NOT t."archived" AND NOT t."pendingReview" AND wanzami.recommendable(t, v.country, v.kid, v.ratings) AND t."id" <> ALL (x.anchors)
	AND (t."genres" && x.genres OR t."id" = ANY (x.similar) OR x.anchors = '{}' AND x.genres = '{}')
	ORDER BY t."releaseDate" DESC NULLS LAST, t."createdAt" DESC, t."id" DESC LIMIT 40
), made AS MATERIALIZED (
	SELECT CASE WHEN h.any THEN jsonb_build_object(
			'items', (SELECT coalesce(jsonb_agg(c."id" ORDER BY c.n), '[]') FROM (
				SELECT c.*, row_number() OVER (ORDER BY c.score DESC, c."releaseDate" DESC NULLS LAST, c."createdAt" DESC, c."id" DESC) AS n
				FROM candidate c) c WHERE c.n <= 30),
			'anchors', (SELECT coalesce(jsonb_agg(a.id::text ORDER BY a.n), '[]') FROM anchor, unnest(ids) WITH ORDINALITY a(id, n)))
		ELSE '{"items":[],"anchors":[],"hasHistory":false}' END AS list
	FROM history h
), kept AS (
	INSERT INTO wanzami.list_cache (key, profile_id, basis, list)
	SELECT 'byw:' || v."id", v."id", v.basis, m.list FROM viewer v, made m WHERE ($1 ->> 'cacheSec')::int > 0
	ON CONFLICT (key) DO UPDATE SET basis = excluded.basis, list = excluded.list, made_at = excluded.made_at
)
SELECT 200 AS status, left(json_build_object('items', (
		SELECT coalesce(json_agg(wanzami.recommended(t) ORDER BY i.n), '[]') FROM jsonb_array_elements_text(l.list -> 'items') WITH ORDINALITY i(id, n)
		JOIN "Title" t ON t."id" = i.id::bigint WHERE wanzami.recommendable(t, v.country, v.kid, v.ratings)
	), 'anchors', l.list -> 'anchors')::text, -1) || CASE WHEN l.list ? 'hasHistory' THEN ', "hasHistory" : false}' ELSE '}' END AS body
FROM viewer v, (SELECT list FROM cached UNION ALL SELECT list FROM made) l
