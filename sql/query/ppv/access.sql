-- GET /api/ppv/access/:titleId (docs/compatibility.md#ppv-access): returns 200 or the configured status of a denial, with
-- the user's access to the title. Granted access is recorded with IP address and user agent for the gate, and that of an
-- administrator always (docs/compatibility.md#ppv-gate). A denial is a strike, unless record=false; the third strike bars
-- the account.
-- $1: id, userId, query.record, strikePause, url, from, agent, client, deniedStatus.
SELECT wanzami.refuse(404, 'Title not found') WHERE NOT EXISTS (SELECT FROM "Title" WHERE "id" = ($1 ->> 'id')::bigint);
WITH struck AS (
	UPDATE "User" u SET "ppvStrikeCount" = u."ppvStrikeCount" + 1, "ppvLastStrikeAt" = wanzami.now(), "ppvBanned" = u."ppvStrikeCount" + 1 >= 3,
		"updatedAt" = wanzami.now()
	FROM "Title" t
	WHERE u."id" = ($1 ->> 'userId')::bigint AND t."id" = ($1 ->> 'id')::bigint AND t."isPpv" AND NOT u."ppvBanned"
	AND NOT wanzami.ppv_bought(u."id", t."id") AND $1 #>> '{query,record}' <> 'false'
	-- With a pause of 0 every denial is a strike, also beside a concurrent request whose time is later.
	AND (($1 ->> 'strikePause')::int = 0 OR NOT EXISTS (SELECT FROM "PpvViolation" v WHERE v."userId" = u."id" AND v."titleId" = t."id"
		AND v."createdAt" > wanzami.now() - ($1 ->> 'strikePause')::int * interval '1 second'))
	RETURNING u."id"
)
INSERT INTO "PpvViolation" ("userId", "titleId", "path", "ipAddress", "userAgent", "createdAt")
SELECT "id", ($1 ->> 'id')::bigint, $1 ->> 'url', $1 ->> 'from', $1 ->> 'agent', wanzami.now() FROM struck;
INSERT INTO wanzami.ppv_grant AS g (title_id, client, agent, user_id, expires_at)
SELECT t."id", $1 ->> 'client', wanzami.digest(coalesce($1 ->> 'agent', '')), u."id", now() + interval '6 hours'
FROM "User" u, "Title" t
WHERE u."id" = ($1 ->> 'userId')::bigint AND t."id" = ($1 ->> 'id')::bigint AND t."isPpv"
AND (u."role" <> 'USER' OR (NOT u."ppvBanned" AND wanzami.ppv_bought(u."id", t."id")))
ON CONFLICT (title_id, client, agent, user_id) DO UPDATE SET expires_at = excluded.expires_at;
SELECT CASE WHEN x.denied THEN ($1 ->> 'deniedStatus')::int ELSE 200 END AS status, CASE
	WHEN NOT t."isPpv" THEN json_build_object('isPpv', false, 'hasAccess', true, 'priceNaira', NULL, 'currency', NULL,
		'userPpvBanned', u."ppvBanned", 'ppvStrikeCount', u."ppvStrikeCount")
	WHEN x.denied THEN json_build_object('isPpv', true, 'hasAccess', false, 'priceNaira', t."ppvPriceNaira",
		'currency', coalesce(t."ppvCurrency", 'NGN'), 'userPpvBanned', u."ppvBanned", 'ppvStrikeCount', u."ppvStrikeCount",
		'message', CASE WHEN u."ppvBanned" THEN 'PPV access blocked due to repeated violations.' ELSE 'Purchase required to access this title.' END)
	WHEN u."ppvBanned" THEN json_build_object('isPpv', true, 'hasAccess', false, 'userPpvBanned', true, 'ppvStrikeCount', u."ppvStrikeCount")
	ELSE json_build_object('isPpv', true, 'hasAccess', true, 'priceNaira', t."ppvPriceNaira", 'currency', coalesce(t."ppvCurrency", 'NGN'),
		'userPpvBanned', false, 'ppvStrikeCount', u."ppvStrikeCount", 'accessExpiresAt', wanzami.iso(p.until))
	END::text AS body
FROM "Title" t JOIN "User" u ON u."id" = ($1 ->> 'userId')::bigint
LEFT JOIN LATERAL (SELECT b."accessExpiresAt" AS until FROM "PpvPurchase" b WHERE b."userId" = u."id" AND b."titleId" = t."id"
	AND b."status" = 'SUCCESS' AND b."accessExpiresAt" > wanzami.now() ORDER BY b."createdAt" DESC, b."id" DESC LIMIT 1) p ON true,
-- The request whose strike bars the account is denied; later requests return 200 with userPpvBanned.
LATERAL (SELECT t."isPpv" AND p.until IS NULL AND (NOT u."ppvBanned" OR u."ppvLastStrikeAt" = wanzami.now()) AS denied) x
WHERE t."id" = ($1 ->> 'id')::bigint
