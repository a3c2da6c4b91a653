-- How the loose bodies of the catalogue's editors are read (contract media §2.6, §4.5 to §4.14): each function takes a body and
-- the name of a field, and ends the request with "Invalid <field>" when it cannot be stored. Those that may do so are volatile:
-- the planner must not try them out.

CREATE FUNCTION wanzami.field_text(body jsonb, field text) RETURNS text LANGUAGE plpgsql VOLATILE AS $$
BEGIN
	IF jsonb_typeof(body -> field) NOT IN ('string', 'null') THEN
		PERFORM wanzami.refuse(400, 'Invalid ' || field);
	END IF;
	RETURN body ->> field;
END $$;

-- The same where there must be a text.
CREATE FUNCTION wanzami.field_name(body jsonb, field text) RETURNS text LANGUAGE plpgsql VOLATILE AS $$
BEGIN
	IF jsonb_typeof(body -> field) <> 'string' OR body ->> field = '' THEN
		PERFORM wanzami.refuse(400, 'Invalid ' || field);
	END IF;
	RETURN body ->> field;
END $$;

CREATE FUNCTION wanzami.field_boolean(body jsonb, field text) RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$
BEGIN
	IF jsonb_typeof(body -> field) NOT IN ('boolean', 'null') THEN
		PERFORM wanzami.refuse(400, 'Invalid ' || field);
	END IF;
	RETURN (body ->> field)::boolean;
END $$;

-- Whether a field holds a number or a text that reads as one. Empty texts and null are none (CAT-7).
CREATE FUNCTION wanzami.field_is_number(body jsonb, field text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
	SELECT coalesce(jsonb_typeof(body -> field) = 'number'
		OR (jsonb_typeof(body -> field) = 'string' AND body ->> field ~ '^\s*[+-]?([0-9]{1,15}(\.[0-9]*)?|\.[0-9]{1,15})([eE][+-]?[0-9]{1,2})?\s*$'), false)
$$;

-- Whether a field is there and means "no value": null or a blank text.
CREATE FUNCTION wanzami.field_is_empty(body jsonb, field text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
	SELECT coalesce(jsonb_typeof(body -> field) = 'null' OR (jsonb_typeof(body -> field) = 'string' AND btrim(body ->> field) = ''), false)
$$;

-- A whole number of 32 bits; NULL for what is no number.
CREATE FUNCTION wanzami.field_integer(body jsonb, field text) RETURNS integer LANGUAGE plpgsql VOLATILE AS $$
DECLARE value numeric;
BEGIN
	IF NOT wanzami.field_is_number(body, field) THEN
		RETURN NULL;
	END IF;
	value := btrim(body ->> field)::numeric;
	IF value <> trunc(value) OR value NOT BETWEEN -2147483648 AND 2147483647 THEN
		PERFORM wanzami.refuse(400, 'Invalid ' || field);
	END IF;
	RETURN value::integer;
END $$;

-- An array's elements as texts; whatever is no array is an empty one.
CREATE FUNCTION wanzami.field_texts(body jsonb, field text) RETURNS text[] LANGUAGE sql IMMUTABLE AS $$
	SELECT CASE WHEN jsonb_typeof(body -> field) = 'array'
		THEN ARRAY(SELECT coalesce(e, 'null') FROM jsonb_array_elements_text(body -> field) WITH ORDINALITY x(e, n) ORDER BY n)
		ELSE '{}' END
$$;

-- The first of January of a year, NULL for none.
CREATE FUNCTION wanzami.field_year(body jsonb, field text) RETURNS timestamp LANGUAGE plpgsql VOLATILE AS $$
DECLARE year integer := wanzami.field_integer(body, field);
BEGIN
	IF year <> 0 AND year NOT BETWEEN 1000 AND 9999 THEN
		PERFORM wanzami.refuse(400, 'Invalid ' || field);
	END IF;
	RETURN make_timestamp(nullif(year, 0), 1, 1, 0, 0, 0);
END $$;

-- A date, with or without a time; what is falsy in JavaScript is none.
CREATE FUNCTION wanzami.field_date(body jsonb, field text) RETURNS timestamp LANGUAGE plpgsql VOLATILE AS $$
BEGIN
	IF coalesce(body ->> field, '') IN ('', '0', 'false') THEN
		RETURN NULL;
	END IF;
	IF jsonb_typeof(body -> field) <> 'string' OR body ->> field !~ '^\s*[0-9]' THEN
		PERFORM wanzami.refuse(400, 'Invalid ' || field);
	END IF;
	RETURN date_trunc('milliseconds', timezone('UTC', (body ->> field)::timestamptz));
EXCEPTION WHEN datetime_field_overflow OR invalid_datetime_format THEN
	PERFORM wanzami.refuse(400, 'Invalid ' || field);
END $$;

-- What is true in JavaScript.
CREATE FUNCTION wanzami.truthy(value jsonb) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
	SELECT coalesce(value NOT IN ('null', 'false', '""', '0'), false)
$$;

-- The season of a title with this number, made when it is missing.
CREATE FUNCTION wanzami.season_ensure(title_id bigint, number integer) RETURNS bigint LANGUAGE sql AS $$
	INSERT INTO "Season" ("titleId", "seasonNumber", "createdAt", "updatedAt") VALUES (title_id, number, wanzami.now(), wanzami.now())
	ON CONFLICT ("titleId", "seasonNumber") DO UPDATE SET "seasonNumber" = excluded."seasonNumber"
	RETURNING "id"
$$;

-- One entry of a list of seasons: inserted, or its fields that say something written over the season with its number.
CREATE FUNCTION wanzami.season_upsert(title_id bigint, entry jsonb) RETURNS bigint LANGUAGE sql AS $$
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

CREATE FUNCTION wanzami.season(s "Season") RETURNS json LANGUAGE sql STABLE AS $$
	SELECT row_to_json(r) FROM (SELECT s."id"::text AS "id", s."titleId"::text AS "titleId", s."seasonNumber", s."name", s."description",
		wanzami.iso(s."releaseDate") AS "releaseDate", s."status", s."posterUrl", s."thumbnailUrl", s."previewSpriteUrl", s."previewVttUrl",
		wanzami.iso(s."createdAt") AS "createdAt", wanzami.iso(s."updatedAt") AS "updatedAt") r
$$;

CREATE FUNCTION wanzami.episode(e "Episode") RETURNS json LANGUAGE sql STABLE AS $$
	SELECT row_to_json(r) FROM (SELECT e."id"::text AS "id", e."titleId"::text AS "titleId", e."seasonId"::text AS "seasonId",
		e."seasonNumber", e."episodeNumber", e."name", e."synopsis", e."previewSpriteUrl", e."previewVttUrl", e."introStartSec",
		e."introEndSec", e."runtimeMinutes", e."pendingReview") r
$$;

-- The episodes of a title as editors see them: all, with the addresses as they are stored.
CREATE FUNCTION wanzami.episodes_all(title_id bigint) RETURNS json LANGUAGE sql STABLE AS $$
	SELECT coalesce(json_agg(r ORDER BY r."seasonNumber", r."episodeNumber", r."id"::bigint), '[]') FROM (
		SELECT e."id"::text AS "id", e."titleId"::text AS "titleId", e."seasonNumber", e."episodeNumber", e."name", e."synopsis",
			e."runtimeMinutes", e."previewSpriteUrl", e."previewVttUrl", e."introStartSec", e."introEndSec", e."seasonId"::text AS "seasonId",
			e."pendingReview",
			(SELECT coalesce(json_agg(json_build_object('id', v."id"::text, 'rendition', v."rendition", 'url', v."url",
				'sizeBytes', v."sizeBytes", 'durationSec', v."durationSec", 'status', v."status") ORDER BY v."rendition", v."id"), '[]')
				FROM "AssetVersion" v WHERE v."episodeId" = e."id" AND v."status" = 'READY') AS "assetVersions",
			wanzami.iso(e."createdAt") AS "createdAt", wanzami.iso(e."updatedAt") AS "updatedAt"
		FROM "Episode" e WHERE e."titleId" = title_id) r
$$;

-- A title as editors see it, without the last brace: what follows is added to it. A title without a date has no such year.
CREATE FUNCTION wanzami.title_edited(t "Title") RETURNS text LANGUAGE sql STABLE AS $$
	SELECT left(row_to_json(r)::text, -1) || coalesce(',"releaseYear":' || extract(year FROM t."releaseDate")::int, '')
	FROM (SELECT t."id"::text AS "id", t."name", t."type", t."description", coalesce(t."genres", '{}') AS "genres",
		coalesce(t."cast", '{}') AS "cast", coalesce(t."crew", '{}') AS "crew", t."language", t."maturityRating", t."runtimeMinutes",
		coalesce(t."countryAvailability", '{}') AS "countryAvailability", t."isOriginal", t."posterUrl", t."thumbnailUrl", t."trailerUrl",
		t."previewSpriteUrl", t."previewVttUrl", t."introStartSec", t."introEndSec", t."archived", t."pendingReview", t."isPpv",
		t."ppvPriceNaira", t."ppvCurrency", t."ppvDescription", wanzami.iso(t."createdAt") AS "createdAt",
		wanzami.iso(t."updatedAt") AS "updatedAt", wanzami.iso(t."releaseDate") AS "releaseDate",
		(SELECT count(*) FROM "Episode" e WHERE e."titleId" = t."id") AS "episodeCount",
		(SELECT count(*) FROM "Season" s WHERE s."titleId" = t."id") AS "seasonCount") r
$$;

-- Leaves an object of ours that a stored address names to the trash.
CREATE FUNCTION wanzami.discard_url(url text) RETURNS void LANGUAGE sql AS $$
	SELECT wanzami.discard(regexp_replace(url, '^s3://[^/]*/', ''), 'deleted')
	WHERE url ~ '^s3://[^/]*/(vod|uploads|poster|thumbnail|trailers?|preview[^/]*|asset)/.'
$$;

-- A whole number where there must be one.
CREATE FUNCTION wanzami.field_number(body jsonb, field text) RETURNS integer LANGUAGE plpgsql VOLATILE AS $$
BEGIN
	IF NOT wanzami.field_is_number(body, field) THEN
		PERFORM wanzami.refuse(400, 'Invalid ' || field);
	END IF;
	RETURN wanzami.field_integer(body, field);
END $$;
