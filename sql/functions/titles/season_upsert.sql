-- Creates the season of one entry of a list of seasons, or updates its fields that have a value.
CREATE OR REPLACE FUNCTION wanzami.season_upsert(title_id bigint, entry jsonb) RETURNS bigint LANGUAGE sql AS $$
	INSERT INTO "Season" AS s ("titleId", "seasonNumber", "name", "description", "releaseDate", "status", "posterUrl", "thumbnailUrl",
		"previewSpriteUrl", "previewVttUrl", "createdAt", "updatedAt")
	VALUES (title_id, wanzami.field_integer(entry, 'seasonNumber'), wanzami.field_text(entry, 'name'), wanzami.field_text(entry, 'description'),
		wanzami.field_date(entry, 'releaseDate'), wanzami.field_text(entry, 'status'), wanzami.field_text(entry, 'posterUrl'),
		wanzami.field_text(entry, 'thumbnailUrl'), wanzami.field_text(entry, 'previewSpriteUrl'), wanzami.field_text(entry, 'previewVttUrl'),
		wanzami.now(), wanzami.now())
	ON CONFLICT ("titleId", "seasonNumber") DO UPDATE SET
		"name" = coalesce(excluded."name", s."name"), "description" = coalesce(excluded."description", s."description"),
		"releaseDate" = coalesce(excluded."releaseDate", s."releaseDate"), "status" = coalesce(excluded."status", s."status"),
		"posterUrl" = coalesce(excluded."posterUrl", s."posterUrl"), "thumbnailUrl" = coalesce(excluded."thumbnailUrl", s."thumbnailUrl"),
		"previewSpriteUrl" = coalesce(excluded."previewSpriteUrl", s."previewSpriteUrl"),
		"previewVttUrl" = coalesce(excluded."previewVttUrl", s."previewVttUrl"), "updatedAt" = wanzami.now()
	RETURNING "id"
$$;
