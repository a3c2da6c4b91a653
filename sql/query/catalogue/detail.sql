-- GET /api/admin/titles/:id (docs/compatibility.md#title-detail): returns 200 with the title, its episodes, seasons and
-- renditions of every state, READY ones with a playable URL; of episodes the READY ones; with their audio tracks; or 404.
-- $1: urlPlaceholder, id.
SELECT coalesce(max(200), 404) AS status, coalesce(max('{"title":' || wanzami.title_edited(t, (SELECT count(*) FROM "Episode" e WHERE e."titleId" = t."id"),
		(SELECT count(*) FROM "Season" s WHERE s."titleId" = t."id"))
	|| ',"assetVersions":' || (SELECT '[' || coalesce(string_agg(wanzami.asset(v, CASE WHEN v."status" = 'READY' THEN wanzami.playable(v."url", '|vod', $1 ->> 'urlPlaceholder') END),
			',' ORDER BY v."rendition", v."updatedAt" DESC, v."id" DESC), '') || ']'
		FROM "AssetVersion" v WHERE v."titleId" = t."id")
	|| ',"audio":' || wanzami.audio_of(t, NULL)
	|| ',"episodes":' || wanzami.episodes_all(t."id", $1 ->> 'urlPlaceholder')::text
	|| ',"seasons":' || (SELECT coalesce(json_agg(wanzami.season(s) ORDER BY s."seasonNumber"), '[]')::text FROM "Season" s WHERE s."titleId" = t."id")
	|| '}}'), '{"message":"Title not found"}') AS body
FROM "Title" t WHERE t."id" = ($1 ->> 'id')::bigint
