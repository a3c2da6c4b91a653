-- GET /api/titles (docs/compatibility.md#catalogue-list): returns 200 with the titles that are visible for country and
-- audience, newest release first, or with the page that limit, offset and q select.
-- $1: country, audience, query.limit, query.offset, query.q.
SELECT 200 AS status,
	'{"titles":[' || coalesce(string_agg(item, ',' ORDER BY "releaseDate" DESC NULLS LAST, "createdAt" DESC, id DESC), '') || ']}' AS body
FROM (
	SELECT t."id", t."releaseDate", t."createdAt",
		left(row_to_json(r)::text, -1) ||
		-- The key is absent if the title has no release date.
		coalesce(',"releaseYear":' || extract(year FROM t."releaseDate")::int, '') || '}' AS item
	FROM "Title" t, LATERAL (SELECT
		t."id"::text AS "id", t."name", t."type", t."description",
		coalesce(t."genres", '{}') AS "genres", coalesce(t."cast", '{}') AS "cast", coalesce(t."crew", '{}') AS "crew",
		t."language", t."maturityRating", t."runtimeMinutes", coalesce(t."countryAvailability", '{}') AS "countryAvailability",
		t."isOriginal", t."posterUrl", t."thumbnailUrl", t."trailerUrl", t."introStartSec", t."introEndSec",
		t."archived", t."pendingReview", t."isPpv", t."ppvPriceNaira", t."ppvCurrency", t."ppvDescription",
		wanzami.iso(t."createdAt") AS "createdAt", wanzami.iso(t."updatedAt") AS "updatedAt",
		(SELECT count(*) FROM "Episode" e WHERE e."titleId" = t."id") AS "episodeCount",
		(SELECT count(*) FROM "Season" s WHERE s."titleId" = t."id") AS "seasonCount"
	) r
	-- Without one of these parameters the inner query is skipped: name each new filter here.
	WHERE wanzami.visible(t, ($1 ->> 'country'), ($1 ->> 'audience')) AND (NOT $1 -> 'query' ?| ARRAY['limit', 'offset', 'q'] OR t."id" IN (
		SELECT p."id" FROM "Title" p WHERE wanzami.visible(p, ($1 ->> 'country'), ($1 ->> 'audience')) AND wanzami.title_found(p, $1 -> 'query')
		ORDER BY p."releaseDate" DESC NULLS LAST, p."createdAt" DESC, p."id" DESC
		LIMIT ($1 #>> '{query,limit}')::bigint OFFSET ($1 #>> '{query,offset}')::bigint))
) titles
