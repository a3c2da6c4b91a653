-- Returns all profiles of a user (docs/compatibility.md#profile-shape).
CREATE OR REPLACE FUNCTION wanzami.profiles(user_id bigint) RETURNS json LANGUAGE sql STABLE AS $$
	SELECT coalesce(json_agg(wanzami.profile(p) ORDER BY p."createdAt", p."id"), '[]') FROM "Profile" p WHERE p."userId" = user_id
$$;
