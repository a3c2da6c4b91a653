-- Returns all titles that a profile has watched, seeked in or liked. Each title costs one index lookup.
CREATE OR REPLACE FUNCTION wanzami.touched(profile bigint) RETURNS SETOF bigint LANGUAGE sql STABLE AS $$
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
