-- Returns one of the built-in avatars, chosen at random.
CREATE OR REPLACE FUNCTION wanzami.avatar() RETURNS text LANGUAGE sql VOLATILE AS $$
	SELECT '/avatars/avatar' || 1 + floor(random() * 6)::int || '.svg'
$$;
