-- Returns the titles that recommendations start from: those last watched or liked, the newest first; if there are none, the recently
-- viewed titles that the cron job has stored (docs/compatibility.md#because-you-watched, #for-you).
CREATE OR REPLACE FUNCTION wanzami.anchors(profile bigint, most integer, most_viewed integer) RETURNS bigint[] LANGUAGE sql STABLE AS $$
	SELECT coalesce((SELECT array_agg(a.id ORDER BY a."occurredAt" DESC, a.event DESC) FROM (
			SELECT t.id, e."occurredAt", e."id" AS event FROM wanzami.touched(profile) t (id), LATERAL (
				SELECT x."occurredAt", x."id" FROM "EngagementEvent" x
				WHERE x."profileId" = profile AND x."titleId" = t.id AND x."eventType" IN ('PLAY_END', 'THUMBS_UP')
				ORDER BY x."occurredAt" DESC, x."id" DESC LIMIT 1) e
			ORDER BY e."occurredAt" DESC, e."id" DESC LIMIT most) a),
		(SELECT array_agg(v.id ORDER BY v.n) FROM (
			SELECT u.id, min(u.n) AS n FROM "ProfileRecentViews" r, unnest(r."titleIds"[1:most_viewed]) WITH ORDINALITY u(id, n)
			WHERE r."profileId" = profile GROUP BY u.id) v),
		'{}')
$$;
