-- GET /api/admin/titles/:id/audit (docs/compatibility.md#audit-lists): returns 200 with the audit rows of a title, its seasons, episodes and subtitles,
-- newest first; of deleted episodes, too. The title need not exist any more. The old service's rows of deletions name the episode or season only: they are
-- found if the creation of the episode has a row, and those of seasons are not.
-- $1: id, query.limit, query.offset.
WITH episode AS (
	SELECT "id"::text AS id FROM "Episode" WHERE "titleId" = ($1 ->> 'id')::bigint
	UNION
	SELECT "resource" FROM "AdminAuditLog" WHERE "detail" ->> 'titleId' = $1 ->> 'id' AND "action" = 'EPISODE_CREATE'
), found AS (
	SELECT a."id" FROM "AdminAuditLog" a WHERE a."resource" = $1 ->> 'id' AND (a."action" LIKE 'TITLE%' OR a."action" = 'SEASON_UPSERT')
	UNION
	SELECT a."id" FROM "AdminAuditLog" a WHERE a."resource" IN (SELECT id FROM episode) AND a."action" LIKE 'EPISODE%'
	UNION
	SELECT a."id" FROM "AdminAuditLog" a WHERE a."resource" IN (SELECT "id"::text FROM "Season" WHERE "titleId" = ($1 ->> 'id')::bigint) AND a."action" = 'SEASON_UPDATE'
	UNION
	SELECT a."id" FROM "AdminAuditLog" a WHERE a."detail" ->> 'titleId' = $1 ->> 'id'
)
SELECT 200 AS status, json_build_object('entries', wanzami.audit_shown(ARRAY(SELECT f."id" FROM found f JOIN "AdminAuditLog" a ON a."id" = f."id"
	ORDER BY a."createdAt" DESC, a."id" DESC LIMIT least(500, coalesce(($1 #>> '{query,limit}')::bigint, 100)) OFFSET ($1 #>> '{query,offset}')::bigint)))::text AS body
