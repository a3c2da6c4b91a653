-- Returns a season as editors see it.
CREATE OR REPLACE FUNCTION wanzami.season(s "Season") RETURNS json LANGUAGE sql STABLE AS $$
	SELECT row_to_json(r) FROM (SELECT s."id"::text AS "id", s."titleId"::text AS "titleId", s."seasonNumber", s."name", s."description",
		wanzami.iso(s."releaseDate") AS "releaseDate", s."status", s."posterUrl", s."thumbnailUrl", s."previewSpriteUrl", s."previewVttUrl",
		wanzami.iso(s."createdAt") AS "createdAt", wanzami.iso(s."updatedAt") AS "updatedAt") r
$$;
