-- GET /api/admin/logs (docs/compatibility.md#logs): returns 200 with the 200 newest rows of the error log.
SELECT 200 AS status, json_build_object('logs', coalesce((SELECT json_agg(r) FROM (
	SELECT l."id"::text AS "id", l."level", l."message", l."stack", l."path", l."context", l."userId"::text AS "userId",
		wanzami.iso(l."createdAt") AS "createdAt"
	FROM "ErrorLog" l ORDER BY l."createdAt" DESC, l."id" DESC LIMIT 200
) r), '[]'))::text AS body
