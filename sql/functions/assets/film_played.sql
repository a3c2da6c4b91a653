-- Returns the title whose film, or whose episode's film, a playlist is asked for (docs/playback.md#playlists); no row if it is not to be shown to the caller. "allowed"
-- says if the caller has access now, "everyone" if all viewers have. A film that is not published is shown to editors only.
CREATE OR REPLACE FUNCTION wanzami.film_played(request jsonb) RETURNS TABLE (title "Title", episode_id bigint, allowed boolean, everyone boolean) LANGUAGE sql STABLE AS $$
	SELECT t, e."id", wanzami.ppv_admits(t, request), p.published AND (NOT t."isPpv" OR request ->> 'enforcement' = 'off')
	FROM (SELECT (request ->> 'titleId')::bigint AS title_id, (request ->> 'episodeId')::bigint AS episode_id) f
	LEFT JOIN "Episode" e ON e."id" = f.episode_id
	JOIN "Title" t ON t."id" = coalesce(f.title_id, e."titleId"),
	LATERAL (SELECT NOT t."archived" AND NOT t."pendingReview" AND e."pendingReview" IS NOT TRUE AS published) p
	WHERE p.published OR (request ->> 'editor' IS NOT NULL AND EXISTS (SELECT FROM "User" u WHERE u."id" = (request ->> 'viewerId')::bigint AND u."role" <> 'USER'))
$$;
