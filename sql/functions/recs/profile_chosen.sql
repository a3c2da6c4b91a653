-- Returns the profile with this id if it belongs to the user, otherwise the user's oldest (docs/compatibility.md#viewer-profile).
CREATE OR REPLACE FUNCTION wanzami.profile_chosen(of_user bigint, wanted bigint) RETURNS SETOF "Profile" LANGUAGE plpgsql STABLE ROWS 1 AS $$
BEGIN
	RETURN QUERY SELECT p.* FROM "Profile" p WHERE p."userId" = of_user
		ORDER BY p."id" IS NOT DISTINCT FROM wanted DESC, p."createdAt", p."id" LIMIT 1;
	IF NOT FOUND THEN
		PERFORM wanzami.refuse(400, 'No profile found');
	END IF;
END $$;
