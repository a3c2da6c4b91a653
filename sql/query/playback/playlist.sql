-- GET /api/media/:token/:playlist (docs/playback.md#playlists): returns a row for each track of a film, in the order of a
-- playlist; or one row without a track; or none if the film is not to be shown. allowed says if the viewer has access now,
-- everyone if all viewers have.
-- version changes with the objects. The segments of a track are returned if the playlist, a letter and a rung, needs them and
-- the caller does not have those of this version. Audio objects have no rung but id, tag and name; without any the sound is
-- that of the smallest rendition. texts has a line for each track of text: id, language, captions, default, forced, key and
-- label, separated by tabs.
-- $1: enforcement, viewerId, client, agent, titleId, episodeId, editor, version, list, rung.
WITH film AS (
	SELECT (p.title)."id", p.episode_id AS episode, p.allowed, p.everyone,
		l.tag, l.name, x.texts, l.name || coalesce(md5(x.texts), '') AS stamp, (p.title)."language"
	FROM wanzami.film_played($1) p, LATERAL wanzami.language((p.title)."language") l, LATERAL (
		SELECT string_agg(concat_ws(E'\t', s.id, s.language, (s.kind = 'captions')::int, s.is_default::int, s.is_forced::int, s.object_key,
			translate(s.label, E'\t\n', '  ')), E'\n' ORDER BY s.is_forced, s.language, s.kind DESC, s.id) AS texts
		FROM wanzami.text_shown(CASE WHEN p.episode_id IS NULL THEN (p.title)."id" END, p.episode_id) s) x
), object AS (
	SELECT s.*, r.rung, (r.made).width, (r.made).height, (r.made).frame_rate, (r.made).duration_ms, (r.made).bandwidth AS peak,
		NULL AS id, NULL AS object_tag, NULL AS object_name
	FROM film f, LATERAL wanzami.streamed(CASE WHEN f.episode IS NULL THEN f."id" END, f.episode) r
	JOIN wanzami.stream s ON s.asset_version_id = (r.made).asset_version_id AND s.object_key = (r.made).object_key
	UNION ALL
	SELECT (a.made).*, NULL, NULL, NULL, NULL, NULL, NULL, a.id, a.tag, a.name
	FROM film f, LATERAL wanzami.audio_listed(CASE WHEN f.episode IS NULL THEN f."id" END, f.episode, f."language") a
), track AS (
	SELECT o.*, max(o.rung) FILTER (WHERE o.kind = 'audio') OVER () AS sound, count(o.id) OVER () > 0 AS apart,
		md5(string_agg(concat_ws(' ', o.kind, o.object_key, o.id), ' ') OVER (ORDER BY o.rung, o.kind DESC, o.id
			ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)) AS objects
	FROM object o
), wanted AS (
	SELECT k.*, k.objects || ' ' || f.stamp <> $1 ->> 'version' AND CASE $1 ->> 'list'
		WHEN 'd' THEN k.kind = 'video' OR CASE WHEN k.apart THEN k.id IS NOT NULL ELSE k.rung = k.sound END
		WHEN 'a' THEN k.kind = 'audio' AND CASE WHEN k.apart THEN k.id = $1 ->> 'rung' ELSE k.rung = k.sound END
		WHEN 'm' THEN false
		ELSE k.kind = 'video' AND k.rung::text = $1 ->> 'rung' END AS needed
	FROM track k, film f
)
SELECT f.allowed, f.everyone, f.tag, f.name, f.texts, w.objects || ' ' || f.stamp AS version, w.rung, w.kind, w.object_key, w.width, w.height, w.frame_rate, w.duration_ms, w.peak,
	w.id, w.object_tag, w.object_name, w.track, wanzami.audio_purpose(w.purpose, w.described) AS purpose, w.channels, w.bitrate,
	w.codecs, w.timescale, w.bandwidth, w.average_bandwidth, w.iframe_bandwidth, w.init_offset, w.init_size, w.index_offset, w.index_size,
	cardinality(w.sizes) AS segments, CASE WHEN w.needed THEN w.offsets END AS offsets, CASE WHEN w.needed THEN w.sizes END AS sizes,
	CASE WHEN w.needed THEN w.durations END AS durations, CASE WHEN w.needed THEN w.iframes END AS iframes
FROM film f LEFT JOIN wanted w ON f.allowed
ORDER BY w.rung, w.kind DESC, w.track, w.channels, w.bitrate DESC
