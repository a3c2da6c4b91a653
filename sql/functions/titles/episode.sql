-- Returns an episode as editors see it.
CREATE OR REPLACE FUNCTION wanzami.episode(e "Episode") RETURNS json LANGUAGE sql STABLE AS $$
	SELECT row_to_json(r) FROM (SELECT e."id"::text AS "id", e."titleId"::text AS "titleId", e."seasonId"::text AS "seasonId",
		e."seasonNumber", e."episodeNumber", e."name", e."synopsis", e."previewSpriteUrl", e."previewVttUrl", e."introStartSec",
		e."introEndSec", e."runtimeMinutes", e."pendingReview") r
$$;
