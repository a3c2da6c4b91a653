-- What a second look at the contract's media part asks for.

-- A text where there must be one; only who makes a thing has to name it (§4.5, §4.6, §4.11).
CREATE OR REPLACE FUNCTION wanzami.field_name(body jsonb, field text) RETURNS text LANGUAGE plpgsql VOLATILE AS $$
BEGIN
	IF jsonb_typeof(body -> field) <> 'string' THEN
		PERFORM wanzami.refuse(400, 'Invalid ' || field);
	END IF;
	RETURN body ->> field;
END $$;

-- What a parameter of the query says; of one that is there several times the first (§2.3).
CREATE FUNCTION wanzami.query_first(query jsonb, name text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
	SELECT coalesce(query ->> name, query ->> (name || '[0]'))
$$;

-- The profile that a request is about: the one it asks for if it is the caller's, else the caller's oldest (§9.1).
CREATE OR REPLACE FUNCTION wanzami.viewer(asked jsonb) RETURNS SETOF "Profile" LANGUAGE plpgsql STABLE ROWS 1 AS $$
DECLARE wanted text := btrim(coalesce(wanzami.query_first(asked -> 'query', 'profileId'), ''));
BEGIN
	IF wanted !~ '^(\+?[0-9]{1,18})?$' THEN
		PERFORM wanzami.refuse(400, 'Invalid profileId');
	END IF;
	RETURN QUERY SELECT p.* FROM "Profile" p WHERE p."userId" = (asked ->> 'userId')::bigint
		ORDER BY p."id" = nullif(wanted, '')::bigint DESC NULLS LAST, p."createdAt", p."id" LIMIT 1;
	IF NOT FOUND THEN
		PERFORM wanzami.refuse(400, 'No profile found');
	END IF;
END $$;

-- A field of an event that is of another kind than it should be, as the library says it that the clients know (§7.1).
CREATE FUNCTION wanzami.event_mistyped(path json, expected text, received text) RETURNS json LANGUAGE sql STABLE AS $$
	SELECT json_build_object('code', 'invalid_type', 'expected', expected, 'received', received, 'path', path, 'message',
		'Expected ' || expected || ', received ' || received)
$$;

-- What is wrong with one field of an event, NULL when nothing is; an absent field has the value NULL.
CREATE OR REPLACE FUNCTION wanzami.event_issue(place integer, field text, value jsonb) RETURNS json LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
	path json := json_build_array(place, field);
	kind text := coalesce(jsonb_typeof(value), 'undefined');
	kinds text := (SELECT string_agg(quote_literal(e), ' | ' ORDER BY n) FROM unnest(enum_range(NULL::"EventType")) WITH ORDINALITY x(e, n));
BEGIN
	IF field = 'eventType' THEN
		IF kind = 'undefined' THEN
			RETURN json_build_object('code', 'invalid_type', 'expected', kinds, 'received', kind, 'path', path, 'message', 'Required');
		ELSIF kind <> 'string' THEN
			RETURN wanzami.event_mistyped(path, kinds, kind);
		ELSIF value #>> '{}' <> ALL (enum_range(NULL::"EventType")::text[]) THEN
			RETURN json_build_object('received', value, 'code', 'invalid_enum_value', 'options', enum_range(NULL::"EventType"), 'path', path,
				'message', 'Invalid enum value. Expected ' || kinds || ', received ''' || (value #>> '{}') || '''');
		END IF;
	ELSIF kind = 'undefined' THEN
		RETURN NULL;
	ELSIF field IN ('profileId', 'titleId', 'episodeId', 'sessionId') THEN
		IF kind NOT IN ('string', 'number') THEN
			RETURN json_build_object('code', 'invalid_union', 'unionErrors', (
				SELECT json_agg(json_build_object('issues', json_build_array(wanzami.event_mistyped(path, e, kind)), 'name', 'ZodError') ORDER BY n)
				FROM unnest(ARRAY['string', 'number']) WITH ORDINALITY x(e, n)), 'path', path, 'message', 'Invalid input');
		END IF;
	ELSIF kind <> (CASE field WHEN 'metadata' THEN 'object' ELSE 'string' END) THEN
		RETURN wanzami.event_mistyped(path, CASE field WHEN 'metadata' THEN 'object' ELSE 'string' END, kind);
	ELSIF field = 'occurredAt' AND wanzami.event_time(value #>> '{}') IS NULL THEN
		RETURN json_build_object('code', 'invalid_string', 'validation', 'datetime', 'message', 'Invalid datetime', 'path', path);
	END IF;
	RETURN NULL;
END $$;

-- Whether a title is one of those that the parameter q asks for: its name has that text in it (GEN-4).
CREATE FUNCTION wanzami.title_found(t "Title", query jsonb) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
	SELECT coalesce(strpos(lower(t."name"), lower(wanzami.trim(query ->> 'q'))) <> 0, true)
$$;

-- The object of ours that a stored address names, NULL for none: it is s3:// and one of our folders, or ends like the keys that are
-- made for artwork, whoever it is shown by (§5.2, §5.5).
CREATE FUNCTION wanzami.object_named(url text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
	SELECT coalesce(substring(url FROM '^s3://[^/]*/((?:vod|uploads|poster|thumbnail|trailers?|preview[^/]*|asset)/.+)$'),
		substring(url FROM '(?:^|/)([A-Za-z0-9_-]{1,32}/[0-9]{13}-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$'))
$$;

-- Leaves that object to the trash (CAT-4).
CREATE OR REPLACE FUNCTION wanzami.discard_url(url text) RETURNS void LANGUAGE sql AS $$
	SELECT wanzami.discard(wanzami.object_named(url), 'deleted') WHERE wanzami.object_named(url) IS NOT NULL
$$;

-- Whether anything still shows this object: several may share their artwork.
CREATE FUNCTION wanzami.object_shown(key text) RETURNS boolean LANGUAGE sql STABLE AS $$
	SELECT key !~ '^(vod|uploads)/' AND (
		EXISTS (SELECT FROM "Title" t, unnest(ARRAY[t."posterUrl", t."thumbnailUrl", t."trailerUrl", t."previewSpriteUrl", t."previewVttUrl"]) u(url)
			WHERE right(u.url, length(key)) = key)
		OR EXISTS (SELECT FROM "Season" s, unnest(ARRAY[s."posterUrl", s."thumbnailUrl", s."previewSpriteUrl", s."previewVttUrl"]) u(url)
			WHERE right(u.url, length(key)) = key)
		OR EXISTS (SELECT FROM "Episode" e, unnest(ARRAY[e."previewSpriteUrl", e."previewVttUrl"]) u(url) WHERE right(u.url, length(key)) = key))
$$;
