-- GET /api/ppv/media/:address (docs/compatibility.md#ppv-gate): returns the place of a READY rendition, and allowed if a
-- viewer with access has a grant for this IP address and user agent.
-- $1: client, agent, assetId.
SELECT wanzami.playable(v."url", '|vod', '') AS place, NOT t."isPpv" OR EXISTS (
	SELECT FROM wanzami.ppv_grant g JOIN "User" u ON u."id" = g.user_id
	WHERE g.title_id = t."id" AND g.client = $1 ->> 'client' AND g.agent = wanzami.digest(coalesce($1 ->> 'agent', ''))
	AND g.expires_at > now() AND (u."role" <> 'USER' OR (NOT u."ppvBanned" AND wanzami.ppv_bought(u."id", t."id")))) AS allowed
FROM "AssetVersion" v LEFT JOIN "Episode" e ON e."id" = v."episodeId" JOIN "Title" t ON t."id" = coalesce(v."titleId", e."titleId")
WHERE v."id" = ($1 ->> 'assetId')::bigint AND v."status" = 'READY'
