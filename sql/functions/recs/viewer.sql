-- Returns the profile of a request: the requested one if it belongs to the caller, otherwise the caller's oldest
-- (docs/compatibility.md#viewer-profile).
CREATE OR REPLACE FUNCTION wanzami.viewer(asked jsonb) RETURNS SETOF "Profile" LANGUAGE plpgsql STABLE ROWS 1 AS $$
DECLARE wanted bigint := wanzami.integer_of(coalesce(wanzami.query_first(asked -> 'query', 'profileId'), ''));
BEGIN
	IF wanted IS NULL OR wanted < 0 THEN
		PERFORM wanzami.refuse(400, 'Invalid profileId');
	END IF;
	RETURN QUERY SELECT p.* FROM "Profile" p WHERE p."userId" = (asked ->> 'userId')::bigint
		ORDER BY p."id" = wanted DESC, p."createdAt", p."id" LIMIT 1;
	IF NOT FOUND THEN
		PERFORM wanzami.refuse(400, 'No profile found');
	END IF;
END $$;
