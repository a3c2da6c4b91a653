-- Returns the previews of a title or an episode, if they have a storyboard that is complete. One of title_id and episode_id is NULL.
CREATE OR REPLACE FUNCTION wanzami.storyboard(title_id bigint, episode_id bigint) RETURNS SETOF wanzami.preview LANGUAGE sql STABLE AS $$
	SELECT p.* FROM wanzami.preview p
	WHERE (p.title_id = storyboard.title_id OR p.episode_id = storyboard.episode_id)
	AND p.count BETWEEN 1 AND p.columns * p.rows * cardinality(p.sheets)
$$;
