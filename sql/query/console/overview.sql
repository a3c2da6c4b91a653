-- GET /console/api/overview (docs/console.md#polling): returns 200 with the 30 newest uploads, those that have not ended, those
-- that the client names, the progress of their transcode jobs, and the READY renditions of their titles and of those that limit, q, type, state and sort select, as in the list of titles. catalogue changes with titles and
-- renditions, generation also with the uploads and with the transcode processes, accounts with accounts, invitations, purchases and the audit log.
-- If the client names the current generation, it gets these three only. A role without movies:view gets no uploads and no renditions.
-- may tells what the user is allowed to do; with ADMIN_PERMISSIONS=open that is everything (need is admin) except
-- what always needs the permission.
-- $1: need, userId, query.uploads, query.sort, query.q, query.type, query.state, query.limit, query.generation, appOrigin.
WITH may AS MATERIALIZED (
	SELECT r.all OR r.permissions && ARRAY['movies:view', 'movies:manage'] AS films, r.all OR 'movies:manage' = ANY (r.permissions) AS manage,
		r.all OR 'ops:manage' = ANY (r.permissions) AS operate,
		'admin:users:manage' = ANY (r.permissions) AS people, 'admin:invites:manage' = ANY (r.permissions) AS invite,
		r.all OR r.permissions && ARRAY['payments:view', 'payments:manage'] AS payments, r.all OR 'payments:manage' = ANY (r.permissions) AS reset
	FROM (SELECT $1 ->> 'need' = 'admin' AS all, wanzami.permissions(a."role") AS permissions FROM "User" a WHERE a."id" = ($1 ->> 'userId')::bigint) r
), upload AS MATERIALIZED (
	SELECT a.*, a AS whole FROM "UploadJob" a WHERE (SELECT films FROM may) AND a."id" IN (
		(SELECT "id" FROM "UploadJob" ORDER BY "createdAt" DESC, "id" DESC LIMIT 30)
		UNION
		(SELECT "id" FROM "UploadJob" WHERE "status" IN ('UPLOADING', 'PROCESSING') ORDER BY "id" DESC LIMIT 300)
		UNION
		(SELECT n::bigint FROM unnest(string_to_array($1 #>> '{query,uploads}', ',')) n WHERE n ~ '^[0-9]{1,18}$' LIMIT 200))
), known AS MATERIALIZED (
	SELECT c.catalogue, p.accounts, t.connected, t.waiting, md5(concat_ws('|', c.catalogue, u.uploads, t.connected, t.waiting, m)) AS generation
	FROM may m,
		(SELECT wanzami.transcode_connected() AS connected, (SELECT count(*) FROM wanzami.transcode_job WHERE state = 'queued') AS waiting) t,
		(SELECT coalesce(md5(string_agg(id::text, ',' ORDER BY id)), '-') AS catalogue FROM wanzami.catalogue_change) c,
		(SELECT coalesce(md5(string_agg(id::text, ',' ORDER BY id)), '-') AS accounts FROM wanzami.account_change) p,
		(SELECT string_agg(concat_ws(' ', j."id", j."status", j."updatedAt", w.state, w.updated_at), ',' ORDER BY j."id") AS uploads
			FROM upload j LEFT JOIN wanzami.transcode_job w ON w.upload_job_id = j."id") u
), listed AS MATERIALIZED (
	SELECT coalesce(j."titleId", e."titleId") AS id FROM upload j LEFT JOIN "Episode" e ON e."id" = j."episodeId"
	UNION
	(SELECT id FROM wanzami.titles_sorted($1 -> 'query', 0))
	UNION
	(SELECT t."id" FROM "Title" t WHERE $1 #> '{query,sort}' IS NULL AND wanzami.title_found(t, $1 -> 'query') AND wanzami.title_sifted(t, $1 -> 'query') ORDER BY t."createdAt" DESC, t."id" DESC
		LIMIT ($1 #>> '{query,limit}')::bigint)
)
SELECT 200 AS status, CASE WHEN k.generation = $1 #>> '{query,generation}' THEN json_build_object('generation', k.generation, 'catalogue', k.catalogue, 'accounts', k.accounts)
	ELSE json_build_object('generation', k.generation, 'catalogue', k.catalogue, 'accounts', k.accounts,
	'uploads', (SELECT coalesce(json_agg(wanzami.upload_shown(j.whole) ORDER BY j."createdAt" DESC, j."id" DESC), '[]') FROM upload j),
	'may', to_json(m),
	'appOrigin', $1 ->> 'appOrigin',
	'transcoding', json_build_object('connected', k.connected, 'waiting', k.waiting,
		'seenAt', (SELECT wanzami.iso(s.seen_at AT TIME ZONE 'UTC') FROM wanzami.transcode_seen s)),
	'ready', (SELECT coalesce(json_object_agg(v."titleId"::text, v.renditions), '{}') FROM (
		SELECT "titleId", array_agg(DISTINCT "rendition" ORDER BY "rendition") AS renditions
		FROM "AssetVersion" WHERE m.films AND "status" = 'READY' AND "titleId" IN (SELECT l.id FROM listed l) GROUP BY "titleId") v)) END::text AS body
FROM known k, may m
