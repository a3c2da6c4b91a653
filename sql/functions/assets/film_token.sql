-- Returns the text of the signed token for the playlists of a film and the caller (src/http/sign.h). episode_id is NULL for the film of
-- the title itself. That of an editor admits also to a film that is not published.
CREATE OR REPLACE FUNCTION wanzami.film_token(title_id bigint, episode_id bigint, request jsonb, editor boolean DEFAULT false) RETURNS text LANGUAGE sql IMMUTABLE AS $$
	SELECT coalesce('e' || episode_id, 't' || title_id) || coalesce(CASE WHEN editor THEN 'a' ELSE 'u' END || (request ->> 'userId'), 'g')
$$;
