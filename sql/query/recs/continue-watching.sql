-- GET /api/recs/continue-watching (docs/compatibility.md#continue-watching): returns 200 with the films of the last 180 days
-- and the position of each, newest first, at most 20.
-- $1: country, kidRatings, userId, query.profileId, hideFinished.
WITH viewer AS MATERIALIZED (
	SELECT p."id", p."userId", p."kidMode" AS kid, wanzami.home(p, $1 ->> 'country') AS country, string_to_array($1 ->> 'kidRatings', ',') AS ratings
	FROM wanzami.profile_chosen(($1 ->> 'userId')::bigint, ($1 #>> '{query,profileId}')::bigint) p
), left_off AS (
	SELECT t.id AS title, e.* FROM viewer v, wanzami.touched(v."id") t (id), LATERAL (
		SELECT x."id", x."occurredAt", x."episodeId", x."metadata" FROM "EngagementEvent" x
		WHERE x."profileId" = v."id" AND x."titleId" = t.id AND x."eventType" IN ('PLAY_END', 'SCRUB')
		AND x."occurredAt" >= wanzami.now() - interval '180 days' AND wanzami.completion(x."metadata") > 0
		ORDER BY x."occurredAt" DESC, x."id" DESC LIMIT 1) e
	UNION ALL
	SELECT x."titleId", x."id", x."occurredAt", x."episodeId", x."metadata"
	FROM viewer v JOIN "Session" s ON s."userId" = v."userId" JOIN "EngagementEvent" x ON x."sessionId" = s."id"
	WHERE x."profileId" IS NULL AND x."titleId" IS NOT NULL AND x."eventType" IN ('PLAY_END', 'SCRUB')
	AND x."occurredAt" >= wanzami.now() - interval '180 days' AND wanzami.completion(x."metadata") > 0
), latest AS (
	SELECT DISTINCT ON (l.title) l.*, wanzami.completion(l."metadata") AS completion, wanzami.seconds(l."metadata" -> 'positionSec') AS position
	FROM left_off l ORDER BY l.title, l."occurredAt" DESC, l."id" DESC
)
SELECT 200 AS status, '{"items":[' || coalesce(string_agg(i.item, ',' ORDER BY i."occurredAt" DESC, i."id" DESC), '') || ']}' AS body
FROM (
	SELECT l."occurredAt", l."id", left(json_build_object('id', t."id"::text, 'name', t."name", 'type', t."type", 'posterUrl', t."posterUrl",
			'thumbnailUrl', t."thumbnailUrl", 'runtimeMinutes', t."runtimeMinutes", 'completionPercent', l.completion)::text, -1) ||
		-- The keys are absent if the event has no position or episode.
		coalesce(', "positionSec" : ' || CASE WHEN l.position BETWEEN 0 AND 1e7 THEN l.position::double precision END, '') ||
		coalesce(', "episodeId" : "' || l."episodeId" || '"', '') || '}' AS item
	FROM viewer v, latest l JOIN "Title" t ON t."id" = l.title
	WHERE wanzami.recommendable(t, v.country, v.kid, v.ratings)
	AND ($1 ->> 'hideFinished' = '0' OR l.completion >= 0.01 AND l.completion < 0.95)
	ORDER BY l."occurredAt" DESC, l."id" DESC LIMIT 20
) i
