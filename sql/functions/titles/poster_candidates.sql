-- Returns the poster candidates of a title in the order in which editors see them: those of its film, then of its episodes; of a film
-- the best first. "id" names a candidate until another upload replaces the film.
CREATE OR REPLACE FUNCTION wanzami.poster_candidates(title bigint) RETURNS TABLE (id text, object_key text, episode_id bigint, place bigint)
LANGUAGE sql STABLE AS $$
	SELECT md5(k.key), k.key, p.episode_id, row_number() OVER (ORDER BY p.episode_id IS NOT NULL, e."seasonNumber", e."episodeNumber", p.episode_id, k.n)
	FROM wanzami.preview p LEFT JOIN "Episode" e ON e."id" = p.episode_id, unnest(p.posters) WITH ORDINALITY k (key, n)
	WHERE p.title_id = title OR p.episode_id IN (SELECT x."id" FROM "Episode" x WHERE x."titleId" = title)
$$;
