-- Returns the season of a title with this number, after creating it if it does not exist.
CREATE OR REPLACE FUNCTION wanzami.season_ensure(title_id bigint, number integer) RETURNS bigint LANGUAGE sql AS $$
	INSERT INTO "Season" ("titleId", "seasonNumber", "createdAt", "updatedAt") VALUES (title_id, number, wanzami.now(), wanzami.now())
	ON CONFLICT ("titleId", "seasonNumber") DO UPDATE SET "seasonNumber" = excluded."seasonNumber"
	RETURNING "id"
$$;
