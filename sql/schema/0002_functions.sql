-- What several statements of sql/query say in the same way. SQL functions that the planner can inline.

-- Times as clients know them.
CREATE FUNCTION wanzami.iso(t timestamp) RETURNS text LANGUAGE sql IMMUTABLE AS $$
	SELECT to_char(t, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
$$;

-- Whether the public catalogue shows a title to a country and an audience: kid, teen or all (contract media §3.3, §3.4, §4.1).
CREATE FUNCTION wanzami.visible(t "Title", country text, audience text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
	SELECT NOT t."archived" AND NOT t."pendingReview"
	AND (coalesce(t."countryAvailability", '{}') = '{}' OR country = ANY (t."countryAvailability"))
	AND (audience = 'all' OR t."maturityRating" IS NULL
		OR t."maturityRating" IN ('G', 'PG', 'TV-Y', 'TV-G', 'TV-PG', 'PG-13')
		OR (audience = 'teen' AND t."maturityRating" = 'TV-14'))
$$;

-- A stored URL as a client can use it. One that names an object becomes a mark that the process signs for 12 hours
-- (media CAT-9); only keys whose first folder matches may be signed (CAT-11), others give NULL.
CREATE FUNCTION wanzami.playable(url text, folders text, mark text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
	SELECT CASE
		WHEN url NOT LIKE 's3://%' THEN url
		WHEN split_part(url, '/', 4) ~ ('^(poster|thumbnail|trailers?|asset|preview.*' || folders || ')$')
			THEN mark || ':43200:' || regexp_replace(url, '^s3://[^/]*/', '')
	END
$$;

-- The READY renditions of a title or of an episode, largest first, the newest of each; those of a pay-per-view title
-- without their address.
CREATE FUNCTION wanzami.assets(title_id bigint, episode_id bigint, pay boolean, mark text) RETURNS json LANGUAGE sql STABLE AS $$
	SELECT coalesce(json_agg(a ORDER BY a."rendition"), '[]') FROM (
		SELECT DISTINCT ON (v."rendition") v."id"::text AS "id", v."rendition",
			CASE WHEN NOT pay THEN wanzami.playable(v."url", '|vod', mark) END AS "url", v."sizeBytes", v."durationSec", v."status"
		FROM "AssetVersion" v
		WHERE v."status" = 'READY' AND (v."titleId" = title_id OR v."episodeId" = episode_id)
		ORDER BY v."rendition", v."updatedAt" DESC, v."id" DESC
	) a
$$;
