-- Returns how the media URLs of a title are handed out: 'direct' as presigned URLs of the object storage, 'gate' as URLs of this
-- service that check for a grant, 'none' not at all. A request with a token gets 'direct' or 'none'; administrators always get
-- 'direct'.
CREATE OR REPLACE FUNCTION wanzami.ppv_way(t "Title", request jsonb) RETURNS text LANGUAGE sql STABLE AS $$
	SELECT CASE
		WHEN NOT t."isPpv" OR request ->> 'enforcement' = 'off' THEN 'direct'
		WHEN request ->> 'userId' IS NULL THEN CASE request ->> 'enforcement' WHEN 'grant' THEN 'gate' ELSE 'none' END
		WHEN EXISTS (SELECT FROM "User" u WHERE u."id" = (request ->> 'userId')::bigint
			AND wanzami.session_stands(u."id", request ->> 'deviceId', request ->> 'session', (request ->> 'issued')::bigint)
			AND (u."role" <> 'USER' OR (NOT u."ppvBanned" AND wanzami.ppv_bought(u."id", t."id")))) THEN 'direct'
		ELSE 'none'
	END
$$;
