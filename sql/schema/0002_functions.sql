-- What several statements of sql/query say in the same way. SQL functions that the planner can inline.

-- Times as clients know them.
CREATE FUNCTION wanzami.iso(t timestamp) RETURNS text LANGUAGE sql IMMUTABLE AS $$
	SELECT to_char(t, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
$$;

-- Whether the public catalogue shows a title to a country and an audience: kid, teen or all (contract media §3.3, §3.4, §4.1).
CREATE FUNCTION wanzami.visible(t "Title", country text, audience text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
	SELECT NOT t."archived" AND NOT t."pendingReview"
	AND (coalesce(t."countryAvailability", '{}') = '{}' OR country = ANY (t."countryAvailability"))
	AND (audience = 'all' OR t."maturityRating" IS NULL
		OR t."maturityRating" IN ('G', 'PG', 'TV-Y', 'TV-G', 'TV-PG', 'PG-13')
		OR (audience = 'teen' AND t."maturityRating" = 'TV-14'))
$$;

-- A stored URL as a client can use it. One that names an object becomes a mark that the process signs for 12 hours
-- (media CAT-9); only keys whose first folder matches may be signed (CAT-11), others give NULL.
CREATE FUNCTION wanzami.playable(url text, folders text, mark text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
	SELECT CASE
		WHEN url NOT LIKE 's3://%' THEN url
		WHEN split_part(url, '/', 4) ~ ('^(poster|thumbnail|trailers?|asset|preview.*' || folders || ')$')
			THEN mark || ':43200:' || regexp_replace(url, '^s3://[^/]*/', '')
	END
$$;

-- The READY renditions of a title or of an episode, largest first, the newest of each; those of a pay-per-view title
-- without their address.
CREATE FUNCTION wanzami.assets(title_id bigint, episode_id bigint, pay boolean, mark text) RETURNS json LANGUAGE sql STABLE AS $$
	SELECT coalesce(json_agg(a ORDER BY a."rendition"), '[]') FROM (
		SELECT DISTINCT ON (v."rendition") v."id"::text AS "id", v."rendition",
			CASE WHEN NOT pay THEN wanzami.playable(v."url", '|vod', mark) END AS "url", v."sizeBytes", v."durationSec", v."status"
		FROM "AssetVersion" v
		WHERE v."status" = 'READY' AND (v."titleId" = title_id OR v."episodeId" = episode_id)
		ORDER BY v."rendition", v."updatedAt" DESC, v."id" DESC
	) a
$$;

-- The time that rows carry: UTC, in milliseconds, the same for all of one transaction (contract people §2.19).
CREATE FUNCTION wanzami.now() RETURNS timestamp LANGUAGE sql STABLE AS $$
	SELECT date_trunc('milliseconds', timezone('UTC', now()))
$$;

-- Ends a request with this answer, and undoes what its earlier statements did.
CREATE FUNCTION wanzami.refuse(status integer, message text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
	RAISE EXCEPTION '%', message USING ERRCODE = 'WZ' || status;
END $$;

-- What a role may do, in the order that tokens list it (contract people §2.7).
CREATE FUNCTION wanzami.permissions(role "Role") RETURNS text[] LANGUAGE sql IMMUTABLE AS $$
	SELECT CASE role
		WHEN 'SUPER_ADMIN' THEN ARRAY['dashboard:view', 'admin:users:manage', 'admin:invites:manage', 'movies:manage', 'movies:view',
			'blog:manage', 'blog:view', 'users:manage', 'users:view', 'payments:manage', 'payments:view', 'moderation:manage',
			'analytics:view', 'settings:manage', 'settings:view', 'ops:manage']
		WHEN 'CONTENT_MANAGER' THEN ARRAY['dashboard:view', 'movies:manage', 'blog:view', 'users:view', 'payments:view',
			'moderation:manage', 'analytics:view', 'settings:view', 'ops:manage']
		WHEN 'BLOG_EDITOR' THEN ARRAY['dashboard:view', 'blog:manage', 'movies:view', 'users:view', 'analytics:view']
		WHEN 'MODERATOR' THEN ARRAY['dashboard:view', 'movies:view', 'moderation:manage', 'users:manage', 'analytics:view']
		WHEN 'SUPPORT' THEN ARRAY['dashboard:view', 'users:manage', 'payments:view', 'moderation:manage', 'analytics:view']
		WHEN 'FINANCE' THEN ARRAY['dashboard:view', 'payments:manage', 'settings:manage', 'analytics:view']
		WHEN 'ANALYTICS' THEN ARRAY['dashboard:view', 'movies:view', 'blog:view', 'users:view', 'payments:view', 'moderation:manage',
			'analytics:view']
		WHEN 'OPS' THEN ARRAY['dashboard:view', 'settings:manage', 'ops:manage', 'movies:view', 'blog:view', 'users:view', 'analytics:view']
		ELSE ARRAY['dashboard:view']
	END
$$;

-- Whether a caller may go on: user and session still exist, and the role, as it is now, has what the route needs: 'user',
-- 'admin' or a permission (contract people §2.6, §5 items 3 and 7).
CREATE FUNCTION wanzami.guard(user_id bigint, device text, need text) RETURNS void LANGUAGE plpgsql STABLE AS $$
DECLARE held "Role";
BEGIN
	SELECT u."role" INTO held FROM "User" u
	WHERE u."id" = user_id AND EXISTS (SELECT FROM "Session" s WHERE s."userId" = user_id AND s."deviceId" = device);
	IF NOT FOUND THEN
		PERFORM wanzami.refuse(401, 'Invalid or expired token');
	ELSIF need <> 'user' AND held = 'USER' THEN
		PERFORM wanzami.refuse(403, 'Admin role required');
	ELSIF need LIKE '%:%' AND NOT need = ANY (wanzami.permissions(held)) THEN
		PERFORM wanzami.refuse(403, 'Insufficient permissions');
	END IF;
END $$;

-- A mail token as it is kept: only its digest (contract people §5 item 21).
CREATE FUNCTION wanzami.digest(token text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
	SELECT 'sha256:' || encode(sha256(convert_to(token, 'UTF8')), 'hex')
$$;

-- Whether a presented mail token is the one that is kept; tokens of the old service are kept in clear until they expire.
CREATE FUNCTION wanzami.token_fits(kept text, expires timestamp, presented text) RETURNS boolean LANGUAGE sql STABLE AS $$
	SELECT coalesce(expires >= wanzami.now() AND presented NOT LIKE 'sha256:%'
		AND CASE WHEN kept LIKE 'sha256:%' THEN kept = wanzami.digest(presented) ELSE kept = presented END, false)
$$;

-- One of the built-in avatars, by chance.
CREATE FUNCTION wanzami.avatar() RETURNS text LANGUAGE sql VOLATILE AS $$
	SELECT '/avatars/avatar' || 1 + floor(random() * 6)::int || '.svg'
$$;

CREATE FUNCTION wanzami.profile(p "Profile") RETURNS json LANGUAGE sql STABLE AS $$
	SELECT row_to_json(r) FROM (SELECT p."id"::text AS "id", p."name", p."avatarUrl", p."kidMode", p."language", p."country",
		p."birthYear", p."autoplay", p."preferences") r
$$;

-- All profiles of a user (contract people §2.10).
CREATE FUNCTION wanzami.profiles(user_id bigint) RETURNS json LANGUAGE sql STABLE AS $$
	SELECT coalesce(json_agg(wanzami.profile(p) ORDER BY p."createdAt", p."id"), '[]') FROM "Profile" p WHERE p."userId" = user_id
$$;

-- Sees to it that a user has a profile, exactly one when two ask at once (contract people §5 items 17 and 39).
CREATE FUNCTION wanzami.profile_ensure(user_id bigint, avatar text, country text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	IF EXISTS (SELECT FROM "Profile" WHERE "userId" = user_id) THEN
		RETURN;
	END IF;
	PERFORM FROM "User" WHERE "id" = user_id FOR UPDATE;
	IF FOUND AND NOT EXISTS (SELECT FROM "Profile" WHERE "userId" = user_id) THEN
		INSERT INTO "Profile" ("userId", "name", "avatarUrl", "country", "updatedAt", "createdAt")
		VALUES (user_id, 'Primary', avatar, coalesce(country, 'UNKNOWN'), wanzami.now(), wanzami.now());
	END IF;
END $$;

-- A device was used (contract people §2.9): a new one pushes the longest unused out, together with their sessions, so that
-- no more than "most" stay; "keep" is never pushed out (§5 item 25).
CREATE FUNCTION wanzami.device_seen(user_id bigint, device text, most integer, keep text DEFAULT NULL) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE device_row bigint;
BEGIN
	PERFORM FROM "User" WHERE "id" = user_id FOR UPDATE;
	UPDATE "Device" SET "lastSeen" = wanzami.now() WHERE "userId" = user_id AND "deviceId" = device RETURNING "id" INTO device_row;
	IF FOUND THEN
		RETURN device_row;
	END IF;
	WITH oldest AS (
		SELECT d."id", d."deviceId" FROM "Device" d WHERE d."userId" = user_id AND d."deviceId" IS DISTINCT FROM keep
		ORDER BY d."lastSeen", d."id"
		LIMIT greatest(0, (SELECT count(*) FROM "Device" WHERE "userId" = user_id) - most + 1)
	), sessions AS (
		DELETE FROM "Session" s USING oldest o WHERE s."userId" = user_id AND s."deviceId" = o."deviceId"
	)
	DELETE FROM "Device" d USING oldest o WHERE d."id" = o."id";
	INSERT INTO "Device" ("userId", "deviceId", "lastSeen", "createdAt") VALUES (user_id, device, wanzami.now(), wanzami.now())
	RETURNING "id" INTO device_row;
	RETURN device_row;
END $$;

-- What an administrator did (contract people §2.15, §5 item 19).
CREATE FUNCTION wanzami.audit(user_id bigint, action text, resource text, detail jsonb) RETURNS void LANGUAGE sql AS $$
	INSERT INTO "AdminAuditLog" ("userId", "action", "resource", "detail", "createdAt") VALUES (user_id, action, resource, detail, wanzami.now())
$$;

-- The same with a body of its own.
CREATE FUNCTION wanzami.refuse_with(status integer, body json) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
	RAISE EXCEPTION '%', body USING ERRCODE = 'WB' || status;
END $$;
