-- Returns the text of the signed token for the playlists of a film and the caller (src/http/sign.h). episode_id is NULL for the film of
-- the title itself.
CREATE OR REPLACE FUNCTION wanzami.film_token(title_id bigint, episode_id bigint, request jsonb) RETURNS text LANGUAGE sql IMMUTABLE AS $$
	SELECT coalesce('e' || episode_id, 't' || title_id) || coalesce('u' || (request ->> 'userId'), 'g')
$$;
