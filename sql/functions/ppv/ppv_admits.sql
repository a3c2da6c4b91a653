-- Returns true if a title may be watched with a playlist URL now: one that is not for sale, a viewer with access, or a guest whose IP
-- address and user agent have the grant of a viewer with access (docs/compatibility.md#ppv-gate). Administrators always may.
CREATE OR REPLACE FUNCTION wanzami.ppv_admits(t "Title", request jsonb) RETURNS boolean LANGUAGE sql STABLE AS $$
	SELECT NOT t."isPpv" OR request ->> 'enforcement' = 'off' OR EXISTS (
		SELECT FROM "User" u WHERE (u."role" <> 'USER' OR (NOT u."ppvBanned" AND wanzami.ppv_bought(u."id", t."id")))
		AND u."id" = ANY (CASE WHEN request ->> 'viewerId' IS NOT NULL THEN ARRAY[(request ->> 'viewerId')::bigint]
			WHEN request ->> 'enforcement' = 'grant' THEN ARRAY(SELECT g.user_id FROM wanzami.ppv_grant g WHERE g.title_id = t."id"
				AND g.client = request ->> 'client' AND g.agent = wanzami.digest(coalesce(request ->> 'agent', '')) AND g.expires_at > now())
			END))
$$;
