-- GET /api/media/:token/:playlist (docs/playback.md#playlists), previews.vtt: returns a row with the storyboard of a film; or none if the film is
-- not to be shown. allowed says if the viewer has access now, everyone if all viewers have; version changes with the sheets. The other columns are NULL without
-- access and without a storyboard. sheets has an object key on each line.
-- $1: enforcement, viewerId, client, agent, titleId, episodeId, editor.
SELECT f.allowed, f.everyone, p.interval_ms, p.columns, p.rows, p.width, p.height, p.count, p.nsheets, p.sheets, p.duration_ms, md5(p.sheets || p.duration_ms) AS version
FROM (
	SELECT (t.title)."id", t.episode_id AS episode, t.allowed, t.everyone FROM wanzami.film_played($1) t
) f LEFT JOIN LATERAL (
	SELECT x.interval_ms, x.columns, x.rows, x.width, x.height, x.count, cardinality(x.sheets) AS nsheets, array_to_string(x.sheets, E'\n') AS sheets,
		coalesce((SELECT max(r.duration_ms) FROM "AssetVersion" v JOIN wanzami.rendition r ON r.asset_version_id = v."id"
			WHERE v."status" = 'READY' AND (v."titleId" = x.title_id OR v."episodeId" = x.episode_id)), 0) AS duration_ms
	FROM wanzami.storyboard(CASE WHEN f.episode IS NULL THEN f."id" END, f.episode) x
) p ON f.allowed
