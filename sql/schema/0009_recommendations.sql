-- What recommendations stand on (contract media §8, §9).

-- Lists that were worked out for a profile or a country, under the names of the contract (media §8, §9.3, §9.4). A list
-- holds ids only: what it may show is looked at anew with each answer, so that nothing here can be wrong about a title.
-- "basis" is what the list was made for; one for another basis does not count. Not worth a log of its own: after a crash
-- of the server the lists are worked out again.
CREATE UNLOGGED TABLE IF NOT EXISTS wanzami.list_cache (
	key TEXT PRIMARY KEY,
	profile_id BIGINT REFERENCES "Profile" ("id") ON DELETE CASCADE,
	basis TEXT NOT NULL,
	list JSONB NOT NULL,
	made_at TIMESTAMPTZ NOT NULL DEFAULT now()
);
CREATE INDEX IF NOT EXISTS list_cache_profile_idx ON wanzami.list_cache (profile_id) WHERE profile_id IS NOT NULL;

-- The titles of a profile one after the other, and of each its newest events, without reading the many of a long film.
CREATE INDEX IF NOT EXISTS wz_event_profile_title_idx ON "EngagementEvent" ("profileId", "titleId", "occurredAt" DESC, "id" DESC) INCLUDE ("eventType")
	WHERE "eventType" IN ('PLAY_END', 'SCRUB', 'THUMBS_UP') AND "titleId" IS NOT NULL;
-- Titles in the order of every list.
CREATE INDEX IF NOT EXISTS wz_title_release_idx ON "Title" ("releaseDate" DESC NULLS LAST, "createdAt" DESC, "id" DESC)
	WHERE NOT "archived" AND NOT "pendingReview";

-- The profile that a request is about: the one it asks for if it is the caller's, else the caller's oldest (contract media
-- §9.1).
CREATE FUNCTION wanzami.viewer(asked jsonb) RETURNS SETOF "Profile" LANGUAGE plpgsql STABLE ROWS 1 AS $$
DECLARE wanted text := btrim(coalesce(asked #>> '{query,profileId}', ''));
BEGIN
	IF wanted !~ '^(\+?[0-9]{1,18})?$' THEN
		PERFORM wanzami.refuse(400, 'Invalid profileId');
	END IF;
	RETURN QUERY SELECT p.* FROM "Profile" p WHERE p."userId" = (asked ->> 'userId')::bigint
		ORDER BY p."id" = nullif(wanted, '')::bigint DESC NULLS LAST, p."createdAt", p."id" LIMIT 1;
	IF NOT FOUND THEN
		PERFORM wanzami.refuse(400, 'No profile found');
	END IF;
END $$;

-- Where a profile is at home: what it says itself, else what is known about the request (media REC-1).
CREATE FUNCTION wanzami.home(p "Profile", detected text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
	SELECT CASE WHEN p."country" IN ('', 'UNKNOWN') THEN detected ELSE p."country" END
$$;

-- Whether a title may be recommended in a country, to a child if kid: then its rating must be in the list, in which
-- "unrated" stands for none (contract media §9.1, CAT-3, REC-4).
CREATE FUNCTION wanzami.recommendable(t "Title", country text, kid boolean, ratings text[]) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
	SELECT NOT t."archived" AND NOT t."pendingReview"
	AND (coalesce(t."countryAvailability", '{}') = '{}' OR country = ANY (t."countryAvailability"))
	AND (NOT kid OR coalesce(t."maturityRating", 'unrated') = ANY (ratings))
$$;

-- A title in a list of recommendations.
CREATE FUNCTION wanzami.recommended(t "Title") RETURNS json LANGUAGE sql STABLE AS $$
	SELECT json_build_object('id', t."id"::text, 'name', t."name", 'type', t."type", 'posterUrl', t."posterUrl", 'thumbnailUrl', t."thumbnailUrl",
		'runtimeMinutes', t."runtimeMinutes", 'genres', coalesce(t."genres", '{}'), 'maturityRating', t."maturityRating", 'isOriginal', t."isOriginal")
$$;

-- All titles that a profile has watched, moved about in or liked, each found with one look into the index.
CREATE FUNCTION wanzami.touched(profile bigint) RETURNS SETOF bigint LANGUAGE sql STABLE AS $$
	WITH RECURSIVE touched (id) AS (
		(SELECT e."titleId" FROM "EngagementEvent" e
		WHERE e."profileId" = profile AND e."titleId" IS NOT NULL AND e."eventType" IN ('PLAY_END', 'SCRUB', 'THUMBS_UP')
		ORDER BY e."titleId" LIMIT 1)
		UNION ALL
		SELECT (SELECT e."titleId" FROM "EngagementEvent" e
			WHERE e."profileId" = profile AND e."titleId" > t.id AND e."eventType" IN ('PLAY_END', 'SCRUB', 'THUMBS_UP')
			ORDER BY e."titleId" LIMIT 1)
		FROM touched t WHERE t.id IS NOT NULL
	)
	SELECT id FROM touched WHERE id IS NOT NULL
$$;

-- The titles that recommendations start from: those last watched or liked, newest first; without any the most recently
-- viewed as the job has them (contract media §9.3, §9.4, EVT-3).
CREATE FUNCTION wanzami.anchors(profile bigint, most integer, most_viewed integer) RETURNS bigint[] LANGUAGE sql STABLE AS $$
	SELECT coalesce((SELECT array_agg(a.id ORDER BY a."occurredAt" DESC, a.event DESC) FROM (
			SELECT t.id, e."occurredAt", e."id" AS event FROM wanzami.touched(profile) t (id), LATERAL (
				SELECT x."occurredAt", x."id" FROM "EngagementEvent" x
				WHERE x."profileId" = profile AND x."titleId" = t.id AND x."eventType" IN ('PLAY_END', 'THUMBS_UP')
				ORDER BY x."occurredAt" DESC, x."id" DESC LIMIT 1) e
			ORDER BY e."occurredAt" DESC, e."id" DESC LIMIT most) a),
		(SELECT array_agg(v.id ORDER BY v.n) FROM (
			SELECT u.id, min(u.n) AS n FROM "ProfileRecentViews" r, unnest(r."titleIds"[1:most_viewed]) WITH ORDINALITY u(id, n)
			WHERE r."profileId" = profile GROUP BY u.id) v),
		'{}')
$$;

-- The genres of titles that are still shown.
CREATE FUNCTION wanzami.genres_of(titles bigint[]) RETURNS text[] LANGUAGE sql STABLE AS $$
	SELECT coalesce(array_agg(DISTINCT g), '{}') FROM "Title" t, unnest(t."genres") g WHERE t."id" = ANY (titles) AND NOT t."archived"
$$;

-- What those who watched one of these titles watched as well: the targets of the best so many.
CREATE FUNCTION wanzami.similar_to(titles bigint[], most integer) RETURNS bigint[] LANGUAGE sql STABLE AS $$
	SELECT coalesce(array_agg(s."targetTitleId"), '{}') FROM (
		SELECT x."targetTitleId" FROM "TitleSimilarity" x WHERE x."sourceTitleId" = ANY (titles) ORDER BY x."score" DESC, x."id" LIMIT most) s
$$;

-- The films that are popular today in a country.
CREATE FUNCTION wanzami.popular_in(place text) RETURNS bigint[] LANGUAGE sql STABLE AS $$
	SELECT coalesce(array_agg(wanzami.event_id(i -> 'titleId')), '{}') FROM "PopularitySnapshot" s, jsonb_array_elements(s."items") i
	WHERE s."country" = place AND s."type" = 'MOVIE' AND s."window" = 'DAILY' AND jsonb_typeof(s."items") = 'array'
$$;

-- A place in a film as players report it: a number, or a text that is one; NULL for anything else.
CREATE FUNCTION wanzami.seconds(value jsonb) RETURNS numeric LANGUAGE sql IMMUTABLE AS $$
	SELECT CASE WHEN btrim(value #>> '{}') ~ '^[+-]?[0-9]{1,12}(\.[0-9]{1,30})?([eE][+-]?[0-9]{1,2})?$' THEN btrim(value #>> '{}')::numeric END
$$;

-- How much of a film an event says that has been seen, from 0 to 1; NULL when it does not say (contract media §9.2).
CREATE FUNCTION wanzami.completion(metadata jsonb) RETURNS double precision LANGUAGE sql IMMUTABLE AS $$
	SELECT round(least(greatest(CASE
		WHEN jsonb_typeof(metadata -> 'completionPercent') = 'number' THEN (metadata ->> 'completionPercent')::numeric
		WHEN jsonb_typeof(metadata -> 'completion') = 'number' THEN (metadata ->> 'completion')::numeric
		WHEN wanzami.seconds(metadata -> 'durationSec') > 0 THEN wanzami.seconds(metadata -> 'positionSec') / wanzami.seconds(metadata -> 'durationSec')
	END, 0), 1), 15)::double precision
$$;

-- A number of hours as JavaScript reads it, 24 when there is none; NULL for what is no number or leads out of our calendar
-- (contract media §7.2).
CREATE FUNCTION wanzami.hours(asked text) RETURNS double precision LANGUAGE sql IMMUTABLE AS $$
	SELECT CASE WHEN h.hours BETWEEN -1e7 AND 1e7 THEN h.hours::double precision END FROM (
		SELECT CASE WHEN asked IS NULL THEN 24 WHEN btrim(asked) = '' THEN 0
			WHEN btrim(asked) ~ '^[+-]?([0-9]{1,30}\.?[0-9]{0,30}|\.[0-9]{1,30})([eE][+-]?[0-9]{1,3})?$' THEN btrim(asked)::numeric END AS hours) h
$$;
