-- GET /console/api/overview: returns 200 with the 30 newest uploads, the progress of their transcode jobs, and the READY
-- renditions of their titles and of those that limit and q select, as GET /api/admin/titles does.
-- $1: query.q, query.limit.
WITH upload AS MATERIALIZED (
	SELECT * FROM "UploadJob" ORDER BY "createdAt" DESC, "id" DESC LIMIT 30
), listed AS MATERIALIZED (
	SELECT coalesce(j."titleId", e."titleId") AS id FROM upload j LEFT JOIN "Episode" e ON e."id" = j."episodeId"
	UNION
	(SELECT t."id" FROM "Title" t WHERE wanzami.title_found(t, $1 -> 'query') ORDER BY t."createdAt" DESC, t."id" DESC
		LIMIT ($1 #>> '{query,limit}')::bigint)
)
SELECT 200 AS status, json_build_object(
	'uploads', (SELECT coalesce(json_agg(u), '[]') FROM (
		SELECT j."id"::text AS "id", j."status", j."payload" ->> 'fileName' AS "fileName", j."bytesUploaded", j."bytesTotal", j."error",
			t."id"::text AS "titleId", t."name" AS "titleName", e."name" AS "episodeName", NOT (t."archived" OR t."pendingReview") AS "published",
			w.state, w.attempts, coalesce(w.notes, '[]') AS "notes", w.progress -> 'percent' AS "percent",
			(SELECT coalesce(json_object_agg(r ->> 'rendition', r -> 'percent'), '{}')
				FROM jsonb_array_elements(w.progress -> 'renditions') r) AS "renditions",
			wanzami.iso(j."createdAt") AS "createdAt", wanzami.iso(j."updatedAt") AS "updatedAt"
		FROM upload j LEFT JOIN "Episode" e ON e."id" = j."episodeId" LEFT JOIN "Title" t ON t."id" = coalesce(j."titleId", e."titleId")
			LEFT JOIN wanzami.transcode_job w ON w.upload_job_id = j."id"
		ORDER BY j."createdAt" DESC, j."id" DESC) u),
	'ready', (SELECT coalesce(json_object_agg(v."titleId"::text, v.renditions), '{}') FROM (
		SELECT "titleId", array_agg(DISTINCT "rendition" ORDER BY "rendition") AS renditions
		FROM "AssetVersion" WHERE "status" = 'READY' AND "titleId" IN (SELECT l.id FROM listed l) GROUP BY "titleId") v))::text AS body
