-- Returns a profile as clients see it.
CREATE OR REPLACE FUNCTION wanzami.profile(p "Profile") RETURNS json LANGUAGE sql STABLE AS $$
	SELECT row_to_json(r) FROM (SELECT p."id"::text AS "id", p."name", p."avatarUrl", p."kidMode", p."language", p."country",
		p."birthYear", p."autoplay", p."preferences") r
$$;
