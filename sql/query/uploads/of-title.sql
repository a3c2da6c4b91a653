-- GET /api/admin/titles/:id/uploads (docs/compatibility.md#title-uploads): returns 200 with the 200 newest uploads of a title and of its episodes, newest
-- first, and the state of their transcode jobs.
-- $1: id.
SELECT wanzami.refuse(404, 'Title not found') WHERE NOT EXISTS (SELECT FROM "Title" WHERE "id" = ($1 ->> 'id')::bigint);
WITH upload AS MATERIALIZED (
	SELECT u FROM "UploadJob" u WHERE u."titleId" = ($1 ->> 'id')::bigint
	OR u."episodeId" IN (SELECT "id" FROM "Episode" WHERE "titleId" = ($1 ->> 'id')::bigint)
	ORDER BY u."createdAt" DESC, u."id" DESC LIMIT 200
)
SELECT 200 AS status, json_build_object('uploads', coalesce(json_agg(wanzami.upload_shown(x.u)::jsonb || jsonb_build_object(
	'inUse', EXISTS (SELECT FROM wanzami.stream a WHERE a.upload_job_id = (x.u)."id") OR EXISTS (SELECT FROM wanzami.transcode_job w JOIN wanzami.rendition r ON r.job_number = w.number
		JOIN "AssetVersion" v ON v."id" = r.asset_version_id WHERE w.upload_job_id = (x.u)."id" AND v."status" = 'READY'
		AND wanzami.same_film(v."titleId", v."episodeId", (x.u)."titleId", (x.u)."episodeId")))
	ORDER BY (x.u)."createdAt" DESC, (x.u)."id" DESC), '[]'))::text AS body FROM upload x
