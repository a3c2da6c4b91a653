-- GET /api/recs/for-you (docs/compatibility.md#for-you): returns 200 with the profile's list and its experiment. The list is
-- cached for REC_CACHE_SEC; each response checks which of its titles may be shown. The column impression is the event that
-- recs/impression.sql stores after the response (docs/compatibility.md#impression).
-- $1: country, kidRatings, userId, query.profileId, cacheSec.
WITH viewer AS MATERIALIZED (
	SELECT v.*, concat_ws(' ', v.country, v.kid, v."updatedAt", (SELECT g.number FROM wanzami.list_generation g)) AS basis, 'foryou_v1' AS experiment,
		-- The first 32 bits of the digest modulo 2.
		CASE get_byte(sha256(convert_to('foryou_v1:' || v."id", 'UTF8')), 3) & 1 WHEN 0 THEN 'control' ELSE 'originals_boost' END AS variant
	FROM (SELECT p."id", p."updatedAt", p."preferences", p."kidMode" AS kid, wanzami.home(p, $1 ->> 'country') AS country,
			string_to_array($1 ->> 'kidRatings', ',') AS ratings
		FROM wanzami.profile_chosen(($1 ->> 'userId')::bigint, ($1 #>> '{query,profileId}')::bigint) p) v
), cached AS MATERIALIZED (
	SELECT c.list FROM viewer v JOIN wanzami.list_cache c ON c.key = 'foryou:' || v."id" AND c.basis = v.basis
	WHERE c.made_at > now() - make_interval(secs => ($1 ->> 'cacheSec')::int)
), anchor AS MATERIALIZED (
	SELECT wanzami.anchors(v."id", 10, 20) AS ids FROM viewer v WHERE NOT EXISTS (SELECT FROM cached)
), taste AS MATERIALIZED (
	SELECT a.ids AS anchors, wanzami.similar_to(a.ids, 100) AS similar, wanzami.popular_in(v.country) AS popular,
		wanzami.genres_of(a.ids) ||
		coalesce((SELECT s."genres" FROM "ProfilePreferenceSnapshot" s WHERE s."profileId" = v."id"), '{}') ||
		ARRAY(SELECT g FROM jsonb_array_elements_text(CASE WHEN jsonb_typeof(v."preferences" -> 'preferredGenres') = 'array'
			THEN v."preferences" -> 'preferredGenres' ELSE '[]' END) g) AS genres
	FROM viewer v, anchor a
), liked AS MATERIALIZED (
	SELECT t."id" FROM viewer v, taste x, "Title" t
	WHERE NOT t."archived" AND NOT t."pendingReview" AND wanzami.recommendable(t, v.country, v.kid, v.ratings) AND t."id" <> ALL (x.anchors)
	AND (t."genres" && x.genres OR t."id" = ANY (x.similar))
	ORDER BY t."releaseDate" DESC NULLS LAST, t."createdAt" DESC, t."id" DESC LIMIT 30
), fallback AS MATERIALIZED (
	SELECT t."id" FROM viewer v, taste x, "Title" t
	WHERE NOT t."archived" AND NOT t."pendingReview" AND wanzami.recommendable(t, v.country, v.kid, v.ratings) AND t."id" <> ALL (x.anchors)
	AND NOT EXISTS (SELECT FROM liked l WHERE l."id" = t."id")
	ORDER BY t."releaseDate" DESC NULLS LAST, t."createdAt" DESC, t."id" DESC LIMIT 20
), merged AS (
	SELECT m."id", min(m.place) AS place FROM (
		SELECT l."id", 1 AS place FROM liked l
		UNION ALL SELECT p.id, 2 FROM taste x, unnest(x.popular) p(id)
		UNION ALL SELECT f."id", 3 FROM fallback f) m
	GROUP BY m."id"
), scored AS (
	SELECT t.*, m.place, coalesce(extract(epoch FROM t."releaseDate"), 0)::double precision AS released,
		1.5::double precision * t."isOriginal"::int + (t."id" = ANY (x.similar))::int + 0.5::double precision * (t."id" = ANY (x.popular))::int +
		0.1::double precision * greatest(0, 6 - (extract(epoch FROM now()) - coalesce(extract(epoch FROM t."releaseDate"), 0))::double precision / 2592000)
		AS score
	FROM viewer v, taste x, merged m JOIN "Title" t ON t."id" = m."id" WHERE wanzami.recommendable(t, v.country, v.kid, v.ratings)
), made AS MATERIALIZED (
	SELECT jsonb_build_object(
		'items', (SELECT coalesce(jsonb_agg(s."id" ORDER BY s.n), '[]') FROM (
			SELECT s."id", row_number() OVER (ORDER BY s.score DESC, s.released DESC, s.place, s."releaseDate" DESC NULLS LAST,
				s."createdAt" DESC, s."id" DESC) AS n
			FROM scored s) s WHERE s.n <= 30),
		'anchors', (SELECT coalesce(jsonb_agg(u.id::text ORDER BY u.n), '[]') FROM unnest(a.ids) WITH ORDINALITY u(id, n))) AS list
	FROM anchor a
), kept AS (
	INSERT INTO wanzami.list_cache (key, profile_id, basis, list)
	SELECT 'foryou:' || v."id", v."id", v.basis, m.list FROM viewer v, made m WHERE ($1 ->> 'cacheSec')::int > 0
	ON CONFLICT (key) DO UPDATE SET basis = excluded.basis, list = excluded.list, made_at = excluded.made_at
), answer AS (
	SELECT v.*, l.list -> 'anchors' AS anchors, EXISTS (SELECT FROM cached) AS cached, (
		SELECT coalesce(json_agg(wanzami.recommended(t) ORDER BY i.n), '[]') FROM jsonb_array_elements_text(l.list -> 'items') WITH ORDINALITY i(id, n)
		JOIN "Title" t ON t."id" = i.id::bigint WHERE wanzami.recommendable(t, v.country, v.kid, v.ratings)) AS items
	FROM viewer v, (SELECT list FROM cached UNION ALL SELECT list FROM made) l
)
SELECT 200 AS status, json_build_object('items', a.items, 'anchors', a.anchors, 'experiment', a.experiment, 'variant', a.variant)::text AS body,
	a.experiment, a.variant, json_build_object('profileId', a."id", 'country', a.country, 'metadata', jsonb_build_object(
		'experiment', a.experiment, 'variant', a.variant, 'surface', 'for_you', 'anchorCount', jsonb_array_length(a.anchors),
		'itemCount', json_array_length(a.items)) || CASE WHEN a.cached THEN '{"cache":true}' ELSE '{}'::jsonb END)::text AS impression
FROM answer a
