-- GET /api/admin/titles/:id, which the admin app asks for though the old service had none (docs/compatibility.md#title-detail):
-- all renditions of every state, with an address where one can be played.
SELECT coalesce(max(200), 404) AS status, coalesce(max('{"title":' || wanzami.title_edited(t, (SELECT count(*) FROM "Episode" e WHERE e."titleId" = t."id"),
		(SELECT count(*) FROM "Season" s WHERE s."titleId" = t."id"))
	|| ',"assetVersions":' || (SELECT '[' || coalesce(string_agg(wanzami.asset(v, CASE WHEN v."status" = 'READY' THEN wanzami.playable(v."url", '|vod', $1 ->> 'mark') END),
			',' ORDER BY v."rendition", v."updatedAt" DESC, v."id" DESC), '') || ']'
		FROM "AssetVersion" v WHERE v."titleId" = t."id")
	|| ',"episodes":' || wanzami.episodes_all(t."id")::text
	|| ',"seasons":' || (SELECT coalesce(json_agg(wanzami.season(s) ORDER BY s."seasonNumber"), '[]')::text FROM "Season" s WHERE s."titleId" = t."id")
	|| '}}'), '{"message":"Title not found"}') AS body
FROM "Title" t WHERE t."id" = ($1 ->> 'id')::bigint
