-- What the routes for administrators and for support say in the same way.

-- Whether a caller may go on: user and session still exist, and the role, as it is now, has what the route needs: 'user',
-- 'admin', a permission, or to be the role SUPER_ADMIN itself (contract people §2.6, §5 items 3 and 7; README 22).
CREATE OR REPLACE FUNCTION wanzami.guard(user_id bigint, device text, need text) RETURNS void LANGUAGE plpgsql STABLE AS $$
DECLARE held "Role";
BEGIN
	SELECT u."role" INTO held FROM "User" u
	WHERE u."id" = user_id AND EXISTS (SELECT FROM "Session" s WHERE s."userId" = user_id AND s."deviceId" = device);
	IF NOT FOUND THEN
		PERFORM wanzami.refuse(401, 'Invalid or expired token');
	ELSIF need <> 'user' AND held = 'USER' THEN
		PERFORM wanzami.refuse(403, 'Admin role required');
	ELSIF (need LIKE '%:%' AND NOT need = ANY (wanzami.permissions(held))) OR (need = 'SUPER_ADMIN' AND held <> 'SUPER_ADMIN') THEN
		PERFORM wanzami.refuse(403, 'Insufficient permissions');
	END IF;
END $$;

-- A text without blanks at its ends, as JavaScript trims.
CREATE FUNCTION wanzami.trim(value text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
	SELECT regexp_replace(value, '^[\s\u00a0\ufeff]+|[\s\u00a0\ufeff]+$', '', 'g')
$$;

-- A parameter of the query as the number that JavaScript makes of it (contract people §1.5); NULL for none. Those of more digits
-- than a double has are none.
CREATE FUNCTION wanzami.query_number(query jsonb, name text) RETURNS numeric LANGUAGE sql IMMUTABLE AS $$
	SELECT CASE
		WHEN value = '' THEN 0
		WHEN value ~* '^0x[0-9a-f]{1,8}$' THEN ('x' || lpad(substr(value, 3), 16, '0'))::bit(64)::bigint
		WHEN value ~ '^[+-]?([0-9]{1,17}(\.[0-9]{0,17})?|\.[0-9]{1,17})([eE][+-]?[0-9]{1,2})?$' THEN value::numeric
	END FROM wanzami.trim(query ->> name) AS value
$$;

-- The same where it has to lie above 0 and not above "most"; "otherwise" when it does not.
CREATE FUNCTION wanzami.query_within(query jsonb, name text, most numeric, otherwise numeric) RETURNS numeric LANGUAGE sql IMMUTABLE AS $$
	SELECT CASE WHEN value > 0 AND value <= most THEN value ELSE otherwise END FROM wanzami.query_number(query, name) AS value
$$;

-- Where a long list begins or ends, if the client says so: a whole number, NULL otherwise (contract people §5 item 23).
CREATE FUNCTION wanzami.query_count(query jsonb, name text) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
	SELECT value::bigint FROM wanzami.query_number(query, name) AS value WHERE value BETWEEN 0 AND 1e15 AND value = trunc(value)
$$;

-- The open invitation that a token and an address stand for; tokens of the old service are kept in clear (contract people
-- §3.20, §5 item 21).
CREATE FUNCTION wanzami.invitation_open(presented text, address text) RETURNS SETOF "Invitation" LANGUAGE sql STABLE AS $$
	SELECT i.* FROM "Invitation" i
	WHERE i."token" IN (presented, wanzami.digest(presented)) AND presented NOT LIKE 'sha256:%' AND i."email" = lower(address)
	AND i."acceptedAt" IS NULL AND i."expiresAt" >= wanzami.now()
$$;

-- Before an account changes or goes: it is there, somebody with the role SUPER_ADMIN remains, and it is not the actor's own
-- (contract people §3.23, §3.24, §5 item 31; README 7). Two who do this to each other are let in one after the other, and the
-- second is asked again who it is. "caller" is what is known about the request.
CREATE FUNCTION wanzami.user_change(target bigint, caller jsonb, stays boolean) RETURNS "Role" LANGUAGE plpgsql AS $$
DECLARE
	actor bigint := (caller ->> 'userId')::bigint;
	held "Role";
BEGIN
	PERFORM FROM "User" WHERE "role" = 'SUPER_ADMIN' OR "id" = target ORDER BY "id" FOR NO KEY UPDATE;
	PERFORM wanzami.guard(actor, caller ->> 'deviceId', caller ->> 'need');
	SELECT "role" INTO held FROM "User" WHERE "id" = target;
	IF NOT FOUND THEN
		PERFORM wanzami.refuse(404, 'User not found');
	ELSIF held = 'SUPER_ADMIN' AND NOT stays AND NOT EXISTS (SELECT FROM "User" WHERE "role" = 'SUPER_ADMIN' AND "id" <> target) THEN
		PERFORM wanzami.refuse(409, 'Cannot remove the last SUPER_ADMIN');
	ELSIF target = actor THEN
		PERFORM wanzami.refuse(400, 'You cannot change your own account');
	END IF;
	RETURN held;
END $$;

CREATE FUNCTION wanzami.ticket(t "SupportTicket") RETURNS json LANGUAGE sql STABLE AS $$
	SELECT row_to_json(r) FROM (SELECT t."id"::text AS "id", t."email", t."subject", t."message", t."status", t."priority",
		wanzami.iso(t."createdAt") AS "createdAt", wanzami.iso(t."updatedAt") AS "updatedAt", wanzami.iso(t."lastReplyAt") AS "lastReplyAt") r
$$;

-- What of a ticket cannot be taken, as the field and a sentence; no row when all can (contract people §3.33, §5 item 27).
CREATE FUNCTION wanzami.ticket_issue(body jsonb) RETURNS TABLE (field text, message text) LANGUAGE sql IMMUTABLE AS $$
	SELECT checks.field, checks.message FROM (VALUES
		('email', 'Valid email is required', coalesce(jsonb_typeof(body -> 'email') <> 'string', true)
			OR strpos(wanzami.trim(body ->> 'email'), '@') = 0 OR length(body ->> 'email') > 320),
		('subject', 'Subject must be at most 200 characters', length(wanzami.trim(body ->> 'subject')) > 200),
		('message', 'Message must be at most 20000 characters', length(wanzami.trim(body ->> 'message')) > 20000)
	) checks (field, message, wrong) WHERE wrong LIMIT 1
$$;

-- A trimmed text of a body, or what stands for one that is missing or no text.
CREATE FUNCTION wanzami.text_or(body jsonb, field text, otherwise text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
	SELECT CASE WHEN jsonb_typeof(body -> field) = 'string' AND wanzami.trim(body ->> field) <> '' THEN wanzami.trim(body ->> field)
		ELSE otherwise END
$$;

-- What was sold of a title, or of all titles (NULL), as the audit keeps it when they go (contract README 22); NULL for nothing.
CREATE FUNCTION wanzami.sold(title bigint) RETURNS jsonb LANGUAGE sql STABLE AS $$
	SELECT CASE WHEN count(*) > 0 THEN
		jsonb_build_object('purchases', jsonb_agg(jsonb_build_object('id', p."id"::text, 'userId', p."userId"::text, 'amountNaira', p."amountNaira",
			'currency', p."currency", 'gateway', p."gateway", 'paystackRef', p."paystackRef", 'createdAt', wanzami.iso(p."createdAt"),
			'accessExpiresAt', wanzami.iso(p."accessExpiresAt")) ORDER BY p."id")) END
	FROM "PpvPurchase" p WHERE (title IS NULL OR p."titleId" = title) AND p."status" = 'SUCCESS'
$$;

-- Leaves what the store has of an upload that was never completed to the trash (CAT-4); transcode_job sees to the others.
CREATE FUNCTION wanzami.discard_upload(u "UploadJob") RETURNS void LANGUAGE sql AS $$
	INSERT INTO wanzami.object_trash (key, reason, upload_job_id)
	SELECT u."payload" ->> 'key', 'abandoned', u."id"
	WHERE u."payload" ->> 'key' <> '' AND NOT EXISTS (SELECT FROM wanzami.transcode_job j WHERE j.upload_job_id = u."id")
	ON CONFLICT (key) DO NOTHING
$$;

-- Whether a stored address is one of an object of ours, as the old service told (contract media §4.9): the bucket, or a host that
-- begins with its name.
CREATE FUNCTION wanzami.is_object(url text, bucket text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
	SELECT coalesce(starts_with(url, 's3://' || bucket || '/') OR (lower(url) ~ '^https?://' AND starts_with(lower(split_part(url, '/', 3)), lower(bucket) || '.')), false)
$$;

-- Nobody adds to the catalogue until the transaction ends. (LOCK by itself wants a transaction that was begun by word.)
CREATE FUNCTION wanzami.catalogue_lock() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	LOCK TABLE "Title", "Season", "Episode", "AssetVersion", "UploadJob" IN SHARE ROW EXCLUSIVE MODE;
END $$;

CREATE INDEX IF NOT EXISTS wz_user_staff_idx ON "User" ("role") WHERE "role" <> 'USER';
CREATE INDEX IF NOT EXISTS wz_ticket_created_idx ON "SupportTicket" ("createdAt" DESC, "id" DESC);
