-- The integer of 64 bits that a text is, blanks around it; nothing at all is 0. NULL for what is none.
CREATE FUNCTION wanzami.integer_of(value text) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
	SELECT CASE WHEN value ~ E'^[ \t-\r]*[+-]?[0-9]{1,18}[ \t-\r]*$' THEN value::bigint WHEN value ~ E'^[ \t-\r]*$' THEN 0
		WHEN value ~ E'^[ \t-\r]*[+-]?[0-9]{19,40}[ \t-\r]*$'
			AND value::numeric BETWEEN -9223372036854775808 AND 9223372036854775807 THEN value::bigint END
$$;

-- The id that a field of an event is (§7.1): a number, also one written 101.0, or a text, also of hexadecimal digits behind 0x.
CREATE OR REPLACE FUNCTION wanzami.event_id(value jsonb) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
	SELECT coalesce(wanzami.integer_of(value #>> '{}'), CASE jsonb_typeof(value)
		WHEN 'number' THEN wanzami.integer_of(trim_scale(value::numeric)::text) ELSE wanzami.hexadecimal(value #>> '{}') END)
$$;

-- The profile that a request is about: the one it asks for if it is the caller's, else the caller's oldest (§9.1).
CREATE OR REPLACE FUNCTION wanzami.viewer(asked jsonb) RETURNS SETOF "Profile" LANGUAGE plpgsql STABLE ROWS 1 AS $$
DECLARE wanted bigint := wanzami.integer_of(coalesce(wanzami.query_first(asked -> 'query', 'profileId'), ''));
BEGIN
	IF wanted IS NULL OR wanted < 0 THEN
		PERFORM wanzami.refuse(400, 'Invalid profileId');
	END IF;
	RETURN QUERY SELECT p.* FROM "Profile" p WHERE p."userId" = (asked ->> 'userId')::bigint
		ORDER BY p."id" = wanted DESC, p."createdAt", p."id" LIMIT 1;
	IF NOT FOUND THEN
		PERFORM wanzami.refuse(400, 'No profile found');
	END IF;
END $$;

-- What is wrong with a ticket (people §3.33): the first complaint. What is no text is none at all, however long it would be.
CREATE OR REPLACE FUNCTION wanzami.ticket_issue(body jsonb) RETURNS TABLE (field text, message text) LANGUAGE sql IMMUTABLE AS $$
	SELECT checks.field, checks.message FROM (VALUES
		('email', 'Valid email is required', coalesce(jsonb_typeof(body -> 'email') <> 'string', true)
			OR strpos(wanzami.trim(body ->> 'email'), '@') = 0 OR length(body ->> 'email') > 320),
		('subject', 'Subject must be at most 200 characters', length(wanzami.text_or(body, 'subject', '')) > 200),
		('message', 'Message must be at most 20000 characters', length(wanzami.text_or(body, 'message', '')) > 20000)
	) checks (field, message, wrong) WHERE wrong LIMIT 1
$$;

-- Whether anything still shows this object: several may share their artwork, and what names somebody else's film must not take it along.
CREATE OR REPLACE FUNCTION wanzami.object_shown(key text) RETURNS boolean LANGUAGE sql STABLE AS $$
	SELECT CASE WHEN key LIKE 'vod/%' THEN EXISTS (SELECT FROM "AssetVersion" v WHERE right(v."url", length(key)) = key)
	WHEN key LIKE 'uploads/%' THEN EXISTS (SELECT FROM "UploadJob" u WHERE u."payload" ->> 'key' = key AND u."status" IN ('UPLOADING', 'PROCESSING'))
	ELSE EXISTS (SELECT FROM "Title" t, unnest(ARRAY[t."posterUrl", t."thumbnailUrl", t."trailerUrl", t."previewSpriteUrl", t."previewVttUrl"]) u(url)
			WHERE right(u.url, length(key)) = key)
		OR EXISTS (SELECT FROM "Season" s, unnest(ARRAY[s."posterUrl", s."thumbnailUrl", s."previewSpriteUrl", s."previewVttUrl"]) u(url)
			WHERE right(u.url, length(key)) = key)
		OR EXISTS (SELECT FROM "Episode" e, unnest(ARRAY[e."previewSpriteUrl", e."previewVttUrl"]) u(url) WHERE right(u.url, length(key)) = key) END
$$;

-- An object that is left once more, by the last who showed it, has its day from now on.
CREATE OR REPLACE FUNCTION wanzami.discard(object_key text, why text) RETURNS void LANGUAGE sql AS $$
	INSERT INTO wanzami.object_trash AS t (key, delete_after, reason) VALUES (object_key, now() + interval '24 hours', why)
	ON CONFLICT (key) DO UPDATE SET attempts = 0, delete_after = greatest(t.delete_after, excluded.delete_after)
$$;
