-- Returns true if the user's name or e-mail address contains the text of the query parameter q, or if there is none
-- (docs/compatibility.md#list-parts).
CREATE OR REPLACE FUNCTION wanzami.user_found(u "User", query jsonb) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
	SELECT coalesce(strpos(lower(u."email") || E'\n' || lower(u."name"), lower(wanzami.trim(query ->> 'q'))) <> 0, true)
$$;
