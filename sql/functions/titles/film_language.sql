-- Returns Title.language of a title or of an episode's title. One of title_id and episode_id is NULL.
CREATE OR REPLACE FUNCTION wanzami.film_language(title_id bigint, episode_id bigint) RETURNS text LANGUAGE sql STABLE AS $$
	SELECT t."language" FROM "Title" t
	WHERE t."id" = coalesce(film_language.title_id, (SELECT e."titleId" FROM "Episode" e WHERE e."id" = film_language.episode_id))
$$;
